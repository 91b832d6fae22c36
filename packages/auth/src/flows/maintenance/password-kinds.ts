import { sql } from "kysely";
import { kindInSql } from "../../passwords/hash-format.ts";
import type { Queries } from "../../storage/database.ts";
import { listPasswordKinds, type PasswordKind } from "../../users/user-store.ts";
import { freshness } from "./once-an-hour.ts";

/** Advisory lock of whoever counts: the others wait, and read what it found. */
const lock = "4193605527718342260";

/** Seconds after which a count is given up: of some hundreds of millions of people. */
const longestCount = 600;

/** Seconds for which a count is good while an import brings people, who may have others. */
const freshnessInImports = 60;

const name = "password_kinds";

/**
 * The kinds of stored passwords, and how many there are of each, at most an hour old. All people are read for it, by one process for all.
 *
 * @param db connections that may take their time
 */
export async function readPasswordKinds(db: Queries): Promise<readonly PasswordKind[]> {
  return (await findCounted(db)) ?? (await db.transaction().execute(countOnce));
}

async function countOnce(transaction: Queries): Promise<readonly PasswordKind[]> {
  await sql`select set_config('statement_timeout', ${String(longestCount * 1000)}, true)`.execute(transaction);
  await sql`select pg_advisory_xact_lock(${lock})`.execute(transaction);
  const counted = await findCounted(transaction);
  if (counted) return counted;
  const kinds = await listPasswordKinds(transaction, kindInSql);
  await sql`
    insert into latchkey.kept_counts (name, value, counted_at) values (${name}, ${JSON.stringify(kinds)}, latchkey.now())
    on conflict (name) do update set value = excluded.value, counted_at = excluded.counted_at`.execute(transaction);
  return kinds;
}

/**
 * Null while there is no count, or none that is still good. Whoever waited began before what it reads was counted; what is farther ahead than
 * that is of a clock that was.
 */
async function findCounted(db: Queries): Promise<readonly PasswordKind[] | null> {
  const { rows } = await sql<{ value: readonly PasswordKind[] }>`
    select value from latchkey.kept_counts
    where name = ${name}
      and counted_at between latchkey.now() - make_interval(secs => ${freshness}) and latchkey.now() + make_interval(secs => ${longestCount})
      and (counted_at > latchkey.now() - make_interval(secs => ${freshnessInImports})
        or counted_at > all (select completed_at from latchkey.import_sources where completed_at is not null))`.execute(
    db,
  );
  return rows[0]?.value ?? null;
}
