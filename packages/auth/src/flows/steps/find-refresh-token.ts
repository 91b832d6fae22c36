import { AuthError } from "../../errors.ts";
import { type RefreshToken, readRefreshToken } from "../../sessions/refresh-token.ts";
import { isStorageUnavailable } from "../../storage/database.ts";
import type { Core } from "./core.ts";

/**
 * Takes a refresh token apart, whichever key it was made with; null for one that was never issued.
 *
 * @throws AuthError `unavailable` where it may be one of a key that this process cannot open: nobody is signed out because processes were
 * given their secrets in another order than they should have been
 */
export async function findRefreshToken(core: Core, text: string): Promise<RefreshToken | null> {
  const known = readRefreshToken(core.refreshKeys(), text);
  if (known || !isLikeToken(text)) return known;
  try {
    await core.secretKeys.reread();
  } catch (error) {
    // What is made up is refused also while the database is away.
    if (!isStorageUnavailable(error)) throw error;
  }
  const found = readRefreshToken(core.refreshKeys(), text);
  if (!found && core.secretKeys.isBlind("refresh-tokens"))
    throw new AuthError("unavailable", "The refresh token cannot be checked here at the moment", { retryAfter: 5 });
  return found;
}

/** Whether it has the length of a refresh token and its characters: only then it is worth a look into the database. */
const isLikeToken = (text: string) => /^[\w-]{86}$/.test(text);
