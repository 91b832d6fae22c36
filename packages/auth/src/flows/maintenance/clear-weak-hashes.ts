import { sql } from "kysely";
import { recordEvent } from "../../audit/audit-log.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core } from "../steps/core.ts";
import { readPasswordKinds } from "./password-kinds.ts";

/** Seconds after the last round of an import for which its weak digests are good where the settings name no day. */
const usualTime = 365 * 86_400;

/** How many accounts still have a weak digest, and until when it signs them in; null where nothing says. */
export interface WeakHashes {
  readonly count: number;
  readonly until: Date | null;
}

const isWeak = sql<boolean>`(password like 'bcrypt\\_md5$%' or password like 'bcrypt\\_sha1$%')`;

/** Counts what another system digested by MD5 or SHA-1, which stands within bcrypt until its owner signs in. It reads the whole table. */
export async function countWeakHashes(core: Core): Promise<WeakHashes> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from latchkey.users where ${isWeak}`.execute(core.db);
  return { count: rows[0]?.count ?? 0, until: await findEnd(core) };
}

async function findEnd({ db, options }: Core): Promise<Date | null> {
  const { weakHashesUntil } = options.passwords;
  if (weakHashesUntil) return weakHashesUntil;
  const { rows } = await sql<{ until: Date | null }>`
    select max(greatest(seen_at, began_at, completed_at)) + make_interval(secs => ${usualTime}) as until
    from latchkey.import_sources`.execute(db);
  return rows[0]?.until ?? null;
}

/**
 * Takes the passwords away that are still MD5 or SHA-1 within bcrypt when their time is over: whoever has one sets another by a code, as
 * somebody who has forgotten theirs. Answers of how many accounts, at most so many at once.
 */
export async function clearWeakHashes(core: Core, atMost: number): Promise<number> {
  const until = await findEnd(core);
  if (until === null || core.clock.now() < until || !(await hasAny(core.db))) return 0;
  return core.db.transaction().execute(async (transaction) => {
    const count = await clearSome(transaction, { until, atMost });
    const nobody = { actorId: null, subjectId: null, address: null, requestId: null };
    if (count > 0) await recordEvent(transaction, { event: "weak_passwords_cleared", count }, nobody);
    return count;
  });
}

/** By what was counted, so that all people are not read anew each hour by each process. */
async function hasAny(db: Queries): Promise<boolean> {
  return (await readPasswordKinds(db)).some(({ kind }) => /^bcrypt_(?:md5|sha1)\$/.test(kind));
}

async function clearSome(db: Queries, { until, atMost }: { until: Date; atMost: number }): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    update latchkey.users
    set password = '!' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')
    where id in (
      select id from latchkey.users where latchkey.now() >= ${until} and ${isWeak}
      order by id limit ${atMost} for no key update skip locked)`.execute(db);
  return Number(numAffectedRows);
}
