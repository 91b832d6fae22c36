import { type AuditFacts, recordEvent } from "../../audit/audit-log.ts";
import type { ChallengePurpose, Channel } from "../../challenges/challenge-store.ts";
import type { Challenge, StartInput } from "../../challenges/challenges.ts";
import { AuthError } from "../../errors.ts";
import type { Identifier } from "../../identifiers/identifier.ts";
import type { FirewallRule } from "../../messages/firewall-rules.ts";
import { MessageRefused } from "../../messages/message-refused.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { Core, RequestInfo } from "./core.ts";
import { messageLocale } from "./message-locale.ts";

/** Where a code goes. */
export interface Target {
  readonly kind: "phone" | "email";
  /** Canonical. */
  readonly address: string;
}

/** Whose it is, as the name of an account. */
export const toIdentifier = ({ kind, address }: Target) => ({ kind, value: address }) as Identifier;

export interface CodeToStart {
  readonly purpose: ChallengePurpose;
  /** Null where nobody is written to. */
  readonly target: Target | null;
  /** What was typed: it is counted in the place of a target that is not there. */
  readonly typed: string;
  readonly identifier: "username" | "phone" | "email" | "alias" | "none";
  /** The account that the code is about; null for nobody's. */
  readonly userId: string | null;
  readonly sessionId?: string;
  /** Whether a message is to go out. The answer is the same without. */
  readonly isSent: boolean;
  readonly isKnownDevice: boolean;
  /** Whether what was typed says where the code goes. If it does not, no refusal of a message may either. */
  readonly tellsChannel: boolean;
  readonly locale?: string | null | undefined;
  /** Who asks, where they are signed in. */
  readonly actorId?: string;
  readonly facts: RequestInfo;
}

/**
 * Starts a challenge, if the rules against fraud let its message go. Everybody is answered alike and after the same work, whether or not
 * there is anybody to write to.
 *
 * @throws AuthError `unavailable` without a sender, `invalid_input` and `rate_limited` of the rules against fraud
 */
export async function startChallenge(core: Core, wanted: CodeToStart): Promise<Challenge> {
  const { target, purpose, facts, isKnownDevice, userId } = wanted;
  const isTest = target !== null && core.challenges.isFixed(target.address);
  const channel = findChannel(core, target?.kind ?? null);
  if (!channel && !isTest) throw senderMissing(core, target?.kind ?? null);
  // Of whoever is signed in, it is about their account, whosever number it is.
  const about = { ...facts, actorId: wanted.actorId ?? null, subjectId: wanted.actorId ?? userId };
  const isSentToAll = goesToEverybody(core, purpose);
  const ask = { ...wanted, isSentToAll, network: toNetwork(facts.address), isSent: wanted.isSent && !isTest };
  const isAdmitted = await admitMessage(core, ask, about);
  const isSent = ask.isSent && isAdmitted;
  const { identifier } = wanted;
  const started = await core.db.transaction().execute(async (transaction) => {
    await recordEvent(transaction, { event: "code_requested", purpose, identifier, isSent, isTest }, about);
    const challenge: StartInput = {
      purpose,
      address: target?.address ?? null,
      userId,
      sessionId: wanted.sessionId ?? null,
      channel: channel ?? "sms",
      tellsChannel: wanted.tellsChannel,
      ...(!wanted.tellsChannel && { username: wanted.typed }),
      locale: messageLocale(wanted.actorId ?? userId, { asked: wanted.locale ?? null, request: facts.locale ?? null }),
      isSent,
      isHanded: isTest && wanted.isSent,
      isKnownDevice,
    };
    return core.challenges.start(challenge, transaction);
  });
  core.outbox.wake();
  return started;
}

/** Whether a message for this purpose goes to whoever asks, and not only to accounts that there are. */
export function goesToEverybody({ options }: Core, purpose: ChallengePurpose): boolean {
  return purpose === "enter" ? options.registration === "open" : purpose !== "sign_in" && purpose !== "reset_password";
}

