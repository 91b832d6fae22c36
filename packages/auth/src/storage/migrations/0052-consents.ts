import { type Kysely, sql } from "kysely";

/**
 * What people agreed to: when, to which text, and who says so. `users.is_approved_to_be_in_touch` stays as a copy of the newest row, for the release
 * before and for lists; a change of it that brings no row of its own gets one at the end of its transaction that says that nothing is known. Those
 * who agreed before get theirs in steps, by the hourly maintenance: a table of millions is not read in a migration.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table latchkey.consents (
    position bigint generated always as identity primary key,
    user_id uuid not null references latchkey.users on delete cascade,
    purpose text not null,
    text_version text,
    is_given boolean not null,
    decided_at timestamptz,
    decided_by text not null,
    actor_id uuid,
    source text not null,
    address text,
    constraint consents_purpose check (purpose in ('contact')),
    constraint consents_decided_by check (decided_by in ('owner', 'administrator', 'import', 'unknown')),
    constraint consents_source check (source in ('registration', 'profile', 'administration', 'command_line', 'import', 'unknown')),
    constraint consents_own check (not is_given or decided_by <> 'administrator')
  )`,
  "create index consents_user on latchkey.consents (user_id, position)",
  `create function latchkey.note_consent() returns trigger language plpgsql as $$
    declare
      present boolean;
      known boolean;
    begin
      select u.is_approved_to_be_in_touch into present from latchkey.users u where u.id = new.id;
      select c.is_given into known from latchkey.consents c
        where c.user_id = new.id and c.purpose = 'contact' order by c.position desc limit 1;
      if present is not null and present <> coalesce(known, false) then
        insert into latchkey.consents (user_id, purpose, is_given, decided_by, source)
          values (new.id, 'contact', present, 'unknown', 'unknown');
      end if;
      return null;
    end $$`,
  `create constraint trigger note_consent_of_new after insert on latchkey.users deferrable initially deferred
    for each row when (new.is_approved_to_be_in_touch) execute function latchkey.note_consent()`,
  `create constraint trigger note_changed_consent after update of is_approved_to_be_in_touch on latchkey.users
    deferrable initially deferred
    for each row when (new.is_approved_to_be_in_touch is distinct from old.is_approved_to_be_in_touch)
    execute function latchkey.note_consent()`,
  // How far those of before were looked at; no row once all were.
  "create table latchkey.consent_backfill (reached uuid primary key)",
  `insert into latchkey.consent_backfill (reached)
    select '00000000-0000-0000-0000-000000000000' where exists (select from latchkey.users)`,
];
