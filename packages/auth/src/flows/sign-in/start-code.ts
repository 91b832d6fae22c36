import type { Challenge } from "../../challenges/challenges.ts";
import { AuthError } from "../../errors.ts";
import type { Identifier } from "../../identifiers/identifier.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { Scope } from "../../throttling/scope.ts";
import type { Evidence } from "../../ways-in/may-open.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { toCountedName } from "../steps/counted-name.ts";
import { findNamedAccount, readName } from "../steps/find-named.ts";
import { askGate, type GateAccount, readGateAccount } from "../steps/gate.ts";
import { findKnownDevice } from "../steps/known-device.ts";
import { findChannel, startChallenge, type Target } from "../steps/start-challenge.ts";

/** What somebody who is not signed in asks a code for. */
export type PublicPurpose = "enter" | "sign_in" | "reset_password";

export interface StartCodeInput {
  readonly purpose: PublicPurpose;
  /** A phone number, an e-mail address or, but for `enter`, a username. */
  readonly to: string;
  /** What an earlier sign-in with this device answered. */
  readonly deviceMark?: string | undefined;
  /** BCP 47: the language of the message, other than the request's. */
  readonly locale?: string | undefined;
}

/**
 * Sends a code to somebody who is not signed in. Everybody is answered alike, at once and after the same work: whether an account has the
 * number, and whether a code would open it, is told to nobody.
 *
 * @throws AuthError `invalid_input` for what is no name, for a kind of number and a country that are sent nothing, `rate_limited`,
 * `unavailable` without a sender
 */
export async function startCode(core: Core, input: StartCodeInput, facts: RequestInfo): Promise<Challenge> {
  return start(core, { ...input, field: "to" }, facts);
}

export interface StartResetInput extends Omit<StartCodeInput, "purpose" | "to"> {
  /** A username, a phone number, an e-mail address, or an alias of an import. */
  readonly username: string;
}

/**
 * Sends a code with which a password is set: by {@link startCode}'s rules.
 *
 * @throws AuthError as `startCode`
 */
export function startReset(
  core: Core,
  { username, ...input }: StartResetInput,
  facts: RequestInfo,
): Promise<Challenge> {
  return start(core, { ...input, to: username, purpose: "reset_password", field: "username" }, facts);
}

interface Asked extends StartCodeInput {
  /** The input's name for what was typed. */
  readonly field: string;
}

async function start(core: Core, input: Asked, facts: RequestInfo): Promise<Challenge> {
  const { purpose, to, deviceMark, locale, field } = input;
  const name = readName(core, to, field);
  if (purpose === "enter" && name?.kind !== "phone" && name?.kind !== "email") throw noAddress();
  const counted = toCountedName(name, to);
  await core.throttle.consume(scopesOf(counted, toNetwork(facts.address)));
  // A text that is no name may be an alias, by which somebody who was imported signs in.
  const found = await findNamedAccount(core.db, name, to);
  const account = await readGateAccount(core, core.db, found?.id ?? null);
  const isKnownDevice = findKnownDevice(core, account, deviceMark) !== null;
  const wanted = { core, purpose, account, isKnownDevice };
  const target = findTarget(name, wanted);
  return startChallenge(core, {
    purpose,
    target,
    typed: counted,
    identifier: name?.kind ?? (found ? "alias" : "none"),
    userId: account?.id ?? null,
    isSent: target !== null && isWorthSending(target, wanted),
    isKnownDevice,
    tellsChannel: name?.kind === "phone" || name?.kind === "email",
    locale,
    facts,
  });
}

interface Wanted {
  readonly core: Core;
  readonly purpose: PublicPurpose;
  readonly account: GateAccount | null;
  readonly isKnownDevice: boolean;
}

/** Where the code goes: to what was typed, or to the number or address of the account that has the username. */
function findTarget(name: Identifier | null, wanted: Wanted): Target | null {
  if (name?.kind === "phone" || name?.kind === "email") return { kind: name.kind, address: name.value };
  const { account, core } = wanted;
  const names: readonly Target[] = [
    ...(account?.phoneNumber ? [{ kind: "phone", address: account.phoneNumber } as const] : []),
    ...(account?.emailKey ? [{ kind: "email", address: account.emailKey } as const] : []),
  ];
  return names.find((target) => findChannel(core, target.kind) && isWorthSending(target, wanted)) ?? null;
}

/** Whether a right code would do anything. Nothing is sent to numbers of nobody's, unless they could register. */
function isWorthSending({ kind, address }: Target, { core, purpose, account, isKnownDevice }: Wanted): boolean {
  const mayRegister = purpose === "enter" && core.options.registration === "open";
  // A test number is nobody else's: where another account has it, it is refused like a wrong one.
  if (core.challenges.isFixed(address) && account) return account.testSeconds !== null && account.testSeconds > 0;
  if (!account) return mayRegister;
  if (mayRegister) return true;
  const code: Evidence = kind === "phone" ? "phone_code" : "email_code";
  const evidence = isKnownDevice ? ([code, "known_device"] as const) : [code];
  return askGate(core, account, evidence, purpose).opens !== "nothing";
}

function scopesOf(name: string, network: string | null): Scope[] {
  if (network === null) return [{ limit: "start_code_name_and_address", of: [name] }];
  return [
    { limit: "start_code_name_and_address", of: [name, network] },
    { limit: "start_code_address", of: [network] },
  ];
}

function noAddress(): AuthError {
  const message = "must be a phone number or an e-mail address";
  return new AuthError("invalid_input", "The input is not valid", {
    issues: [{ path: ["to"], code: "invalid_format", message }],
  });
}
