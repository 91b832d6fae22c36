import { type Kysely, sql } from "kysely";

/**
 * What programs of a team's own are told of people: who is told, as the processes that tell them have noted, and what is to be told. Where
 * nobody is, nothing is ever written.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table latchkey.webhook_endpoints (
    name text collate "C" primary key,
    seen_at timestamptz not null default latchkey.now()
  )`,
  `create table latchkey.webhook_events (
    position bigint generated always as identity primary key,
    id uuid not null default gen_random_uuid(),
    endpoint text collate "C" not null,
    user_id uuid not null,
    type text not null,
    data jsonb not null,
    occurred_at timestamptz not null default latchkey.now(),
    tries integer not null default 0,
    due_at timestamptz default latchkey.now(),
    lease_until timestamptz,
    delivered_at timestamptz,
    failure text
  )`,
  "create unique index webhook_events_id on latchkey.webhook_events (id)",
  "create index webhook_events_due on latchkey.webhook_events (endpoint, due_at) where due_at is not null",
  "create index webhook_events_order on latchkey.webhook_events (endpoint, user_id, position) where due_at is not null",
  "create index webhook_events_age on latchkey.webhook_events (occurred_at)",
];
