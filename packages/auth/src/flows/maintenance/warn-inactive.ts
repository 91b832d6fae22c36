import { sql } from "kysely";
import { recordEvent } from "../../audit/audit-log.ts";
import { insertDeletion } from "../../deletions/deletion-store.ts";
import type { Queries } from "../../storage/database.ts";
import { lockUser } from "../../users/user-store.ts";
import type { Core } from "../steps/core.ts";
import { nobody } from "../steps/gate.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { holdsRights } from "../steps/second-factor-needed.ts";
import { onceAnHour } from "./once-an-hour.ts";

/** Seconds between what the owner of an account is told that nobody uses, and its deletion. */
const afterNotice = 30 * 86_400;

/** Accounts that one statement looks at. */
const pageSize = 200;

/** Accounts of one run, so that it ends. */
const atMost = 1_000;

/** Accounts that may fail in one run, before it is given up. */
const mostFailures = 20;

/** The part of a day's notices that one hour may use up: half of the day's are left for what happens to people. */
const shareOfHour = 1 / 48;

/**
 * Has accounts deleted that nobody has used for as long as the settings say, and tells their owners 30 days before. It counts from the last
 * moment at which one can have been used: its last sign-in, or its making, and the longest life of a session after that. Of all processes one does
 * it in an hour, and no more than there are messages for. What fails for one account keeps no other from it, and is thrown once all have been
 * tried. Answers how many.
 */
export async function warnInactive(core: Core): Promise<number> {
  const { inactiveRetention } = core.options;
  if (inactiveRetention === undefined) return 0;
  return (await onceAnHour(core.db, "inactive_accounts", () => warnAll(core, inactiveRetention))) ?? 0;
}

async function warnAll(core: Core, inactiveRetention: number): Promise<number> {
  const { sessions, messages } = core.options;
  const unusedFor = inactiveRetention + sessions.lifetime - afterNotice;
  let left = Math.max(1, Math.floor(messages.noticesPerDay * shareOfHour));
  const failures: unknown[] = [];
  let count = 0;
  for await (const id of listInactive(core.db, unusedFor)) {
    if (count >= atMost || left <= 0) break;
    const warned = await core.db
      .transaction()
      .execute((transaction) => warn(core, transaction, { id, unusedFor }))
      .catch((error: unknown) => {
        failures.push(error);
        return null;
      });
    if (warned) count += 1;
    left -= warned?.messages ?? 0;
    // A database that is away fails for everybody: that is no account's fault.
    if (failures.length >= mostFailures) break;
  }
  if (failures.length > 0) throw failures[0];
  return count;
}

async function* listInactive(db: Queries, unusedFor: number): AsyncGenerator<string> {
  let after: string | null = nobody;
  while (after !== null) {
    const page: Page = await readPage(db, { unusedFor, after });
    yield* page.ids;
    after = page.last;
  }
}

interface Page {
  readonly ids: readonly string[];
  /** The last id that was looked at; null when no page is behind it. */
  readonly last: string | null;
}

/** By the primary key: an index on the last sign-in would make each sign-in dearer. An id begins with the time at which it was made. */
async function readPage(db: Queries, { unusedFor, after }: { unusedFor: number; after: string }): Promise<Page> {
  const newest = sql`(lpad(to_hex((extract(epoch from ${ago(unusedFor)}) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid`;
  const { rows } = await sql<{ id: string; isInactive: boolean }>`
    select u.id, ${isInactive(unusedFor)} as "isInactive"
    from (select * from latchkey.users where id > ${after}::uuid and id < ${newest} order by id limit ${pageSize}) u
    order by u.id`.execute(db.withoutPlugins());
  const ids = rows.filter((row) => row.isInactive).map(({ id }) => id);
  return { ids, last: rows.length === pageSize ? (rows.at(-1)?.id ?? null) : null };
}

async function warn(
  core: Core,
  transaction: Queries,
  { id: userId, unusedFor }: { readonly id: string; readonly unusedFor: number },
): Promise<{ readonly messages: number } | null> {
  // Held first: somebody may be signing in at this moment.
  if (!(await lockUser(transaction, userId))) return null;
  const { rows } = await sql<{ isInactive: boolean }>`
    select ${isInactive(unusedFor)} as "isInactive" from latchkey.users u where u.id = ${userId}::uuid`.execute(
    transaction.withoutPlugins(),
  );
  if (!rows[0]?.isInactive) return null;
  await insertDeletion(transaction, { userId, reason: "inactive", waits: afterNotice });
  const told = await keepNotice(core, transaction, { userId, kind: "deletion_of_inactive", facts: null });
  const happened = { event: "deletion_requested", by: "inactivity", seconds: afterNotice, sessionsEnded: 0 } as const;
  await recordEvent(transaction, happened, { actorId: null, subjectId: userId, address: null, requestId: null });
  return told;
}

const ago = (seconds: number) => sql`latchkey.now() - make_interval(secs => ${seconds}::float8)`;

/** Of a user `u`: nobody can have used it, it has no rights, it can be signed in to, and it does not wait to be deleted already. */
function isInactive(unusedFor: number) {
  return sql<boolean>`u.is_active and u.test_until is null
    and greatest(u.last_login, u.date_joined) <= ${ago(unusedFor)}
    and not ${sql.raw(holdsRights("u"))}
    and not exists (select from latchkey.sessions s where s.user_id = u.id and s.last_used_at > ${ago(unusedFor)})
    and not exists (select from latchkey.account_deletions d where d.user_id = u.id)`;
}
