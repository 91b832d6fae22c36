import type { JWK } from "jose";
import { type ColumnType, type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import type { TokenAlgorithm } from "./access-token.ts";

declare module "../storage/database.ts" {
  interface Database {
    signingKeys: SigningKeysTable;
  }
}

interface SigningKeysTable {
  kid: string;
  algorithm: TokenAlgorithm;
  publicJwk: ColumnType<JWK | null, string | null>;
  sealedPrivateJwk: Buffer;
  createdAt: Generated<Date>;
  signsFrom: Date;
  verifiesUntil: Date | null;
}

export interface StoredSigningKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  /** Null for HS256, which has no public part. */
  readonly publicJwk: JWK | null;
  readonly sealedPrivateJwk: Buffer;
  readonly createdAt: Date;
  /** When it begins to sign; until then it is only published, so that every verifier has it by then. */
  readonly signsFrom: Date;
  /** When it is refused; null while it is the newest. */
  readonly verifiesUntil: Date | null;
  /** Whether its time to sign has come, by the database's clock. */
  readonly maySign: boolean;
}

/**
 * The keys that are still accepted, the one that signs first: of those whose time to sign has come, the one that is accepted
 * longest. A key that was overtaken before its time came ends sooner, and tokens that it signed would end with it. Where the time of
 * none has come, since a clock was set back, it is the one whose time comes first.
 */
export async function listSigningKeys(db: Queries): Promise<StoredSigningKey[]> {
  return db
    .selectFrom("signingKeys")
    .select(["kid", "algorithm", "publicJwk", "sealedPrivateJwk", "createdAt", "signsFrom", "verifiesUntil"])
    .select(sql<boolean>`signs_from <= latchkey.now()`.as("maySign"))
    .where(sql<boolean>`coalesce(verifies_until > latchkey.now(), true)`)
    .orderBy(sql`signs_from > latchkey.now()`)
    .orderBy(sql`case when signs_from > latchkey.now() then signs_from end`)
    .orderBy("verifiesUntil", (order) => order.desc().nullsFirst())
    .orderBy("signsFrom", "desc")
    .execute();
}

/** Whether the newest key was made longer ago than so many seconds. */
export async function isNewestKeyOlder(db: Queries, seconds: number): Promise<boolean> {
  const query = db
    .selectFrom("signingKeys")
    .select("kid")
    .where("verifiesUntil", "is", null)
    .where("createdAt", "<", sql<Date>`latchkey.now() - make_interval(secs => ${seconds})`);
  return (await query.executeTakeFirst()) !== undefined;
}

export interface NewSigningKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly publicJwk: JWK | null;
  readonly sealedPrivateJwk: Buffer;
}

/**
 * Adds a key that signs `publishSeconds` from now, and sets the end of every older one `overlapSeconds` after that.
 */
export async function insertSigningKey(
  db: Queries,
  key: NewSigningKey,
  { publishSeconds, overlapSeconds }: { publishSeconds: number; overlapSeconds: number },
): Promise<void> {
  const signsFrom = sql<Date>`latchkey.now() + make_interval(secs => ${publishSeconds})`;
  await db
    .updateTable("signingKeys")
    .set({ verifiesUntil: sql<Date>`${signsFrom} + make_interval(secs => ${overlapSeconds})` })
    .where("verifiesUntil", "is", null)
    .execute();
  const publicJwk = key.publicJwk && JSON.stringify(key.publicJwk);
  await db
    .insertInto("signingKeys")
    .values({ ...key, publicJwk, signsFrom })
    .execute();
}

/** Removes every key but the one named, at once: tokens that the others signed are refused from now on. */
export async function deleteOtherSigningKeys(db: Queries, kid: string): Promise<void> {
  await db.deleteFrom("signingKeys").where("kid", "!=", kid).execute();
}

/** Stores a key's private part under another secret, unless somebody has done so meanwhile. */
export async function replaceSealedKey(
  db: Queries,
  { kid, sealedPrivateJwk }: Pick<StoredSigningKey, "kid" | "sealedPrivateJwk">,
  sealed: Buffer,
): Promise<boolean> {
  const query = db
    .updateTable("signingKeys")
    .set({ sealedPrivateJwk: sealed })
    .where("kid", "=", kid)
    .where("sealedPrivateJwk", "=", sealedPrivateJwk);
  return (await query.executeTakeFirst()).numUpdatedRows === 1n;
}

/** Lets one process at a time decide about keys; held until the transaction ends. */
export async function lockSigningKeys(db: Queries): Promise<void> {
  await sql`lock table latchkey.signing_keys in share row exclusive mode`.execute(db);
}
