import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError, type InputIssueCode } from "../../errors.ts";
import type { SyncedPermissions } from "../../permissions/permission.ts";
import { appOf, isAppName, isDeclaration, listPermissionsOf } from "../../permissions/permission.ts";
import {
  claimApps,
  countAppsOf,
  deletePermissionsOfApps,
  listPermissionsOfApp,
  type PermissionApp,
  releaseApp,
} from "../../permissions/permission-app-store.ts";
import { insertPermissions } from "../../permissions/permission-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { type Administrator, requireStillSuperuser } from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";

export interface DeclarePermissionsInput {
  /** What all of the permissions begin with, such as `shop`. */
  readonly app: string;
  /** `shop.order` brings the four of a model, `shop.refund_order` is one. */
  readonly permissions: readonly string[];
  /** Whether the app's permissions that are not among them are withdrawn, with every grant of them. */
  readonly prune?: boolean | undefined;
}

/** Permissions of one app, and apps of one declarer. */
const most = { permissions: 500, apps: 20 } as const;

/**
 * Creates the permissions of an app that another program has, for the account that it runs as. The first account to declare an app has
 * it from then on, until it withdraws everything: `permissions: []` with `prune` releases the app, which a superuser may do for others.
 *
 * @throws AuthError `invalid_input`, `identifier_taken` when the app is somebody else's
 */
export async function declarePermissions(
  core: Core,
  { user, facts }: Administrator,
  { app, permissions: declarations, prune = false }: DeclarePermissionsInput,
): Promise<SyncedPermissions> {
  requireDeclarations(app, declarations, prune);
  const declared = listPermissionsOf(declarations);
  return core.db.transaction().execute(async (transaction) => {
    await requireStillSuperuser(transaction, user);
    const [claimed] = await claimApps(transaction, [app], user.id);
    const isReleased = declared.length === 0;
    if (claimed) await requireOwnApp(transaction, user, claimed, isReleased);
    const removed = prune ? await deletePermissionsOfApps(transaction, [app], declared) : [];
    const added = await insertPermissions(transaction, declared);
    if ((await listPermissionsOfApp(transaction, app)).length > most.permissions)
      throw invalid("permissions", "too_long", `are more than ${most.permissions} with those that the app has`);
    if (isReleased) await releaseApp(transaction, app);
    if (added.length > 0 || removed.length > 0) {
      const event = { event: "permissions_declared", app, added, removed } as const;
      await recordEvent(transaction, event, { ...facts, actorId: user.id, subjectId: null });
    }
    return { added, removed };
  });
}

function requireDeclarations(app: string, declarations: readonly string[], prune: boolean): void {
  if (app === "auth") throw invalid("app", "reserved", "is the core's own");
  if (!isAppName(app))
    throw invalid("app", "invalid_format", "is lower case letters, digits and underscores, and begins with a letter");
  if (declarations.length === 0 && !prune)
    throw invalid("permissions", "too_short", "are none: only with `prune` does that say anything");
  const stray = declarations.findIndex((declaration) => !isDeclaration(declaration) || appOf(declaration) !== app);
  if (stray >= 0)
    throw invalid(["permissions", stray], "invalid_format", `is not written like ${app}.model or ${app}.action_model`);
}

async function requireOwnApp(
  transaction: Queries,
  user: User,
  { app, declarer, isNew }: PermissionApp,
  isReleased: boolean,
): Promise<void> {
  const mayRelease = user.isSuperuser && isReleased && declarer !== null;
  if (declarer !== user.id && !mayRelease) throw taken();
  if (!isNew) return;
  // Of a release that did not know whose an app is, or left over: with grants that were not meant for these permissions.
  if ((await listPermissionsOfApp(transaction, app)).length > 0) throw taken();
  if ((await countAppsOf(transaction, user.id)) > most.apps)
    throw invalid("app", "too_large", `is one more than ${most.apps}`);
}

function taken(): AuthError {
  const issues = [{ path: ["app"], code: "taken" as const, message: "belongs to another program" }];
  return new AuthError("identifier_taken", "Another program declares the permissions of that app", { issues });
}

function invalid(path: string | readonly (string | number)[], code: InputIssueCode, message: string): AuthError {
  return new AuthError("invalid_input", "The input is not valid", { issues: [{ path: [path].flat(), code, message }] });
}
