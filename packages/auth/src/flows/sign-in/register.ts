import { recordEvent } from "../../audit/audit-log.ts";
import type { StoredTicket } from "../../challenges/ticket-store.ts";
import { AuthError, type SecondFactorRequest } from "../../errors.ts";
import { isReservedUsername } from "../../identifiers/reserved.ts";
import { parseUsername } from "../../identifiers/username.ts";
import { putCode } from "../../one-time-codes/code-store.ts";
import { createUnusablePassword, isUnusablePassword } from "../../passwords/unusable-password.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { ProfileChanges } from "../../users/user.ts";
import { insertUser } from "../../users/user-store.ts";
import { createUuid } from "../../uuid.ts";
import type { Evidence } from "../../ways-in/may-open.ts";
import { toAuthentication } from "../steps/authentication-methods.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { countAtAddress } from "../steps/count-at-address.ts";
import { requireGoodPassword } from "../steps/encode-password.ts";
import { requireFreeForms } from "../steps/find-named.ts";
import { readGateAccount } from "../steps/gate.ts";
import { type AnsweredSession, answerSignIn, type SignInAnswer } from "../steps/issue-session-tokens.ts";
import { noteOwnConsent } from "../steps/note-consent.ts";
import { openSession } from "../steps/open-session.ts";
import { type NamesInput, noNames, parseNames, type StoredNames } from "../steps/parse-names.ts";
import { findTestSeconds, readTicket, requireWayIn, toProvedNames, useTicket } from "../steps/proved-name.ts";
import { unlessUndone } from "../steps/refund-on-failure.ts";
import { requireFreeUsername } from "../steps/require-free-username.ts";
import { askForSecondFactor, secondFactorRequired } from "../steps/second-factor.ts";
import { tellHook } from "../steps/tell-hooks.ts";

export interface RegisterInput extends ProfileChanges {
  /** Compulsory without a ticket, as is the password. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Waits for proof; until then it neither signs in nor keeps anybody else from it. */
  readonly phoneNumber?: string | undefined;
  /** Waits for proof as well. */
  readonly email?: string | undefined;
  /** Of a number or an address that was proved just now: it becomes the account's, and is name enough. */
  readonly ticket?: string | undefined;
  /**
   * Of a ticket with `next: "another_way"`: the account that has the number is another person's, who had it before. The number moves to the
   * new account, beyond the time for which it was trusted there; the account it leaves stays as it is otherwise.
   */
  readonly isNotMine?: boolean | undefined;
  /** What to call the device in the list of sessions. */
  readonly deviceName?: string | undefined;
}

/** Seconds for which a phone number or an e-mail address waits to be proved. */
const proofLifetime = 7 * 86_400;

/**
 * Opens an account for a stranger and signs them in: with a username and a password, or with a number or an address that they have proved.
 *
 * @throws AuthError `registration_closed`, `invalid_input`, `password_rejected`, `identifier_taken`, `code_invalid` for a ticket that is good
 * no more, `rate_limited`, `overloaded`, `refused_by_hook`, `hook_failed`
 */
export async function register(core: Core, input: RegisterInput, facts: RequestInfo): Promise<SignInAnswer> {
  if (core.options.registration === "closed") {
    throw new AuthError("registration_closed", "Accounts are made by an administrator here");
  }
  const { username, password, phoneNumber, email, ticket, isNotMine = false, deviceName, ...profile } = input;
  requireWhatIsMissing(input);
  if (username !== undefined) refuseReserved(username);
  const { phoneNumber: typedPhone, email: typedEmail, ...names } = parseAll(core, { username, phoneNumber, email });
  const unproved = { phoneNumber: typedPhone, email: typedEmail };
  const person = { username, phoneNumber, email, ...profile };
  if (password !== undefined) await requireGoodPassword(core, password, { field: "password", person });
  const network = toNetwork(facts.address);
  core.passwords.assertCapacity(network);
  const admission = await countAtAddress(core, "register_address", facts);
  const proved = ticket === undefined ? null : await readTicket(core, ticket);
  if (proved) await requireWayIn(core, proved, { password, ...unproved });
  const encoded = password === undefined ? createUnusablePassword() : await core.passwords.hash(password, network);
  const account = { profile, names, unproved, proved, isNotMine, encoded, deviceName, facts };
  const opened = await unlessUndone(core, admission, () =>
    core.db.transaction().execute((transaction) => openAccount(core, transaction, account)),
  );
  if ("methods" in opened) throw secondFactorRequired(opened);
  return answerSignIn(core, opened, { deviceId: null, deviceEpoch: 0 });
}

