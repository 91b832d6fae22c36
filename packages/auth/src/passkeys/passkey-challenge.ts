import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { equalInConstantTime, hmacSha256, sha256 } from "../secrets.ts";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    usedPasskeyChallenges: UsedPasskeyChallengesTable;
  }
}

interface UsedPasskeyChallengesTable {
  challengeHash: Buffer;
  expiresAt: Date;
}

/** What a passkey is asked for. What was signed for one is of no use for another. */
export type PasskeyPurpose = "sign_in" | "add" | "second_factor" | "add_second_factor" | "reauthenticate" | "recover";

export interface ChallengeBinding {
  readonly purpose: PasskeyPurpose;
  /** The session's id, or the ticket; empty for somebody of whom nothing is known. */
  readonly boundTo: string;
}

/** Seconds for which a challenge is good: time to find the phone, and for a page that waits with autofill. */
export const passkeyChallengeLifetime = 600;

const randomPart = 16;
const datePart = 4;
const sealPart = 16;

export interface PasskeyChallenge {
  /** Base64url, as browsers sign it. */
  readonly challenge: string;
  readonly expiresAt: Date;
}

/**
 * Makes a challenge that says itself what it is for and until when, under a seal. Nothing is stored for it: a page can be shown with one as
 * often as somebody asks, and only what was used is kept.
 */
export function createPasskeyChallenge(key: Uint8Array, binding: ChallengeBinding, now: Date): PasskeyChallenge {
  const seconds = Math.floor(now.getTime() / 1000) + passkeyChallengeLifetime;
  const head = Buffer.concat([randomBytes(randomPart), Buffer.alloc(datePart)]);
  head.writeUInt32BE(seconds % 2 ** 32, randomPart);
  const challenge = Buffer.concat([head, sealOf(key, binding, head)]).toString("base64url");
  return { challenge, expiresAt: new Date(seconds * 1000) };
}

/** Until when a challenge is good that one of the keys made for this; null for every other text. */
export function readPasskeyChallenge(
  keys: readonly Uint8Array[],
  binding: ChallengeBinding,
  challenge: string,
): Date | null {
  const bytes = Buffer.from(challenge, "base64url");
  if (bytes.length !== randomPart + datePart + sealPart || bytes.toString("base64url") !== challenge) return null;
  const [head, shown] = [bytes.subarray(0, -sealPart), bytes.subarray(-sealPart)];
  if (!keys.some((key) => equalInConstantTime(shown, sealOf(key, binding, head)))) return null;
  return new Date(head.readUInt32BE(randomPart) * 1000);
}

function sealOf(key: Uint8Array, { purpose, boundTo }: ChallengeBinding, head: Uint8Array): Buffer {
  return hmacSha256(key, "passkey\0", purpose, "\0", boundTo, "\0", head).subarray(0, sealPart);
}

/** Uses a challenge up, in the transaction of what it opens: of two at once one gets it. False for one that was used. */
export async function consumePasskeyChallenge(
  transaction: Queries,
  { challenge, expiresAt }: PasskeyChallenge,
): Promise<boolean> {
  const query = transaction
    .insertInto("usedPasskeyChallenges")
    .values({ challengeHash: sha256(Buffer.from(challenge)), expiresAt })
    .onConflict((conflict) => conflict.column("challengeHash").doNothing())
    .returning("challengeHash");
  return (await query.executeTakeFirst()) !== undefined;
}

/** Deletes what was used and is too old to be shown again. Answers how many, at most so many at once. */
export async function deleteOldPasskeyChallenges(db: Queries, atMost: number): Promise<number> {
  const old = db
    .selectFrom("usedPasskeyChallenges")
    .select("challengeHash")
    // An hour more than it is good, for clocks that differ.
    .where("expiresAt", "<", sql<Date>`latchkey.now() - interval '1 hour'`)
    .limit(atMost);
  const query = db.deleteFrom("usedPasskeyChallenges").where("challengeHash", "in", old);
  return Number((await query.executeTakeFirstOrThrow()).numDeletedRows);
}
