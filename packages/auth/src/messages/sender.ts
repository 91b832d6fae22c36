import type { ChallengePurpose, Channel } from "../challenges/challenge-store.ts";
import type { NoticeMessage } from "./notice.ts";

/** A message as a sender is handed it. */
export interface Message {
  /** The same for every try at one message: hand it to the provider as idempotency key. */
  readonly id: string;
  readonly channel: Channel;
  /** E.164, or an e-mail address. */
  readonly to: string;
  /** The whole text, with the code. */
  readonly text: string;
  /** For templates that a provider keeps. */
  readonly code: string;
  readonly purpose: ChallengePurpose;
  /** BCP 47, such as `tr` or `pt-BR`. */
  readonly locale: string;
  /** When the code is good no more. */
  readonly expiresAt: Date;
}

/** Why a message was not sent. `busy` is tried again; the others go on with the next channel. */
export const sendRefusals = ["invalid_number", "unreachable", "rejected", "busy", "misconfigured"] as const;

export type SendRefusal = (typeof sendRefusals)[number];

/**
 * What a sender throws. Anything else that it throws counts as `busy`.
 *
 * @example
 * if (response.status === 429) throw new SendError("busy", "The provider asks for fewer messages");
 */
export class SendError extends Error {
  override readonly name = "SendError";
  readonly refusal: SendRefusal;

  /** `message` is for the operator's log: it must hold no code. */
  constructor(refusal: SendRefusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

/** Told by its name, since a program may hold this class twice. */
export function findSendRefusal(error: unknown): SendRefusal {
  const refusal = error instanceof Error && error.name === "SendError" && "refusal" in error ? error.refusal : "busy";
  return sendRefusals.find((known) => known === refusal) ?? "busy";
}

export interface SendReceipt {
  /** The provider's name for the message, by which its delivery is told. */
  readonly providerId?: string;
}

/** Sends messages by one provider. @throws SendError */
export interface Sender {
  send(message: Message, signal: AbortSignal): Promise<SendReceipt>;
  /**
   * Tells people of their own account: see {@link NoticeMessage}. A sender without it can send codes only, such as by a template for codes; its people
   * find their notices in `me.notices`.
   */
  sendNotice?(notice: NoticeMessage, signal: AbortSignal): Promise<unknown>;
}

/** What is sent by which channel, in the order in which they are tried; for phone numbers and e-mail addresses apart. */
export type Senders = Partial<Readonly<Record<Channel, Sender>>>;

/** What a provider tells of a message later. */
export interface DeliveryReceipt {
  readonly providerId: string;
  readonly state: "delivered" | "failed";
}
