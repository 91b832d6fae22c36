import { type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    erasedUsers: ErasedUsersTable;
  }
}

/** People who were deleted: written by a trigger, whoever deletes. */
interface ErasedUsersTable {
  /** SHA-256 of the id's text. Without a backup from before nothing leads from it to anybody. */
  digest: Buffer;
  erasedAt: Generated<Date>;
}

/** That somebody was deleted, and when. */
export interface Erasure {
  /** 64 hexadecimal digits. */
  readonly digest: string;
  readonly erasedAt: Date;
}

/** A page of the journal, in the order of its digests. */
export async function listErasures(
  db: Queries,
  { after, since, limit }: { readonly after: string; readonly since: Date | null; readonly limit: number },
): Promise<Erasure[]> {
  const { rows } = await sql<Erasure>`
    select encode(digest, 'hex') as digest, erased_at as "erasedAt" from latchkey.erased_users
    where digest > decode(${after}, 'hex') and coalesce(erased_at >= ${since}::timestamptz, true)
    order by digest limit ${limit}`.execute(db.withoutPlugins());
  return rows;
}

/** Notes erasures that a backup from before does not know of, and answers how many. */
export async function insertErasures(db: Queries, erasures: readonly Erasure[]): Promise<number> {
  const digests = erasures.map(({ digest }) => digest);
  const times = erasures.map(({ erasedAt }) => erasedAt.toISOString());
  const result = await sql`
    insert into latchkey.erased_users (digest, erased_at)
    select decode(digest, 'hex'), erased_at from unnest(${digests}::text[], ${times}::timestamptz[]) e (digest, erased_at)
    on conflict do nothing`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

/** Who of a page of users was deleted before, and the last id of the page; null when there is none behind it. */
export async function findReturned(
  db: Queries,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<{ readonly ids: readonly string[]; readonly last: string | null }> {
  const { rows } = await sql<{ id: string; isErased: boolean }>`
    select u.id, e.digest is not null as "isErased"
    from (select id from latchkey.users where id > ${after}::uuid order by id limit ${limit}) u
    left join latchkey.erased_users e on e.digest = sha256(convert_to(u.id::text, 'UTF8'))
    order by u.id`.execute(db.withoutPlugins());
  const ids = rows.filter(({ isErased }) => isErased).map(({ id }) => id);
  return { ids, last: rows.length === limit ? (rows.at(-1)?.id ?? null) : null };
}