/** What numbers and addresses share that counts messages and not asks. */
const sharedBudgets: readonly FirewallRule[] = ["country_budget", "day_budget", "email_day_budget"];

interface MessageAsk {
  readonly target: Target | null;
  readonly typed: string;
  readonly network: string | null;
  readonly isKnownDevice: boolean;
  readonly isSent: boolean;
  readonly tellsChannel: boolean;
  /** Whether it would go to whoever asks; where it would not, the end of a shared budget tells how many of those asked for have accounts. */
  readonly isSentToAll: boolean;
}

/**
 * Asks the rules against fraud about a message. False when they refuse it and that must not show: for a username, and by a shared budget where
 * only accounts are sent anything.
 *
 * @throws AuthError `invalid_input`, `rate_limited` where what was typed says where it goes
 */
export function admitMessage(core: Core, ask: MessageAsk, about: AuditFacts): Promise<boolean> {
  return ask.tellsChannel ? admit(core, ask, about) : admitHidden(core, ask, about);
}

async function admit(core: Core, ask: MessageAsk, about: AuditFacts): Promise<boolean> {
  const { target, typed, network, isKnownDevice, isSent } = ask;
  const { firewall } = core;
  try {
    if (target?.kind === "email")
      await firewall.admitEmail({ address: target.address, network, isKnownDevice, isSent });
    else {
      const of = target ? { number: target.address } : { number: typed, isDecoy: true };
      await firewall.admit({ ...of, network, isKnownDevice, isSent: isSent && target !== null });
    }
    return true;
  } catch (error) {
    if (!(error instanceof AuthError && error.cause instanceof MessageRefused)) throw error;
    const { rule, country } = error.cause;
    await recordEvent(core.db, { event: "message_refused", rule, country }, about);
    if (ask.tellsChannel && (ask.isSentToAll || !sharedBudgets.includes(rule))) throw error;
    return false;
  }
}

/**
 * For a username: the work of both kinds of name is done, in one order, the other kind's for nobody: by its time nobody learns whether the
 * username leads to a number or to an address.
 */
async function admitHidden(core: Core, ask: MessageAsk, about: AuditFacts): Promise<boolean> {
  const { target, typed } = ask;
  const nobodys = { ...ask, isSent: false };
  const isPhone = await admit(core, target?.kind === "email" ? { ...nobodys, target: null } : ask, about);
  const address = { kind: "email", address: `\0${typed}` } as const;
  const isEmail = await admit(core, target?.kind === "email" ? ask : { ...nobodys, target: address }, about);
  return target?.kind === "email" ? isEmail : isPhone;
}

/**
 * What a challenge answers when its message is sent again: the channel that it began with. After WhatsApp has failed it goes by SMS, which only
 * happens where there is somebody to write to.
 */
export function tellFirstChannel(core: Core, challenge: Challenge): Challenge {
  const { channel } = challenge;
  if (channel === null) return challenge;
  return { ...challenge, channel: findChannel(core, channel === "email" ? "email" : "phone") ?? channel };
}

/** The channel that a message to this kind of name begins with; null where nothing sends to it. */
export function findChannel(core: Core, kind: Target["kind"] | null): Channel | null {
  const { senders } = core.options.messages;
  const order: readonly Channel[] =
    kind === "phone" ? ["whatsapp", "sms"] : kind === "email" ? ["email"] : ["whatsapp", "sms", "email"];
  return order.find((channel) => senders[channel]) ?? null;
}

function senderMissing(core: Core, kind: Target["kind"] | null): AuthError {
  const { senderSetting } = core.options.messages;
  const what = kind === "phone" ? "phone numbers" : kind === "email" ? "e-mail addresses" : "anybody";
  return new AuthError("unavailable", "Codes cannot be sent here", {
    cause: new Error(`Nothing sends codes to ${what}: ${senderSetting} names no sender for that`),
  });
}
