import { toNumericDate } from "../../clock.ts";
import { AuthError } from "../../errors.ts";
import type { Core, Principal } from "../steps/core.ts";
import { issueToken } from "../steps/issue-token.ts";

/** A token for an API of the team's, which opens that API and nothing here. */
export interface ExchangedToken {
  /** For `Authorization: Bearer` of that API's calls. */
  readonly token: string;
  readonly tokenType: "Bearer";
  readonly expiresAt: Date;
}

/**
 * Exchanges the caller's session for an access token of another audience (RFC 8693 in short). It says what theirs says, and ends no later
 * than the session.
 *
 * @throws AuthError `invalid_input` for an audience that is the service's own, or none of the list
 */
export async function exchangeToken(
  core: Core,
  { user, session }: Principal,
  { audience }: { readonly audience: string },
): Promise<ExchangedToken> {
  const { audience: own, audiences } = core.options.tokens;
  if (audience === own || !audiences.includes(audience)) throw noSuchAudience();
  const notAfter = toNumericDate(session.expiresAt);
  const { token, expiresAt } = await issueToken(core, { user, session, audience, rotation: null, notAfter });
  return { token, tokenType: "Bearer", expiresAt };
}

/** What RFC 8693 §2.2.2 calls `invalid_target`. */
function noSuchAudience(): AuthError {
  const message = "is not the audience of another API that this service issues tokens for";
  return new AuthError("invalid_input", "The input is not valid", {
    issues: [{ path: ["audience"], code: "not_found", message }],
  });
}
