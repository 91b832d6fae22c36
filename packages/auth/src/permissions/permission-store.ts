import { type Generated, sql } from "kysely";
import { AuthError } from "../errors.ts";
import { findBrokenConstraint, type Queries } from "../storage/database.ts";
import { createUuid } from "../uuid.ts";

declare module "../storage/database.ts" {
  interface Database {
    permissions: { permission: string };
    groups: GroupsTable;
    groupPermissions: { groupId: string; permission: string };
    userGroups: { userId: string; groupId: string };
    userPermissions: { userId: string; permission: string };
  }
}

interface GroupsTable {
  id: string;
  name: string;
  createdAt: Generated<Date>;
}

/** A name for a set of permissions that is given to people as a whole. */
export interface Group {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly string[];
}

/** The permissions of each user, their own and their groups' together, sorted; one query for all of them. */
export async function listEffectivePermissions(
  db: Queries,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, string[]>> {
  const { rows } = await sql<{ userId: string; permissions: string[] }>`
    select granted.user_id as "userId", array_agg(distinct granted.permission collate "C" order by granted.permission collate "C") as permissions
    from (
      select user_id, permission from latchkey.user_permissions where user_id = any(${userIds}::uuid[])
      union all
      select ug.user_id, gp.permission from latchkey.user_groups ug
        join latchkey.group_permissions gp on gp.group_id = ug.group_id
        where ug.user_id = any(${userIds}::uuid[])
    ) granted
    group by granted.user_id`.execute(db.withoutPlugins());
  return new Map(rows.map((row) => [row.userId, row.permissions]));
}

/** Every permission there is, sorted. */
export async function listPermissions(db: Queries): Promise<string[]> {
  const rows = await db.selectFrom("permissions").select("permission").orderBy(permissionOrder).execute();
  return rows.map((row) => row.permission);
}

/** Adds the permissions that are missing, and answers which. Several processes may do it at once. */
export async function insertPermissions(db: Queries, permissions: readonly string[]): Promise<string[]> {
  if (permissions.length === 0) return [];
  const inserted = await db
    .insertInto("permissions")
    .values(permissions.map((permission) => ({ permission })))
    .onConflict((conflict) => conflict.doNothing())
    .returning("permission")
    .execute();
  return inserted.map((row) => row.permission).sort();
}

/**
 * Which of some permissions there are. They stay until the transaction ends: what is given by it is given of these, and not of others that
 * have the same names a moment later.
 */
export async function lockPermissions(transaction: Queries, permissions: readonly string[]): Promise<string[]> {
  if (permissions.length === 0) return [];
  const rows = await transaction
    .selectFrom("permissions")
    .select("permission")
    .where("permission", "in", permissions)
    .orderBy(permissionOrder)
    .forKeyShare()
    .execute();
  return rows.map((row) => row.permission);
}

// In the order of bytes, which no locale changes.
const permissionOrder = sql`permission collate "C"`;
const nameOrder = sql<string>`groups.name collate "C"`;

/** Groups with their permissions, by name. */
export async function listGroups(
  db: Queries,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<Group[]> {
  const page = after === undefined ? selectGroups(db) : selectGroups(db).where(nameOrder, ">", after);
  return page.orderBy(nameOrder).limit(limit).execute();
}

export async function findGroup(db: Queries, id: string): Promise<Group | null> {
  return (await selectGroups(db).where("groups.id", "=", id).executeTakeFirst()) ?? null;
}

function selectGroups(db: Queries) {
  return db
    .selectFrom("groups")
    .select(["groups.id", "groups.name"])
    .select(
      sql<string[]>`array(
        select gp.permission from latchkey.group_permissions gp where gp.group_id = groups.id order by gp.permission collate "C"
      )`.as("permissions"),
    );
}

/** Keeps groups from being changed and deleted until the transaction ends. */
export async function lockGroups(transaction: Queries, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const groups = transaction.selectFrom("groups").select("id").where(sql<boolean>`id = any (${ids}::uuid[])`);
  await groups.orderBy("id").forShare().execute();
}

/** Keeps a group from being changed by anybody else until the transaction ends. */
export async function lockGroup(transaction: Queries, id: string): Promise<void> {
  await transaction.selectFrom("groups").select("id").where("id", "=", id).forNoKeyUpdate().execute();
}

/** @throws AuthError `identifier_taken` when another group has the name */
export async function insertGroup(db: Queries, name: string): Promise<string> {
  const id = createUuid();
  await refuseTakenName(db.insertInto("groups").values({ id, name }).execute());
  return id;
}

/** @throws AuthError `identifier_taken` when another group has the name */
export async function renameGroup(db: Queries, id: string, name: string): Promise<void> {
  await refuseTakenName(db.updateTable("groups").set({ name }).where("id", "=", id).execute());
}

async function refuseTakenName(query: Promise<unknown>): Promise<void> {
  try {
    await query;
  } catch (error) {
    if (findBrokenConstraint(error) !== "groups_name_key") throw error;
    const issues = [{ path: ["name"], code: "taken" as const, message: "belongs to another group" }];
    throw new AuthError("identifier_taken", "Another group has that name", { issues, cause: error });
  }
}

export async function deleteGroup(db: Queries, id: string): Promise<void> {
  await db.deleteFrom("groups").where("id", "=", id).execute();
}

/** Makes a group's permissions exactly those given. */
export async function replaceGroupPermissions(
  db: Queries,
  groupId: string,
  permissions: readonly string[],
): Promise<void> {
  await db.deleteFrom("groupPermissions").where("groupId", "=", groupId).execute();
  if (permissions.length === 0) return;
  await db
    .insertInto("groupPermissions")
    .values(permissions.map((permission) => ({ groupId, permission })))
    .execute();
}

/** What a user has been given directly. */
export interface Grants {
  readonly groups: readonly Pick<Group, "id" | "name">[];
  readonly permissions: readonly string[];
}

export async function findGrants(db: Queries, userId: string): Promise<Grants> {
  const groups = await db
    .selectFrom("userGroups")
    .innerJoin("groups", "groups.id", "userGroups.groupId")
    .select(["groups.id", "groups.name"])
    .where("userGroups.userId", "=", userId)
    .orderBy(nameOrder)
    .execute();
  const permissions = await db
    .selectFrom("userPermissions")
    .select("permission")
    .where("userId", "=", userId)
    .orderBy(permissionOrder)
    .execute();
  return { groups, permissions: permissions.map((row) => row.permission) };
}

/** A group by its exact name. */
export async function findGroupByName(db: Queries, name: string): Promise<Group | null> {
  return (await selectGroups(db).where("groups.name", "=", name).executeTakeFirst()) ?? null;
}

export async function insertUserPermission(db: Queries, userId: string, permission: string): Promise<void> {
  const query = db.insertInto("userPermissions").values({ userId, permission });
  await query.onConflict((conflict) => conflict.doNothing()).execute();
}

export async function deleteUserPermission(db: Queries, userId: string, permission: string): Promise<void> {
  await db.deleteFrom("userPermissions").where("userId", "=", userId).where("permission", "=", permission).execute();
}

export async function insertUserGroup(db: Queries, userId: string, groupId: string): Promise<void> {
  const query = db.insertInto("userGroups").values({ userId, groupId });
  await query.onConflict((conflict) => conflict.doNothing()).execute();
}

export async function deleteUserGroup(db: Queries, userId: string, groupId: string): Promise<void> {
  await db.deleteFrom("userGroups").where("userId", "=", userId).where("groupId", "=", groupId).execute();
}

export async function isMember(db: Queries, userId: string, groupId: string): Promise<boolean> {
  const query = db
    .selectFrom("userGroups")
    .select("userId")
    .where("userId", "=", userId)
    .where("groupId", "=", groupId);
  return (await query.executeTakeFirst()) !== undefined;
}

/** Makes a user's own permissions exactly those given. */
export async function replaceUserPermissions(
  db: Queries,
  userId: string,
  permissions: readonly string[],
): Promise<void> {
  await db.deleteFrom("userPermissions").where("userId", "=", userId).execute();
  if (permissions.length === 0) return;
  await db
    .insertInto("userPermissions")
    .values(permissions.map((permission) => ({ userId, permission })))
    .execute();
}

/**
 * Makes a user's groups exactly those given. What they have already is left alone: a group of theirs that is deleted at the same
 * moment takes its members with it.
 */
export async function replaceUserGroups(db: Queries, userId: string, groupIds: readonly string[]): Promise<void> {
  const removed = db.deleteFrom("userGroups").where("userId", "=", userId);
  await removed.where(sql<boolean>`group_id <> all (${groupIds}::uuid[])`).execute();
  await sql`
    insert into latchkey.user_groups (user_id, group_id)
    select ${userId}::uuid, wanted.id from latchkey.groups wanted where wanted.id = any (${groupIds}::uuid[])
      and not exists (select from latchkey.user_groups m where m.user_id = ${userId}::uuid and m.group_id = wanted.id)
    order by wanted.id`.execute(db);
}

/** The permissions that come with groups, each once, and how many of the groups there are. */
export async function findPermissionsOfGroups(
  db: Queries,
  groupIds: readonly string[],
): Promise<{ found: number; permissions: string[] }> {
  const { rows } = await sql<{ found: number; permissions: string[] }>`
    select count(distinct g.id)::int as found,
      coalesce(array_agg(distinct gp.permission) filter (where gp.permission is not null), '{}') as permissions
    from latchkey.groups g left join latchkey.group_permissions gp on gp.group_id = g.id
    where g.id = any(${groupIds}::uuid[])`.execute(db.withoutPlugins());
  return rows[0] ?? { found: 0, permissions: [] };
}
