import { AuthError } from "../../errors.ts";
import type { Queries } from "../../storage/database.ts";
import { isTestAccount } from "../../users/user-store.ts";

/**
 * Refuses rights for an account that a test number made: its code is known to whoever reads the settings.
 *
 * @throws AuthError `permission_denied`
 */
export async function forbidTestAccount(transaction: Queries, id: string): Promise<void> {
  if (await isTestAccount(transaction, id))
    throw new AuthError("permission_denied", "The account of a test number gets no rights");
}
