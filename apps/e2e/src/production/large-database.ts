import { queryOnce } from "../processes/external-database.ts";

/** `LATCHKEY_PEOPLE`: how many people, each with a session and an event, a large database has. A million takes some minutes to fill. */
export const peopleOfLarge = Number(process.env.LATCHKEY_PEOPLE ?? 200_000);

/** Fills a schema of any release with people; the columns are those of the first. Nobody signs in with what their passwords are. */
export async function fillWithPeople(connectionString: string, people = peopleOfLarge): Promise<void> {
  const run = (text: string, values: readonly unknown[] = []) => queryOnce({ connectionString }, text, values);
  await run(
    `insert into latchkey.users (id, username, username_key, phone_number, password, first_name, last_name, gender, country, city)
    select uuidv7(), 'user_' || n, 'user_' || n, '+90532' || lpad(n::text, 7, '0'), $1, 'Ayşe', 'Yılmaz', 'Female', 'Türkiye', 'İzmir'
    from generate_series(1, ${people}) n`,
    [`bcrypt_sha256$$2b$12$${"x".repeat(53)}`],
  );
  await run(`insert into latchkey.sessions (id, user_id, refresh_hash, idle_expires_at, expires_at, address, user_agent)
    select uuidv7(), id, sha256(id::text::bytea), now() + interval '30 days', now() + interval '90 days', '192.0.2.1', 'Firefox/140.0'
    from latchkey.users`);
  await run(`insert into latchkey.audit_events (id, event, actor_id, subject_id, address, request_id)
    select uuidv7(), 'signed_in', id, id, '192.0.2.1', gen_random_uuid()::text from latchkey.users`);
  await run("vacuum analyze latchkey.users, latchkey.sessions, latchkey.audit_events");
}

/** One query on the database of a test. */
type Query = (text: string) => Promise<readonly object[]>;

/**
 * Fills a table without its indexes, but for those that keep rows apart, and builds them of all rows afterwards: growing each by every row takes
 * most of the time. PostgreSQL knows no more of the table than if nobody had built them.
 */
export async function fillBeforeIndexes(query: Query, table: string, fill: () => Promise<unknown>): Promise<void> {
  const indexes = (await query(`
    select indexname as name, indexdef as definition from pg_indexes
    where schemaname = 'latchkey' and tablename = '${table}' and indexdef not like 'CREATE UNIQUE %'`)) as readonly {
    readonly name: string;
    readonly definition: string;
  }[];
  for (const { name } of indexes) await query(`drop index latchkey.${name}`);
  await fill();
  for (const { definition } of indexes) await query(definition);
  for (const name of [table, ...indexes.map(({ name }) => name)])
    await query(`select pg_clear_relation_stats('latchkey', '${name}')`);
}

/** Half of them have agreed to be written to, of which a later schema wants a row for each. */
export async function agreeByHalf(connectionString: string): Promise<void> {
  await queryOnce(
    { connectionString },
    `update latchkey.users set is_approved_to_be_in_touch = true
      where id in (select id from latchkey.users order by id limit (select count(*) / 2 from latchkey.users))`,
  );
  await queryOnce({ connectionString }, "vacuum analyze latchkey.users");
}

/** How many people have a row of what they agreed to. */
export async function countConsents(connectionString: string): Promise<number | undefined> {
  const [row] = await queryOnce<{ count: number }>(
    { connectionString },
    "select count(*)::int as count from latchkey.consents",
  );
  return row?.count;
}

/** As if all of them had come over from another system; the columns are those of the schema that first could. */
export async function fillWithImported(connectionString: string): Promise<void> {
  await queryOnce(
    { connectionString },
    `insert into latchkey.imported_users
      (source, old_id, user_id, old_username, old_phone, username_hashes, phone_hashes, named_since, seen_at)
    select 'django', id::text, id, username, phone_number, array[sha256(username::bytea)],
      array[sha256(phone_number::bytea)], now(), now() from latchkey.users`,
  );
  await queryOnce({ connectionString }, "vacuum analyze latchkey.imported_users");
}

/** The milliseconds below which 99 of 100 are. */
export function p99(milliseconds: readonly number[]): number {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Number.NaN;
}
