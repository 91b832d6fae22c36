import { type ExpressionBuilder, sql } from "kysely";
import type { Database, Queries } from "../storage/database.ts";
import { type User, userFields } from "./user.ts";

/** By what users are searched, each by the beginning of its canonical form. */
export const searchableColumns = {
  username: "username_key",
  phoneNumber: "phone_number",
  email: "email_key",
} as const;
export type SearchableName = keyof typeof searchableColumns;

export interface UserPage {
  /** Only users with such a name that begins like this, in the order of that name. Without it, the newest first. */
  readonly search?: { readonly by: SearchableName; readonly prefix: string } | undefined;
  readonly isActive?: boolean | undefined;
  readonly isStaff?: boolean | undefined;
  readonly groupId?: string | undefined;
  /** The id of the last user of the page before, or their name where there is a search. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** One page of users. Every form of it reads by an index, however many users there are and however deep the page is. */
export async function listUsers(db: Queries, page: UserPage): Promise<User[]> {
  const { search, isActive, isStaff, groupId, after, limit } = page;
  let query = db.selectFrom("users").select(userFields).limit(limit);
  if (isActive !== undefined) query = query.where("isActive", "=", isActive);
  if (isStaff !== undefined) query = query.where("isStaff", "=", isStaff);
  if (groupId !== undefined) query = query.where((filter) => isInGroup(filter, groupId));
  if (!search) {
    if (after !== undefined) query = query.where("id", "<", after);
    return query.orderBy("id", "desc").execute();
  }
  // The indexes are in the order of bytes, which no locale changes.
  const name = sql`${sql.ref(searchableColumns[search.by])} collate "C"`;
  if (after !== undefined) query = query.where(sql<boolean>`${name} > ${after}`);
  return query
    .where(sql<boolean>`${name} like ${escapePattern(search.prefix)}`)
    .orderBy(name)
    .execute();
}

function isInGroup({ exists, selectFrom }: ExpressionBuilder<Database, "users">, groupId: string) {
  return exists(
    selectFrom("userGroups")
      .select("userGroups.userId")
      .whereRef("userGroups.userId", "=", "users.id")
      .where("userGroups.groupId", "=", groupId),
  );
}

function escapePattern(prefix: string): string {
  return `${prefix.replace(/[\\%_]/g, "\\$&")}%`;
}
