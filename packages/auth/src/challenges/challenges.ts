import type { RawBuilder } from "kysely";
import { AuthError } from "../errors.ts";
import { hmacSha256 } from "../secrets.ts";
import type { Queries } from "../storage/database.ts";
import {
  type ChallengePurpose,
  type Channel,
  consumeChallenge,
  countAttempt,
  countWrongCode,
  type FoundChallenge,
  findChallenge,
  forgetWrongCodes,
  giveBackAttempt,
  insertChallenge,
  isExpired,
  mostSends,
  readWrongCodes,
  type StoredChallenge,
  scheduleResend,
} from "./challenge-store.ts";
import { type CodeKey, createHandle, type Digits, deriveCode, hashHandle, isCode, readDigits } from "./derived-code.ts";

/** What somebody who asks for a code is told, whoever they name. */
export interface Challenge {
  /** 22 characters of base64url, for the checks and resends of the program that asked. */
  readonly challenge: string;
  readonly expiresAt: Date;
  /** From when on another message can be asked for; null once there were three. */
  readonly resendAt: Date | null;
  /** Where the message goes, as far as what was typed says it; null for a username. */
  readonly channel: Channel | null;
  readonly digits: Digits;
}

export interface StartInput {
  readonly purpose: ChallengePurpose;
  /** Canonical; null when nobody is to be written to. */
  readonly address: string | null;
  readonly userId: string | null;
  readonly sessionId?: string | null;
  /** How the message goes; null where there is none. */
  readonly channel: Channel | null;
  /** Whether the answer names it: not where a username was typed. */
  readonly tellsChannel: boolean;
  /** The username that was typed. Its wrong codes are counted by it, whether or not anybody has it, and not by the address that it leads to. */
  readonly username?: string | undefined;
  /** BCP 47: the language of the message, as an SQL expression. */
  readonly locale?: RawBuilder<string | null>;
  /** Whether a message is sent. Without, it looks the same to who asked, and no code is right. */
  readonly isSent: boolean;
  /** Whether its address is one with a fixed code, to which nothing is sent. */
  readonly isHanded?: boolean;
  /** Whether the device has signed its owner in before: its codes stay short. */
  readonly isKnownDevice: boolean;
}

export interface CheckInput {
  readonly challenge: string;
  readonly purpose: ChallengePurpose;
  readonly sessionId?: string | null;
  /** As a person types it. */
  readonly code: string;
  /** Called for a guess that the challenge has counted, before it is compared; not for one beyond its last. */
  readonly onGuess?: (guessed: StoredChallenge) => Promise<void>;
}

/** Wrong codes since an address was last proved from which on its codes are long. */
const longFrom = 20;

/** The codes that are sent, from asking to use. */
export interface Challenges {
  /** In a transaction of the caller's, who then says when its message is due. */
  start(input: StartInput, transaction?: Queries): Promise<Challenge>;
  /** The challenge of a handle, as it is; null where there is none. */
  find(challenge: string): Promise<FoundChallenge | null>;
  /**
   * The same code once more, or the same answer while it is too early for that.
   *
   * @param isSent false where the message was refused and that must not show
   * @throws AuthError `code_invalid`
   */
  resend(challenge: string, purpose: ChallengePurpose, isSent?: boolean): Promise<Challenge>;
  /**
   * Counts a guess, and then compares it. What it answers is to be consumed in the transaction of its effect.
   *
   * @throws AuthError `code_invalid`, `code_expired`
   */
  check(input: CheckInput): Promise<StoredChallenge>;
  /** Uses up what was checked, and takes the address as proved. @throws AuthError `code_invalid` for all but the first */
  consume(transaction: Queries, checked: StoredChallenge): Promise<void>;
  /** Gives back a right guess whose effect was refused. */
  giveBack(checked: StoredChallenge): Promise<void>;
  /** Whether an address has a fixed code, and is sent nothing. */
  isFixed(address: string): boolean;
  /** The code to send. It is derived anew for each message. */
  codeOf(challenge: Pick<StoredChallenge, "id" | "purpose" | "address" | "keyId" | "digits">): Promise<string | null>;
}

export interface ChallengesOptions {
  readonly db: Queries;
  /** The one that new codes are derived with comes first; the others are good for codes that are under way. Read at each use. */
  readonly keys: readonly [CodeKey, ...CodeKey[]];
  /** Hides numbers and addresses among the counts of wrong codes; read at each use. */
  readonly countKey: Uint8Array;
  /** Called when a code was derived with none of them: afterwards there may be more. */
  readonly onUnknownKey?: () => Promise<void>;
  /** The fixed code of an address to which nothing is sent; null for every other. */
  readonly findFixedCode?: (address: string) => string | null;
  /** Called when a message has become due, so that nobody waits for the next look into the outbox. */
  readonly onDue?: () => void;
}

