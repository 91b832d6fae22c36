import { type Generated, type Selectable, sql } from "kysely";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    secretKeys: SecretKeysTable;
  }
}

interface SecretKeysTable {
  /** A keyed hash of the key: 16 hexadecimal digits. */
  id: string;
  purpose: string;
  /** The key, encrypted with a key derived from one of the secrets. */
  sealed: Buffer;
  /** The fingerprint of the secret that sealed it. */
  secretId: string;
  /** The fingerprint of the secret that was the first when it was made; whoever knew that one may know the key. */
  madeWith: string;
  createdAt: Generated<Date>;
  /** Since when another is used for what is new; null while it is the one. */
  supersededAt: Date | null;
}

export type StoredSecretKey = Selectable<SecretKeysTable>;

/** Every key, the one in use before those that it superseded. */
export async function listSecretKeys(db: Queries): Promise<StoredSecretKey[]> {
  return db
    .selectFrom("secretKeys")
    .selectAll()
    .orderBy("supersededAt", (order) => order.desc().nullsFirst())
    .orderBy("createdAt", "desc")
    .execute();
}

export type NewSecretKey = Omit<StoredSecretKey, "createdAt" | "supersededAt">;

/** Adds a key that is used from now on in the place of all others of its purpose. */
export async function insertSecretKey(transaction: Queries, key: NewSecretKey): Promise<void> {
  await transaction
    .updateTable("secretKeys")
    .set({ supersededAt: sql<Date>`latchkey.now()` })
    .where("purpose", "=", key.purpose)
    .where("supersededAt", "is", null)
    .execute();
  await transaction
    .insertInto("secretKeys")
    .values({ ...key, supersededAt: null })
    .execute();
}

/** Stores a key under another secret, unless somebody has done so meanwhile. */
export async function replaceSeal(
  db: Queries,
  { id, secretId }: Pick<StoredSecretKey, "id" | "secretId">,
  next: Pick<StoredSecretKey, "sealed" | "secretId">,
): Promise<boolean> {
  const query = db.updateTable("secretKeys").set(next).where("id", "=", id).where("secretId", "=", secretId);
  return (await query.executeTakeFirst()).numUpdatedRows === 1n;
}

export async function deleteSecretKeys(db: Queries, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const result = await db.deleteFrom("secretKeys").where("id", "in", ids).executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** Deletes keys of which nothing can be left, since sessions end after 400 days at most; seals of the audit trail are kept longer. Answers how many. */
export async function deleteOldSecretKeys(db: Queries): Promise<number> {
  const result = await db
    .deleteFrom("secretKeys")
    .where("purpose", "<>", "audit-seals")
    .where(sql<boolean>`superseded_at < latchkey.now() - interval '401 days'`)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** Lets one process at a time decide about keys; held until the transaction ends. */
export async function lockSecretKeys(transaction: Queries): Promise<void> {
  await sql`lock table latchkey.secret_keys in share row exclusive mode`.execute(transaction);
}
