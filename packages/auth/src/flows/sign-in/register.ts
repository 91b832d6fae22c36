import { randomUUIDv7 } from "node:crypto";
import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { isReservedUsername } from "../../identifiers/reserved.ts";
import { parseUsername } from "../../identifiers/username.ts";
import { putCode } from "../../one-time-codes/code-store.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { ProfileChanges } from "../../users/user.ts";
import { insertUser } from "../../users/user-store.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { requireGoodPassword } from "../steps/encode-password.ts";
import { requireFreeForms } from "../steps/find-named.ts";
import { answerSignIn, type SignInAnswer } from "../steps/issue-session-tokens.ts";
import { openSession } from "../steps/open-session.ts";
import { parseNewNames, type StoredNames } from "../steps/parse-names.ts";
import { unlessUndone } from "../steps/refund-on-failure.ts";
import { requireFreeUsername } from "../steps/require-free-username.ts";
import { tellHook } from "../steps/tell-hooks.ts";

export interface RegisterInput extends ProfileChanges {
  readonly username: string;
  readonly password: string;
  /** Waits for proof; until then it neither signs in nor keeps anybody else from it. */
  readonly phoneNumber?: string | undefined;
  /** Waits for proof as well. */
  readonly email?: string | undefined;
  /** What to call the device in the list of sessions. */
  readonly deviceName?: string | undefined;
}

/** Seconds for which a phone number or an e-mail address waits to be proved. */
const proofLifetime = 7 * 86_400;

/**
 * Opens an account for a stranger and signs them in.
 *
 * @throws AuthError `registration_closed`, `invalid_input`, `password_rejected`, `identifier_taken`, `rate_limited`, `overloaded`,
 * `refused_by_hook`, `hook_failed`
 */
export async function register(core: Core, input: RegisterInput, facts: RequestInfo): Promise<SignInAnswer> {
  if (core.options.registration === "closed") {
    throw new AuthError("registration_closed", "Accounts are made by an administrator here");
  }
  const { username, password, phoneNumber, email, deviceName, ...profile } = input;
  refuseReserved(username);
  const {
    phoneNumber: unprovedPhone,
    email: unprovedEmail,
    ...names
  } = parseNewNames(core, { username, phoneNumber, email });
  const person = { username, phoneNumber, email, ...profile };
  requireGoodPassword(core, password, { field: "password", person });
  const network = toNetwork(facts.address);
  core.passwords.assertCapacity(network);
  const admission = await core.throttle.consume(network === null ? [] : [{ limit: "register_address", of: [network] }]);
  const encoded = await core.passwords.hash(password, network);
  const open = async (transaction: Queries) => {
    await requireFreeUsername(transaction, names, { isTrusted: false });
    await requireFreeForms(transaction, { usernameKey: names.usernameKey });
    const user = await insertUser(transaction, core.profile, {
      ...profile,
      ...names,
      id: randomUUIDv7(),
      phoneNumber: null,
      email: null,
      emailKey: null,
      password: encoded,
    });
    await keepForProof(transaction, user.id, { phoneNumber: unprovedPhone, email: unprovedEmail });
    const happened = { event: "user_created", by: "registration" } as const;
    await recordEvent(transaction, happened, { ...facts, actorId: user.id, subjectId: user.id });
    const opened = await openSession(core, transaction, { user, facts, deviceName });
    await tellHook(core, transaction, "userCreated", { user, by: "registration", request: facts });
    return opened;
  };
  const opened = await unlessUndone(core, admission, () => core.db.transaction().execute(open));
  return answerSignIn(core, opened, null);
}

function refuseReserved(username: string): void {
  const parsed = parseUsername(username);
  if (!parsed.ok || !isReservedUsername(parsed)) return;
  const issues = [
    { path: ["username"], code: "reserved" as const, message: "is kept for the service: choose another" },
  ];
  throw new AuthError("invalid_input", "The username is reserved", { issues });
}

async function keepForProof(
  transaction: Queries,
  userId: string,
  { phoneNumber, email }: Pick<StoredNames, "phoneNumber" | "email">,
): Promise<void> {
  const waiting = { userId, codeHash: null, lifetime: proofLifetime };
  if (phoneNumber) await putCode(transaction, { ...waiting, purpose: "prove_phone", target: phoneNumber });
  if (email) await putCode(transaction, { ...waiting, purpose: "prove_email", target: email });
}
