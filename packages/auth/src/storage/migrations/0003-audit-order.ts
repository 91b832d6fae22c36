import { type Kysely, sql } from "kysely";

/** Events in the order in which they were written: two of one transaction share their time, and UUIDv7 of one millisecond have no order. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  "alter table latchkey.audit_events add column position bigint generated always as identity",
  "alter table latchkey.audit_events add constraint audit_events_position_key unique (position)",
  "drop index latchkey.audit_events_subject_id, latchkey.audit_events_actor_id, latchkey.audit_events_event",
  "create index audit_events_subject_id on latchkey.audit_events (subject_id, position)",
  "create index audit_events_actor_id on latchkey.audit_events (actor_id)",
  "create index audit_events_event on latchkey.audit_events (event, position)",
];
