import { type ColumnType, sql } from "kysely";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    consents: ConsentsTable;
    consentBackfill: { reached: string };
  }
}

/** What is agreed to: to be in touch. */
export const consentPurposes = ["contact"] as const;

export type ConsentPurpose = (typeof consentPurposes)[number];

/** Who decided. An administrator can only withdraw: the database refuses anything else. */
export type ConsentDecider = "owner" | "administrator" | "import" | "unknown";

/** Where it was decided. */
export type ConsentSource = "registration" | "profile" | "administration" | "command_line" | "import" | "unknown";

interface ConsentsTable {
  position: ColumnType<string, never, never>;
  userId: string;
  purpose: ConsentPurpose;
  /** Of the text that was shown, as the settings call it; null where nothing says. */
  textVersion: string | null;
  isGiven: boolean;
  /** Null for a day that nobody knows. */
  decidedAt: Date | null;
  decidedBy: ConsentDecider;
  /** The administrator; null for everybody else. */
  actorId: string | null;
  source: ConsentSource;
  address: string | null;
}

/** One decision of a person, or of whoever withdrew theirs. */
export interface Consent {
  readonly purpose: ConsentPurpose;
  readonly isGiven: boolean;
  /** Null where the day is not known, as for what another system says. */
  readonly decidedAt: Date | null;
  readonly decidedBy: ConsentDecider;
  readonly source: ConsentSource;
  /** Of the text that was shown; null where nothing says. */
  readonly textVersion: string | null;
  /** Where the call came from; null where another person decided. */
  readonly address: string | null;
}

export interface NewConsent extends Omit<Consent, "decidedAt"> {
  readonly userId: string;
  readonly actorId: string | null;
  /** What it was before: somebody who agreed before there was a list has that noted first. */
  readonly before: boolean;
}

/** Notes a decision that is made now, in the transaction that changes the user. */
export async function insertConsent(transaction: Queries, { before, ...consent }: NewConsent): Promise<void> {
  const { userId, purpose } = consent;
  if (before) {
    await sql`
      insert into latchkey.consents (user_id, purpose, is_given, decided_by, source)
      select ${userId}::uuid, ${purpose}, true, 'unknown', 'unknown'
      where not exists (select from latchkey.consents where user_id = ${userId}::uuid and purpose = ${purpose})`.execute(
      transaction,
    );
  }
  await transaction
    .insertInto("consents")
    .values({ ...consent, decidedAt: sql<Date>`latchkey.now()` })
    .execute();
}

/** Notes that another system says that somebody agreed: when, and to what, it does not say. */
export async function insertImportedConsent(transaction: Queries, userId: string): Promise<void> {
  const nothing = { textVersion: null, decidedAt: null, actorId: null, address: null };
  const values = { userId, purpose: "contact", isGiven: true, decidedBy: "import", source: "import" } as const;
  await transaction
    .insertInto("consents")
    .values({ ...values, ...nothing })
    .execute();
}

/** More decisions than anybody reads. */
const mostConsents = 1_000;

/** What somebody decided, the newest first. */
export async function listConsents(db: Queries, userId: string): Promise<Consent[]> {
  return db
    .selectFrom("consents")
    .select(["purpose", "isGiven", "decidedAt", "decidedBy", "source", "textVersion", "address"])
    .where("userId", "=", userId)
    .orderBy("position", "desc")
    .limit(mostConsents)
    .execute();
}

/**
 * Notes of some of those who agreed before there was a list that they did, on a day that is not known, and answers how many people were looked
 * at. Several processes may call it; one of them does it.
 */
export async function backfillConsents(db: Queries, atMost: number): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    const backfill = await transaction
      .selectFrom("consentBackfill")
      .select("reached")
      .forUpdate()
      .skipLocked()
      .executeTakeFirst();
    if (!backfill) return 0;
    const { reached } = backfill;
    const { rows } = await sql<{ count: number; last: string | null }>`
      with page as materialized (
        select id, is_approved_to_be_in_touch as is_given from latchkey.users
        where id > ${reached}::uuid order by id limit ${atMost}
      ), agreed as materialized (
        -- Whoever withdraws at this moment is waited for: what they agreed to before would stand behind it.
        select u.id from latchkey.users u
        where u.id in (select id from page where is_given) and u.is_approved_to_be_in_touch order by u.id for share
      ), noted as (
        insert into latchkey.consents (user_id, purpose, is_given, decided_by, source)
        select id, 'contact', true, source.name, source.name from agreed, lateral (
          select case when exists (select from latchkey.imported_users i where i.user_id = agreed.id)
            then 'import' else 'unknown' end as name
        ) source
        where not exists (select from latchkey.consents c where c.user_id = agreed.id)
      )
      select count(*)::int as count, (select id from page order by id desc limit 1) as last from page`.execute(
      transaction.withoutPlugins(),
    );
    const { count = 0, last = null } = rows[0] ?? {};
    if (count < atMost) await transaction.deleteFrom("consentBackfill").execute();
    else
      await transaction
        .updateTable("consentBackfill")
        .set({ reached: last ?? reached })
        .execute();
    return count;
  });
}
