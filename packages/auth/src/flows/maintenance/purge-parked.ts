import { sql } from "kysely";
import { releaseImportedUser } from "../../imported-users/imported-user-store.ts";
import { isLiveSession } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { findUser } from "../../users/user-store.ts";
import type { Core } from "../steps/core.ts";
import { eraseAccount } from "../steps/erase-account.ts";
import { holdsRights } from "../steps/second-factor-needed.ts";
import { tellHookAfterwards } from "../steps/tell-hooks.ts";

/** Accounts that one run deletes, so that it ends. */
const atMost = 10_000;

/**
 * Deletes accounts that have had no name for as long as `parkedRetention` says, and have no session any more: hardly anybody comes back to
 * them. Each in a transaction of its own; several processes may do it at once. It is no deletion by the person: who came from another system
 * may come over from it again. Whoever holds rights stays. Answers how many.
 */
export async function purgeParked(core: Core): Promise<number> {
  const failed: string[] = [];
  let [count, failure]: [number, unknown] = [0, undefined];
  for (let looked = 0; looked < atMost; looked += 1) {
    let id: string | null = null;
    try {
      const user = await core.db.transaction().execute(async (transaction) => {
        id = await lockAbandoned(transaction, core.options.parkedRetention, failed);
        return id === null ? null : deleteOne(core, transaction, id);
      });
      if (id === null) break;
      if (user) count += 1;
      if (user) await tellHookAfterwards(core, "userDeleted", { user, request: null });
    } catch (error) {
      if (id === null) throw error;
      // One that fails must not keep the others.
      failed.push(id);
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
  return count;
}

async function deleteOne(core: Core, transaction: Queries, id: string): Promise<User | null> {
  const user = await findUser(transaction, core.profile, id);
  if (!user) return null;
  await releaseImportedUser(transaction, user.id);
  await eraseAccount(transaction, user.id, { actorId: null, address: null, requestId: null }, "parked");
  return user;
}

/**
 * The account that has been parked for longest, beyond these seconds, and that nobody else is at.
 *
 * @param but ids of those that are left alone
 */
async function lockAbandoned(transaction: Queries, retention: number, but: readonly string[]): Promise<string | null> {
  const since = sql`latchkey.now() - make_interval(secs => ${retention})`;
  const { rows } = await sql<{ id: string }>`
    select u.id from latchkey.users u
    where u.parked_at < ${since} and u.id <> all(${but}::uuid[]) and not ${sql.raw(holdsRights("u"))}
      and not exists (select from latchkey.sessions s where s.user_id = u.id and (${sql.raw(isLiveSession("s"))}))
    order by u.parked_at limit 1 for update of u skip locked`.execute(transaction);
  return rows[0]?.id ?? null;
}
