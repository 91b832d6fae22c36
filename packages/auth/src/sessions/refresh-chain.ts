import { equalInConstantTime } from "../secrets.ts";
import { deriveSuccessor, type RefreshToken } from "./refresh-token.ts";

/** What a session's row knows of its refresh tokens, read while the row is locked. */
export interface RefreshChain {
  readonly sessionId: string;
  readonly refreshHash: Buffer;
  readonly previousRefreshHash: Buffer | null;
  /** How often the previous token has been answered anew, because nobody had used what it was answered before. */
  readonly reissues: number;
  /** Whether the last answer is younger than the grace time. */
  readonly isJustAnswered: boolean;
  /** Whether nobody has used an answer to the previous token, and it may be answered once more to the one who asks. */
  readonly isAnswerLost: boolean;
}

/** What becomes of a genuine refresh token that one statement did not take. */
export type Verdict =
  /** The same answer again: other tabs, or the network's fault. */
  | { readonly kind: "repeat"; readonly successor: RefreshToken }
  /** The present token, or one whose answer came late after all: the session moves on. */
  | { readonly kind: "rotate"; readonly successor: RefreshToken; readonly isLate: boolean }
  /** The previous one, and its answer was lost: another successor takes the lost one's place. */
  | { readonly kind: "reissue"; readonly successor: RefreshToken }
  /** The chain was begun anew a moment ago: the one who asks may be a tab that has not heard of it. */
  | { readonly kind: "wait" }
  /** Two hold it. */
  | { readonly kind: "reuse" };

/** Beyond these answers to one token nobody believes that they were all lost; at the default grace time they take a day. */
const mostReissues = 3_000;

/**
 * Judges a genuine refresh token by the session's chain.
 *
 * A token that was used before is answered while nobody has used the answer. The answer then is another token than the lost one, so
 * that no token is ever in two hands for longer than the grace time: of a thief and an owner who both go on, one presents a token
 * whose place was taken, and the session ends.
 *
 * @param keys the one that new successors are derived with, and then those of before: another process may have derived the present token
 * with any of them
 */
export function judgeRefreshToken(keys: RefreshKeys, chain: RefreshChain, presented: RefreshToken): Verdict {
  const { refreshHash, previousRefreshHash: previous, reissues, isJustAnswered, isAnswerLost } = chain;
  const [current] = keys;
  if (isSame(presented.hash, refreshHash)) return moveOn(current, presented, false);
  if (!previous) return { kind: "reuse" };
  const before = { sessionId: chain.sessionId, hash: previous };
  const answersTo = (count: number) => keys.map((key) => deriveSuccessor(key, before, count));
  const present = answersTo(reissues).find(({ hash }) => isSame(hash, refreshHash));
  // Begun anew, or moved on by a process of the version before, which knows of no reissues.
  if (!present) {
    if (isJustAnswered) return { kind: "wait" };
    // The answer to a reauthentication, if nothing was ever made of it; a process of the version before leaves the times apart.
    const isRepaired = isAnswerLost && reissues === 0 && isSame(presented.hash, previous);
    return isRepaired ? { kind: "reissue", successor: deriveSuccessor(current, before, 1) } : { kind: "reuse" };
  }
  if (isSame(presented.hash, previous)) {
    if (isJustAnswered) return { kind: "repeat", successor: present };
    return isAnswerLost && reissues < mostReissues
      ? { kind: "reissue", successor: deriveSuccessor(current, before, reissues + 1) }
      : { kind: "reuse" };
  }
  const isAnswer = (count: number) => answersTo(count).some(({ hash }) => isSame(presented.hash, hash));
  return isAnswerLost && isAnyOf(reissues, isAnswer) ? moveOn(current, presented, true) : { kind: "reuse" };
}

/**
 * The hash of the token that is to be answered still while nobody uses what takes the present one's place: the present one; or the one before,
 * where the present one was drawn at a reauthentication of which nobody has read the answer. A program that never reads it has that one only.
 */
export function findTokenBefore(keys: RefreshKeys, chain: RefreshChain): Buffer {
  const { sessionId, refreshHash, previousRefreshHash: previous, reissues, isAnswerLost } = chain;
  if (!previous || !isAnswerLost || reissues > 0) return refreshHash;
  const before = { sessionId, hash: previous };
  return keys.some((key) => isSame(deriveSuccessor(key, before).hash, refreshHash)) ? refreshHash : previous;
}

/** The keys of refresh tokens, the one that new ones are made with first. */
export type RefreshKeys = readonly [Uint8Array, ...Uint8Array[]];

function moveOn(key: Uint8Array, presented: RefreshToken, isLate: boolean): Verdict {
  return { kind: "rotate", successor: deriveSuccessor(key, presented), isLate };
}

function isAnyOf(count: number, test: (number: number) => boolean): boolean {
  for (let number = count - 1; number >= 0; number -= 1) if (test(number)) return true;
  return false;
}

const isSame = (one: Buffer, other: Buffer) => one.length === other.length && equalInConstantTime(one, other);
