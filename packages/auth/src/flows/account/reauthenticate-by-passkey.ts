import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import type { PasskeyAssertion, PasskeyRequestOptions, StartedPasskey } from "../../passkeys/passkey-json.ts";
import { noteReauthentication } from "../../sessions/session-store.ts";
import { withFactor } from "../steps/authentication-methods.ts";
import {
  askForPasskey,
  checkPasskey,
  countPasskey,
  PasskeyRefused,
  refusePasskey,
  usePasskey,
} from "../steps/check-passkey.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { askGate, readGateAccount } from "../steps/gate.ts";
import { issueSessionTokens, type TokenResponse } from "../steps/issue-session-tokens.ts";
import { reissueRefreshToken } from "../steps/reissue-refresh-token.ts";
import { sessionEnded } from "../steps/session-ended.ts";

const wantedOf = ({ user, session }: Principal) =>
  ({ purpose: "reauthenticate", boundTo: session.id, userId: user.id }) as const;

/**
 * What the caller's browser is to be asked so that they show by one of their passkeys that it is them.
 *
 * @throws AuthError `permission_denied` where there are no passkeys, `not_found` for somebody who has none
 */
export async function startPasskeyReauthentication(
  core: Core,
  caller: Principal,
): Promise<StartedPasskey<PasskeyRequestOptions>> {
  const started = await askForPasskey(core, wantedOf(caller));
  if (started.options.allowCredentials.length > 0) return started;
  throw new AuthError("not_found", "There is no passkey: use the password");
}

/**
 * Notes that the owner of a session has just shown, by one of their passkeys, that it is them. It is a session of two factors from then on, and
 * gets tokens that are drawn anew.
 *
 * @throws AuthError `invalid_credentials`, `code_expired`, `rate_limited`, `session_ended`, `permission_denied`
 */
export async function reauthenticateByPasskey(
  core: Core,
  caller: Principal,
  { passkey }: { readonly passkey: PasskeyAssertion },
  facts: RequestInfo,
): Promise<TokenResponse> {
  const { user, session } = caller;
  const admission = await countPasskey(core, facts);
  try {
    const right = await checkPasskey(core, passkey, wantedOf(caller));
    const movedOn = await core.db.transaction().execute(async (transaction) => {
      const account = await readGateAccount(core, transaction, user.id, { isLocked: true });
      if (!account?.state.isActive) throw sessionEnded();
      if (askGate(core, account, ["passkey"], "reauthenticate").opens !== "session")
        throw new PasskeyRefused("unknown_passkey", user.id);
      await usePasskey(transaction, right);
      const shown = { by: "passkey", raised: withFactor(session, "passkey") } as const;
      if (!(await noteReauthentication(transaction, session.id, shown))) throw sessionEnded();
      const about = { ...facts, actorId: user.id, subjectId: user.id };
      await recordEvent(transaction, { event: "reauthenticated", sessionId: session.id, by: "passkey" }, about);
      await core.throttle.settle(transaction, admission.counted);
      return reissueRefreshToken(core, transaction, { sessionId: session.id, facts, isRepaired: true });
    });
    return await issueSessionTokens(core, movedOn);
  } catch (error) {
    return refusePasskey(core, error, { purpose: "reauthenticate", actorId: user.id, facts });
  }
}
