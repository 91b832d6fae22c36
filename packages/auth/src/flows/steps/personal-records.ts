import { sql } from "kysely";
import type { Queries } from "../../storage/database.ts";

/** What of a table is about one person. */
export interface PersonalTable {
  /** How its rows lead to the person, by an SQL condition in which `$person` is their id. */
  readonly where: string;
  /** What is not told: secrets, in whatever form, and what is of the machinery alone. */
  readonly hides: readonly string[];
}

/** Every table with something about a person. A test compares it with the schema. */
export const personalTables: Readonly<Record<string, PersonalTable>> = {
  users: { where: "id = $person", hides: ["password"] },
  sessions: { where: "user_id = $person", hides: ["refresh_hash", "previous_refresh_hash"] },
  user_groups: { where: "user_id = $person", hides: [] },
  user_permissions: { where: "user_id = $person", hides: [] },
  permission_apps: { where: "declarer = $person", hides: [] },
  one_time_codes: { where: "user_id = $person", hides: ["code_hash", "issuer_id"] },
  recovery_codes: { where: "user_id = $person", hides: ["code_hash", "ticket_hash"] },
  challenges: { where: "user_id = $person", hides: ["handle_hash", "key_id", "wrong_codes_key"] },
  tickets: { where: "user_id = $person", hides: ["ticket_hash"] },
  totp_factors: { where: "user_id = $person", hides: ["sealed_secret"] },
  passkeys: { where: "user_id = $person", hides: ["credential_id", "public_key"] },
  second_factor_tickets: { where: "user_id = $person", hides: ["ticket_hash", "sealed_secret", "next_password"] },
  authorization_codes: { where: "user_id = $person", hides: ["code_hash", "code_challenge"] },
  remembered_devices: { where: "user_id = $person", hides: ["mark_hash", "device_epoch"] },
  former_passwords: { where: "user_id = $person", hides: ["password", "device_epoch"] },
  pending_changes: { where: "user_id = $person", hides: ["payload"] },
  account_deletions: { where: "user_id = $person", hides: [] },
  consents: { where: "user_id = $person", hides: ["actor_id"] },
  notices: { where: "user_id = $person", hides: [] },
  notice_messages: {
    where: "notice_id in (select id from latchkey.notices where user_id = $person)",
    hides: [],
  },
  imported_users: { where: "user_id = $person", hides: ["username_hashes", "phone_hashes", "prints"] },
  webhook_events: { where: "user_id = $person", hides: [] },
};

/** Tables that name a person and are told of elsewhere, or hold nothing of a person who is there. */
export const toldElsewhere: Readonly<Record<string, string>> = {
  audit_events: "the activity, without what is about administrators",
  erasures: "of people who were deleted",
  erased_users: "digests of the ids of people who were deleted",
};

/** Rows of one table that are told at most. */
const mostRows = 10_000;

/** Every row about a person, by table, with the columns' own names. */
export async function readPersonalRecords(
  db: Queries,
  userId: string,
): Promise<Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>> {
  const read = async ([table, { where, hides }]: [string, PersonalTable]) => {
    const [before = "", after = ""] = where.split("$person");
    const { rows } = await sql<{ row: Record<string, unknown> }>`
      select to_jsonb(t) - ${[...hides]}::text[] as row from ${sql.table(`latchkey.${table}`)} t
      where ${sql.raw(before)}${userId}::uuid${sql.raw(after)} limit ${mostRows}`.execute(db.withoutPlugins());
    return [table, rows.map(({ row }) => row)] as const;
  };
  const found: (readonly [string, Record<string, unknown>[]])[] = [];
  // One after the other: an export must not take the connections that others wait for.
  for (const entry of Object.entries(personalTables)) found.push(await read(entry));
  return Object.fromEntries(found);
}
