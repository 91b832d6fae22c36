import { AuthError } from "../../errors.ts";
import { hasGoodCode } from "../../one-time-codes/code-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core } from "./core.ts";
import { forbidTestAccount } from "./forbid-test-account.ts";
import { readGateAccount } from "./gate.ts";

/**
 * Refuses rights for an account that only codes open: from then on nothing would open it. One for which an administrator's code is under way
 * is about to have a password.
 *
 * @throws AuthError `permission_denied`
 */
export async function requireFitForRights(core: Core, transaction: Queries, id: string): Promise<void> {
  await forbidTestAccount(transaction, id);
  const account = await readGateAccount(core, transaction, id, { isLocked: true });
  if (!account || account.state.hasPassword || account.state.hasPasskey) return;
  if (await hasGoodCode(transaction, { userId: id, purpose: "set_password" })) return;
  const message =
    "The account has no password: rights are for accounts that more than a code opens. Have one set first";
  throw new AuthError("permission_denied", message);
}
