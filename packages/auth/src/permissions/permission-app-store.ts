import { type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    permissionApps: PermissionAppsTable;
  }
}

interface PermissionAppsTable {
  app: string;
  /** The account that declares its permissions; null for the service itself. */
  declarer: string | null;
  declaredAt: Generated<Date>;
}

export interface PermissionApp {
  readonly app: string;
  readonly declarer: string | null;
  /** Whether nobody had it until now. */
  readonly isNew: boolean;
}

/**
 * Takes apps for a declarer where nobody has them, and answers whose each is. Nobody else takes or releases one of them until the
 * transaction ends.
 *
 * @param apps in one order for all callers, so that they wait for each other and never both
 */
export async function claimApps(
  transaction: Queries,
  apps: readonly string[],
  declarer: string | null,
): Promise<PermissionApp[]> {
  if (apps.length === 0) return [];
  const { rows } = await sql<PermissionApp>`
    insert into latchkey.permission_apps as present (app, declarer)
    select app, ${declarer}::uuid from unnest(${apps}::text[]) as wanted (app)
    on conflict (app) do update set declarer = present.declarer
    returning app, declarer, xmax = 0 as "isNew"`.execute(transaction.withoutPlugins());
  return rows;
}

export async function countAppsOf(db: Queries, declarer: string): Promise<number> {
  const { count } = await db
    .selectFrom("permissionApps")
    .select(sql<number>`count(*)::int`.as("count"))
    .where("declarer", "=", declarer)
    .executeTakeFirstOrThrow();
  return count;
}

export async function releaseApp(db: Queries, app: string): Promise<void> {
  await db.deleteFrom("permissionApps").where("app", "=", app).execute();
}

/** Gives apps to the service itself. */
export async function takeOverApps(db: Queries, apps: readonly string[]): Promise<void> {
  if (apps.length === 0) return;
  await db.updateTable("permissionApps").set({ declarer: null }).where("app", "in", apps).execute();
}

/** Releases what the service declares no longer, and what an account declared that is there no more. */
export async function releaseOtherApps(db: Queries, own: readonly string[]): Promise<void> {
  await sql`
    delete from latchkey.permission_apps
    where (declarer is null and app <> all(${own}::text[]))
      or (declarer is not null and not exists (select from latchkey.users where id = declarer))`.execute(db);
}

/** The permissions of an app, sorted. */
export async function listPermissionsOfApp(db: Queries, app: string): Promise<string[]> {
  const rows = await db
    .selectFrom("permissions")
    .select("permission")
    .where(appOfPermission, "=", app)
    .orderBy(sql`permission collate "C"`)
    .execute();
  return rows.map((row) => row.permission);
}

/** Deletes the permissions of apps but for those given, and every grant of them; answers which. */
export async function deletePermissionsOfApps(
  db: Queries,
  apps: readonly string[],
  kept: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ permission: string }>`
    delete from latchkey.permissions
    where split_part(permission, '.', 1) = any(${apps}::text[]) and permission <> all(${kept}::text[])
    returning permission`.execute(db);
  return rows.map((row) => row.permission).sort();
}

/** Deletes the permissions that neither are among those given nor belong to an app that some account declares; answers which. */
export async function deleteUndeclaredPermissions(db: Queries, declared: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ permission: string }>`
    delete from latchkey.permissions
    where permission <> all(${declared}::text[])
      and split_part(permission, '.', 1) not in (select app from latchkey.permission_apps where declarer is not null)
    returning permission`.execute(db);
  return rows.map((row) => row.permission).sort();
}

const appOfPermission = sql<string>`split_part(permission, '.', 1)`;