export function createChallenges(options: ChallengesOptions): Challenges {
  const { db, findFixedCode = () => null, onDue = () => {}, onUnknownKey = async () => {} } = options;
  const findKey = (keyId: string) => options.keys.find(({ id }) => id === keyId);
  const codeOf: Challenges["codeOf"] = async (challenge) => {
    const fixed = challenge.address === null ? null : findFixedCode(challenge.address);
    if (fixed !== null) return fixed;
    if (!findKey(challenge.keyId)) await onUnknownKey();
    const key = findKey(challenge.keyId);
    return key ? deriveCode(key, challenge, challenge.digits) : null;
  };

  const hide = (address: string) => hmacSha256(options.countKey, "wrong codes\0", address).toString("base64url");
  const hideUsername = (name: string) => hmacSha256(options.countKey, "wrong codes of\0", name).toString("base64url");

  const lengthOf = (address: string | null): Digits | null => {
    const fixed = address === null ? null : findFixedCode(address);
    return fixed === null ? null : fixed.length === 10 ? 10 : 6;
  };

  async function refuse(input: CheckInput): Promise<never> {
    if (await isExpired(db, toPresented(input)))
      throw new AuthError("code_expired", "The code has expired: ask for another");
    throw wrong();
  }

  return {
    async start({ isKnownDevice, isSent, isHanded = false, address, username, ...input }, transaction) {
      const wrongCodesKey = username === undefined ? null : hideUsername(username);
      // Read for nobody's address as well, so that it takes no less.
      const wrongCodes = await readWrongCodes(transaction ?? db, wrongCodesKey ?? hide(address ?? ""));
      const handle = createHandle();
      const stored = await insertChallenge(transaction ?? db, {
        ...input,
        address,
        wrongCodesKey,
        sessionId: input.sessionId ?? null,
        locale: input.locale ?? null,
        handleHash: hashHandle(handle),
        keyId: options.keys[0].id,
        digits: lengthOf(address) ?? (!isKnownDevice && wrongCodes >= longFrom ? 10 : 6),
        isSent: isSent && address !== null,
        isHanded,
      });
      if (!transaction) onDue();
      return toChallenge(handle, stored);
    },
    find: (handle) => findChallenge(db, hashHandle(handle)),
    async resend(handle, purpose, isSent = true) {
      const handleHash = hashHandle(handle);
      const stored = await findChallenge(db, handleHash);
      if (!stored || stored.purpose !== purpose || stored.consumedAt) throw wrong();
      const again = await scheduleResend(db, handleHash, isSent);
      if (again) onDue();
      return toChallenge(handle, again ?? stored);
    },
    async check(input) {
      const typed = readDigits(input.code);
      const stored = await countAttempt(db, toPresented(input));
      if (!stored) return refuse(input);
      await input.onGuess?.(stored);
      // A decoy is compared like any other, and is never right.
      const expected = (await codeOf(stored)) ?? "";
      const isRight = isCode(expected, typed ?? "") && typed !== null && stored.handedAt !== null;
      if (isRight) return stored;
      // Nobody's are counted as well, over a few rows, so that a guess at them takes no less.
      await countWrongCode(db, stored.wrongCodesKey ?? hide(stored.address ?? `nobody ${stored.id.slice(-1)}`));
      throw wrong();
    },
    async consume(transaction, { id, address }) {
      if (!(await consumeChallenge(transaction, id))) throw wrong();
      if (address !== null) await forgetWrongCodes(transaction, hide(address));
    },
    giveBack: ({ id }) => giveBackAttempt(db, id),
    isFixed: (address) => findFixedCode(address) !== null,
    codeOf,
  };
}

const toPresented = ({ challenge, purpose, sessionId = null }: CheckInput) => ({
  handleHash: hashHandle(challenge),
  purpose,
  sessionId,
});

function toChallenge(
  challenge: string,
  { expiresAt, sends, nextSendAt, digits, ...stored }: StoredChallenge,
): Challenge {
  const channel = stored.tellsChannel ? stored.channel : null;
  return { challenge, expiresAt, resendAt: sends < mostSends ? nextSendAt : null, channel, digits };
}

function wrong(): AuthError {
  return new AuthError("code_invalid", "The code is not right, or was used already");
}
