import { randomBytes } from "node:crypto";
import { type Generated, type Selectable, sql } from "kysely";
import { sha256 } from "../secrets.ts";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    authorizationCodes: AuthorizationCodesTable;
  }
}

interface AuthorizationCodesTable {
  codeHash: Buffer;
  userId: string;
  /** The session of the pages in which it was asked for. */
  sessionId: string;
  clientId: string;
  /** As the app named it, to the letter. */
  redirectUri: string;
  /** S256: the base64url of the SHA-256 of the verifier (RFC 7636 §4.2). */
  codeChallenge: string;
  /** What the tokens of its session are for; null for the service itself. */
  audience: string | null;
  createdAt: Generated<Date>;
  expiresAt: Date;
  uses: Generated<number>;
  openedSessionId: string | null;
}

export type StoredAuthorizationCode = Selectable<AuthorizationCodesTable>;

/** Seconds for which a code is good: a browser that is sent on takes one or two. */
export const authorizationCodeLifetime = 60;

/** Seconds for which a code is known after that, so that one that is used twice still ends its session. */
const retention = 86_400;

export type NewAuthorizationCode = Pick<
  StoredAuthorizationCode,
  "userId" | "sessionId" | "clientId" | "redirectUri" | "codeChallenge" | "audience"
>;

/** What the app gets: 256 random bits as 43 characters of base64url, of which a hash is kept. */
export interface AuthorizationCode {
  readonly code: string;
  readonly expiresAt: Date;
}

const hashOf = (code: string) => sha256(Buffer.from(code));

export async function insertAuthorizationCode(db: Queries, code: NewAuthorizationCode): Promise<AuthorizationCode> {
  const text = randomBytes(32).toString("base64url");
  const { expiresAt } = await db
    .insertInto("authorizationCodes")
    .values({
      ...code,
      codeHash: hashOf(text),
      openedSessionId: null,
      expiresAt: sql<Date>`latchkey.now() + make_interval(secs => ${authorizationCodeLifetime})`,
    })
    .returning("expiresAt")
    .executeTakeFirstOrThrow();
  return { code: text, expiresAt };
}

/** A code that was just used, with how often that makes it, and whether it was in time. */
export interface UsedAuthorizationCode extends StoredAuthorizationCode {
  readonly isInTime: boolean;
}

/**
 * Counts a use of a code, and keeps its row until the transaction is over: of many at once one is the first, and the others see what it has
 * opened. Null for a code that was never made.
 */
export async function useAuthorizationCode(transaction: Queries, code: string): Promise<UsedAuthorizationCode | null> {
  const query = transaction
    .updateTable("authorizationCodes")
    .set(({ eb }) => ({ uses: eb("uses", "+", 1) }))
    .where("codeHash", "=", hashOf(code))
    .returningAll()
    .returning(sql<boolean>`expires_at > latchkey.now()`.as("isInTime"));
  return (await query.executeTakeFirst()) ?? null;
}

/** Notes which session a code has opened, in the transaction that used it. */
export async function noteOpenedSession(
  transaction: Queries,
  { codeHash }: Pick<StoredAuthorizationCode, "codeHash">,
  openedSessionId: string,
): Promise<void> {
  await transaction
    .updateTable("authorizationCodes")
    .set({ openedSessionId })
    .where("codeHash", "=", codeHash)
    .execute();
}

/** Withdraws the codes of an app that nobody has used yet. Of a used one it stays known which session it has opened. */
export async function withdrawAuthorizationCodes(db: Queries, clientId: string): Promise<void> {
  await db.deleteFrom("authorizationCodes").where("clientId", "=", clientId).where("uses", "=", 0).execute();
}

/** Deletes codes that nobody asks about any more. Answers how many, at most so many at once. */
export async function deleteOldAuthorizationCodes(db: Queries, atMost: number): Promise<number> {
  const old = db
    .selectFrom("authorizationCodes")
    .select("codeHash")
    .where("expiresAt", "<", sql<Date>`latchkey.now() - make_interval(secs => ${retention})`)
    .limit(atMost);
  const deleted = await db.deleteFrom("authorizationCodes").where("codeHash", "in", old).executeTakeFirstOrThrow();
  return Number(deleted.numDeletedRows);
}
