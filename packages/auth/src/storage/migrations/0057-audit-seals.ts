import { type Kysely, sql } from "kysely";

/**
 * Seals over the audit trail, each over the one before, and what else is done to its events than adding some: three functions that run as
 * who owns them, so that the role of the running service needs no right to change or delete events.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

/** PostgreSQL gives everybody the right to run what is new. */
const kept = (signature: string) => `revoke execute on function latchkey.${signature} from public`;

const statements = [
  `create table latchkey.audit_seals (
    number bigint primary key,
    kind text not null,
    first_position bigint not null,
    last_position bigint not null,
    events integer not null,
    entries bytea not null,
    newest_at timestamptz,
    deleted_until timestamptz,
    chain_start bigint,
    key_id text not null,
    previous bytea not null,
    mac bytea not null,
    sealed_at timestamptz not null,
    constraint audit_seals_kind check (kind in ('events', 'retention')),
    constraint audit_seals_range check (first_position <= last_position + 1 and events >= 0)
  )`,
  // Nothing of them can be made smaller.
  "alter table latchkey.audit_seals alter column entries set storage external",
  // One an hour tells of a deletion, among those that are made every few seconds.
  "create index audit_seals_retention on latchkey.audit_seals (number) where kind = 'retention'",

  `create function latchkey.delete_old_audit_events(until timestamptz, at_most integer) returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    declare deleted integer;
    begin
      if until > latchkey.now() - interval '1 day' then
        raise exception 'Events are kept for a day at least';
      end if;
      delete from latchkey.audit_events where id = any (array(
        select e.id from latchkey.audit_events e where e.occurred_at <= until
        order by e.occurred_at limit at_most for update skip locked
      ));
      get diagnostics deleted = row_count;
      return deleted;
    end $$`,
  kept("delete_old_audit_events(timestamptz, integer)"),

  // Of seals whose events are gone, as far as the newest that says so goes.
  `create function latchkey.delete_old_audit_seals() returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    declare deleted integer;
    begin
      delete from latchkey.audit_seals
      where number < (select chain_start from latchkey.audit_seals where kind = 'retention' order by number desc limit 1)
        and last_position < coalesce((select min(position) from latchkey.audit_events), 9223372036854775807)
        and coalesce(newest_at, sealed_at) <= latchkey.now() - interval '1 day';
      get diagnostics deleted = row_count;
      return deleted;
    end $$`,
  kept("delete_old_audit_seals()"),

  `create function latchkey.erase_audit_addresses(person uuid, reached bigint, at_most integer, out seen integer, out last bigint)
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
      if exists (select from latchkey.users where id = person) then
        raise exception 'Only what is about people who were deleted is erased';
      end if;
      -- Each list is read by its index, and no further than the step: without these it may be by one without positions.
      perform set_config(name, 'off', true) from pg_settings where name in ('enable_sort', 'enable_incremental_sort');
      with next as (
        select position from (
          (select e.actor_id, e.position from latchkey.audit_events e
            where (e.actor_id, e.position) > (person, reached) and e.actor_id <= person
            order by e.actor_id, e.position limit at_most)
          union
          (select e.subject_id, e.position from latchkey.audit_events e
            where (e.subject_id, e.position) > (person, reached) and e.subject_id <= person
            order by e.subject_id, e.position limit at_most)
        ) events order by position limit at_most
      ), cleared as (
        update latchkey.audit_events e set address = null, detail = e.detail - 'previousAddress' - 'device'
        where e.position = any (array(select n.position from next n))
          and (e.address is not null or jsonb_exists(e.detail, 'previousAddress') or jsonb_exists(e.detail, 'device'))
          and (e.actor_id = person or (e.subject_id = person and e.actor_id is null))
      )
      select count(*)::integer, max(next.position) into seen, last from next;
      perform set_config(name, 'on', true) from pg_settings where name in ('enable_sort', 'enable_incremental_sort');
    end $$`,
  kept("erase_audit_addresses(uuid, bigint, integer)"),
];
