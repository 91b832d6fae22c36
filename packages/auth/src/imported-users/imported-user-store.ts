import { type ColumnType, type Generated, type RawBuilder, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import type {
  ImportedKey,
  ImportedUser,
  ImportIssue,
  NumberedUser,
  Reservation,
  UnsettledUser,
} from "./imported-user.ts";

declare module "../storage/database.ts" {
  interface Database {
    importedUsers: ImportedUsersTable;
  }
}

interface ImportedUsersTable {
  source: string;
  oldId: string;
  userId: string | null;
  oldUsername: string | null;
  oldPhone: string | null;
  oldJoinedAt: Date | null;
  usernameHashes: Generated<Buffer[]>;
  phoneHashes: Generated<Buffer[]>;
  namedSince: Date;
  /**
   * When the round began that wrote the row, for processes of the release before. Whoever is there was seen by the last complete round,
   * whose time stands once, in `import_sources`.
   */
  seenAt: Date;
  /** Since when the last complete round has not seen this person any more. */
  goneAt: ColumnType<Date | null, never, Date | null>;
  /** The username there where the grammar reads it as nobody's: its person signs in here by exactly this text. */
  alias: ColumnType<string | null, never, never>;
  /** Since when the account here is deleted: the row is a tombstone. */
  deletedAt: ColumnType<Date | null, never, never>;
  /** What of this person was not taken as it stands there; null for nothing. */
  issues: ColumnType<ImportIssue[] | null, never, never>;
}

/** Hashes of the forms of a name, in SQL, under the key that never rotates; `forms` is a list of texts. */
export function hashesOf(forms: readonly string[] | RawBuilder<unknown>): RawBuilder<Buffer[]> {
  return sql`array(select sha256(k.key || convert_to(form, 'UTF8'))
    from latchkey.imported_name_key k, unnest(${forms}::text[]) form)`;
}

/**
 * The person of a source whom a text names as that system's own lookup would have it: by username, else by phone number, byte for
 * byte. A tombstone's name still is its person's. Null also where a number is two people's, and before a round was complete.
 */
export async function findNamed(db: Queries, source: string, text: string): Promise<ImportedUser | null> {
  const isStorable = text.isWellFormed() && !text.includes("\0") && text !== "";
  if (!isStorable) return null;
  const { rows } = await sql<ImportedUser & { rank: number }>`
    with wanted as materialized (select ${hashesOf([text])} as hashes)
    select user_id, old_username, old_phone, named_since, round.seen_at,
      case when old_username = ${text} then 1 when username_hashes && wanted.hashes and deleted_at is not null then 2 else 3 end as rank
    from latchkey.imported_users join latchkey.import_sources round using (source), wanted
    where source = ${source} and gone_at is null and round.seen_at is not null and (
      old_username = ${text} or old_phone = ${text}
      or deleted_at is not null and (username_hashes && wanted.hashes or phone_hashes && wanted.hashes))
    order by rank limit 2`.execute(db);
  const [first, second] = rows;
  if (!first || second?.rank === first.rank) return null;
  return first;
}

/** Whom the last complete round of a source still saw; nobody before there is one. */
const selectSeen = (db: Queries, source: string) =>
  db
    .selectFrom("importedUsers")
    .innerJoin("importSources", "importSources.source", "importedUsers.source")
    .where("importedUsers.source", "=", source)
    .where("goneAt", "is", null)
    .where("importSources.seenAt", "is not", null);

/** The person of a source who has an old id, if the last complete round still saw them and they were not deleted here. */
export async function findByOldId(db: Queries, { source, oldId }: ImportedKey): Promise<NumberedUser | null> {
  if (!oldId.isWellFormed() || oldId.includes("\0")) return null;
  const query = selectSeen(db, source)
    .select(["userId", "oldJoinedAt", "importSources.seenAt"])
    .where("oldId", "=", oldId)
    .where("deletedAt", "is", null)
    .$narrowType<{ seenAt: Date }>();
  return (await query.executeTakeFirst()) ?? null;
}

/** The old id of a person of a source who has an account here, if the last complete round still saw them. */
export async function findOldId(db: Queries, source: string, userId: string): Promise<string | null> {
  const query = selectSeen(db, source).select("oldId").where("userId", "=", userId);
  return (await query.executeTakeFirst())?.oldId ?? null;
}

/** The id that somebody has in the system they came from; of several in `preferred`, else in the first one by name. */
export async function findExternalId(
  db: Queries,
  userId: string,
  preferred: string | undefined,
): Promise<string | null> {
  const rows = await db
    .selectFrom("importedUsers")
    .select(["source", "oldId"])
    .where("userId", "=", userId)
    .orderBy("source")
    .execute();
  return (rows.find(({ source }) => source === preferred) ?? rows[0])?.oldId ?? null;
}

/** The accounts of people who have an id in the system they came from: one a system at most. */
export async function listByExternalId(db: Queries, externalId: string): Promise<string[]> {
  if (!externalId.isWellFormed() || externalId.includes("\0")) return [];
  const rows = await db
    .selectFrom("importedUsers")
    .select("userId")
    .where("source", "in", (sources) => sources.selectFrom("importSources").select("source"))
    .where("oldId", "=", externalId)
    .where("userId", "is not", null)
    .$narrowType<{ userId: string }>()
    .execute();
  return [...new Set(rows.map(({ userId }) => userId))];
}

/** The account whose sign-in alias a text is, byte for byte. Asked only of texts that can be nobody's name. */
export async function findAliased(db: Queries, text: string): Promise<string | null> {
  const isStorable = text.isWellFormed() && !text.includes("\0") && text !== "" && text.length <= 1_000;
  if (!isStorable) return null;
  const query = db.selectFrom("importedUsers").select("userId").where("alias", "=", text);
  return (await query.executeTakeFirst())?.userId ?? null;
}

/** The sources whose aliases were not read yet for a default country. */
export async function listUnreadSources(db: Queries, country: string): Promise<string[]> {
  const rows = await db
    .selectFrom("importSources")
    .select("source")
    .where("aliasesReadFor", "is distinct from", country)
    .execute();
  return rows.map(({ source }) => source);
}

/** How many aliases a source has, and the first of them. */
export async function countAliases(db: Queries, source: string): Promise<{ count: number; first: readonly string[] }> {
  const { rows } = await sql<{ count: number; first: string[] | null }>`
    select count(*)::int as count, (array_agg(alias order by alias))[1:10] as first
    from latchkey.imported_users where alias is not null and source = ${source}`.execute(db);
  return { count: rows[0]?.count ?? 0, first: rows[0]?.first ?? [] };
}

/** A page of the aliases of a source, in their order. */
export async function listAliases(db: Queries, source: string, after: string): Promise<string[]> {
  const query = db
    .selectFrom("importedUsers")
    .select("alias")
    .where("alias", ">", after)
    .where("source", "=", source)
    .orderBy("alias")
    .limit(5_000)
    .$narrowType<{ alias: string }>();
  return (await query.execute()).map(({ alias }) => alias);
}

export async function noteAliasesRead(db: Queries, source: string, country: string): Promise<void> {
  await db.updateTable("importSources").set({ aliasesReadFor: country }).where("source", "=", source).execute();
}

/** The person of a source who has an account here, if the last complete round still saw them. */
export async function findOwnRow(db: Queries, source: string, userId: string): Promise<ImportedUser | null> {
  const query = selectSeen(db, source)
    .select(["userId", "oldUsername", "oldPhone", "namedSince", "importSources.seenAt"])
    .where("userId", "=", userId)
    .$narrowType<{ seenAt: Date }>();
  return (await query.executeTakeFirst()) ?? null;
}

/** Whether an account came from a source, be it still there or not. */
export async function isFromSource(db: Queries, source: string, userId: string): Promise<boolean> {
  const query = db
    .selectFrom("importedUsers")
    .select("oldId")
    .where("source", "=", source)
    .where("userId", "=", userId);
  return (await query.executeTakeFirst()) !== undefined;
}

/**
 * The rows, tombstones among them, of which one of the forms is a username, and the people whom an import under way has not recorded yet. Each part
 * is looked up by the one before it: joined, PostgreSQL would read all rows that there are, and by a plan from before the import all that it reads.
 */
export async function findReservations(db: Queries, forms: readonly string[]): Promise<Reservation[]> {
  const { rows } = await sql<Reservation>`
    select source, old_id, user_id, old_username from latchkey.imported_users where username_hashes && ${hashesOf(forms)}
    union all
    select round.source, person.old_id, null, person.old_username
    from latchkey.import_sources round cross join lateral (
      select old_id, old_username from latchkey.import_people
      where run_id = round.round_id and username_forms && ${forms}::text[] offset 0) person
    where round.round_id is not null and not exists (
      select from latchkey.imported_users recorded
      where recorded.source = round.source and recorded.old_id = person.old_id offset 0)`.execute(db);
  return rows;
}

/** Whether any row of a source, a tombstone among them, has one of the forms as a username or as the text of a phone number. */
export async function isKnownText(db: Queries, source: string, forms: readonly string[]): Promise<boolean> {
  const hashes = hashesOf(forms);
  const query = db
    .selectFrom("importedUsers")
    .select("oldId")
    .where("source", "=", source)
    .where(sql<boolean>`(username_hashes && ${hashes} or phone_hashes && ${hashes})`)
    .limit(1);
  return (await query.executeTakeFirst()) !== undefined;
}

/** Says that an account here is a person of another system. False when that person is unknown, deleted here, or has one already. */
export async function linkUser(db: Queries, { source, oldId }: ImportedKey, userId: string): Promise<boolean> {
  const result = await db
    .updateTable("importedUsers")
    .set({ userId })
    .where("source", "=", source)
    .where("oldId", "=", oldId)
    .where("userId", "is", null)
    .where("deletedAt", "is", null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** The old ids of a source's people who are there and have no account here; those whose account was deleted are left out. */
export async function listWithoutAccount(db: Queries, source: string): Promise<string[]> {
  const rows = await db
    .selectFrom("importedUsers")
    .select("oldId")
    .where("source", "=", source)
    .where("userId", "is", null)
    .where("goneAt", "is", null)
    .where("deletedAt", "is", null)
    .orderBy("oldId")
    .execute();
  return rows.map(({ oldId }) => oldId);
}

export interface UnsettledPage {
  readonly kind: "reserved" | "altered";
  /** The last person of the page before. */
  readonly after?: ImportedKey | undefined;
  readonly limit: number;
}

/** People who have no account here, and so keep their names from others, or those who came over without all that was theirs. */
export async function listUnsettled(db: Queries, { kind, after, limit }: UnsettledPage): Promise<UnsettledUser[]> {
  const all = db
    .selectFrom("importedUsers")
    .select(["source", "oldId", "userId", "oldUsername", "oldPhone", "goneAt", "deletedAt", "issues"]);
  const ofKind =
    kind === "reserved"
      ? all.where("userId", "is", null)
      : all.where("userId", "is not", null).where("issues", "is not", null);
  const rest = after ? ofKind.where(sql<boolean>`(source, old_id) > (${after.source}, ${after.oldId})`) : ofKind;
  return rest.orderBy("source").orderBy("oldId").limit(limit).execute();
}

/** How many people of a source there are, by what became of them. */
export interface ImportedCounts {
  readonly people: number;
  /** With an account here. */
  readonly accounts: number;
  /** Whose account here was deleted. */
  readonly deleted: number;
}

export async function countImported(db: Queries): Promise<Readonly<Record<string, ImportedCounts>>> {
  const rows = await db
    .selectFrom("importedUsers")
    .select((expression) => [
      "source",
      sql<number>`count(*)::int`.as("people"),
      expression.fn.count<number>("userId").as("accounts"),
      expression.fn.count<number>("deletedAt").as("deleted"),
    ])
    .groupBy("source")
    .execute();
  return Object.fromEntries(
    rows.map(({ source, people, accounts, deleted }) => [
      source,
      { people, accounts: Number(accounts), deleted: Number(deleted) },
    ]),
  );
}

/**
 * Parts somebody's account from who they are in another system, before it is deleted by no wish of theirs: no tombstone is left, and the next
 * round may bring them over anew.
 */
export async function releaseImportedUser(transaction: Queries, userId: string): Promise<void> {
  await sql`update latchkey.imported_users set user_id = null, alias = null, prints = '{}' where user_id = ${userId}`.execute(
    transaction,
  );
}
