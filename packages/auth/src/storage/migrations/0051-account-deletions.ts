import { type Kysely, sql } from "kysely";

/**
 * Accounts that are to be deleted, and a digest of the id of each that was, so that a backup from before does not bring anybody back. A trigger
 * writes it: then it is written whoever deletes, the release before among them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table latchkey.account_deletions (
    user_id uuid primary key references latchkey.users on delete cascade,
    reason text not null,
    requested_at timestamptz not null default latchkey.now(),
    due_at timestamptz not null,
    constraint account_deletions_reason check (reason in ('requested', 'inactive'))
  )`,
  "create index account_deletions_due on latchkey.account_deletions (due_at)",
  `create table latchkey.erased_users (
    digest bytea primary key,
    erased_at timestamptz not null default latchkey.now(),
    constraint erased_users_digest check (octet_length(digest) = 32)
  )`,
  `create function latchkey.note_erasure() returns trigger language plpgsql as $$
    begin
      insert into latchkey.erased_users (digest) values (sha256(convert_to(old.id::text, 'UTF8')))
        on conflict do nothing;
      return null;
    end $$`,
  `create trigger note_erasure after delete on latchkey.users
    for each row execute function latchkey.note_erasure()`,
];