const parseAll = (core: Core, typed: NamesInput): Required<StoredNames> => ({ ...noNames, ...parseNames(core, typed) });

/** An account that is about to be opened, all of whose parts were checked. */
interface NewAccount {
  readonly profile: ProfileChanges;
  readonly names: Pick<Required<StoredNames>, "username" | "usernameKey">;
  readonly unproved: Pick<Required<StoredNames>, "phoneNumber" | "email">;
  readonly proved: StoredTicket | null;
  readonly isNotMine: boolean;
  readonly encoded: string;
  readonly deviceName: string | undefined;
  readonly facts: RequestInfo;
}

async function openAccount(
  core: Core,
  transaction: Queries,
  account: NewAccount,
): Promise<AnsweredSession | SecondFactorRequest> {
  const { profile, names, unproved, proved, isNotMine, encoded, deviceName, facts } = account;
  await requireFreeUsername(transaction, names, { isTrusted: false });
  await requireFreeForms(transaction, { usernameKey: names.usernameKey });
  if (proved) await useTicket(core, transaction, { ticket: proved, isNotMine, facts });
  const user = await insertUser(transaction, core.profile, {
    ...profile,
    ...names,
    phoneNumber: null,
    email: null,
    emailKey: null,
    ...(proved && toProvedNames(core, proved)),
    id: createUuid(),
    password: encoded,
  });
  const consent = {
    userId: user.id,
    before: false,
    after: user.isApprovedToBeInTouch,
    source: "registration",
  } as const;
  await noteOwnConsent(core, transaction, { ...consent, facts });
  await keepForProof(transaction, user.id, {
    phoneNumber: proved?.kind === "phone" ? null : unproved.phoneNumber,
    email: proved?.kind === "email" ? null : unproved.email,
  });
  const about = { ...facts, actorId: user.id, subjectId: user.id };
  await recordEvent(transaction, { event: "user_created", by: "registration" }, about);
  if (proved) await recordEvent(transaction, { event: "name_proved", kind: proved.kind }, about);
  const atMost = proved ? findTestSeconds(core, proved) : undefined;
  const evidence = listEvidence(proved, encoded);
  const entering = { evidence, by: "registration", deviceName, facts } as const;
  const held = await readGateAccount(core, transaction, user.id);
  const half = { ...entering, purpose: "register", identifier: proved?.kind ?? "username", deviceId: null } as const;
  const opened = held?.state.hasSecondFactor
    ? await askForSecondFactor(core, transaction, { ...half, account: held })
    : await openSession(core, transaction, { ...entering, user, authentication: toAuthentication(evidence), atMost });
  await tellHook(core, transaction, "userCreated", { user, by: "registration", request: facts });
  return opened;
}

/** What the person has shown by registering. */
function listEvidence(proved: StoredTicket | null, encoded: string): Evidence[] {
  const password: Evidence[] = isUnusablePassword(encoded) ? [] : ["password"];
  return proved ? [...password, proved.kind === "phone" ? "phone_code" : "email_code"] : password;
}

/** Nobody has typed a name that signs in without a proof, so that a username and a password are the least without one. */
function requireWhatIsMissing({ username, password, ticket }: RegisterInput): void {
  if (ticket !== undefined) return;
  const missing = Object.entries({ username, password }).filter(([, value]) => value === undefined);
  if (missing.length === 0) return;
  const issues = missing.map(([field]) => ({ path: [field], code: "required" as const, message: "is missing" }));
  throw new AuthError("invalid_input", "The input is not valid", { issues });
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
