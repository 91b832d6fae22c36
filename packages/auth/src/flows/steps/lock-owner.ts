import { holdSession } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { lockUser } from "../../users/user-store.ts";
import type { Core, Principal } from "./core.ts";
import { type GateAccount, readGateAccount } from "./gate.ts";
import { sessionEnded } from "./session-ended.ts";

/**
 * Holds the account of a caller and the session that asks, until the transaction ends; answers it. What ended the session while the call was on its way,
 * such as a reset of the password, came first: nothing is done for it any more.
 *
 * @throws AuthError `session_ended`
 */
export async function lockOwner(transaction: Queries, { user, session }: Principal): Promise<User> {
  // The account first, in the order of whatever ends sessions.
  const account = await lockUser(transaction, user.id);
  if (!account?.isActive || !(await holdSession(transaction, session.id))) throw sessionEnded();
  return account;
}

/** The same, with all that the gate asks about. */
export async function lockOwnAccount(core: Core, transaction: Queries, caller: Principal): Promise<GateAccount> {
  await lockOwner(transaction, caller);
  const account = await readGateAccount(core, transaction, caller.user.id);
  if (!account) throw sessionEnded();
  return account;
}
