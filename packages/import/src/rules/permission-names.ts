import { permissionPattern } from "@latchkey/auth/import";
import type { AmbiguousPermission, OldPermission } from "../old-row.ts";

const grammar = new RegExp(permissionPattern);

const toSnakeCase = (text: string) =>
  text
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toLowerCase();

/**
 * What a permission of Django is called here: `app.codename` where that is `app.action_model` already. `approveOrder` becomes
 * `approve_order`, `close-order` `close_order`, and `publish` of the model `article` `publish_article`.
 */
export function toPermission({ app, codename, model }: OldPermission): string {
  const asItIs = `${app}.${codename}`;
  if (grammar.test(asItIs)) return asItIs;
  const action = toSnakeCase(codename);
  const named = action.includes("_") ? action : `${action}_${toSnakeCase(model).replaceAll("_", "") || "it"}`;
  return `${toSnakeCase(app)}.${named}`;
}

/** What a permission is called there. */
export const nameThere = ({ app, codename }: OldPermission): string => `${app}.${codename}`;

/**
 * The permissions whose name here would be that of another one there, and that are not called so themselves: `deleteOrder` beside
 * `delete_order`. Whoever has the one would get the other.
 */
export function findAmbiguous(permissions: readonly OldPermission[]): AmbiguousPermission[] {
  const owners = new Map<string, Set<string>>();
  for (const permission of permissions) {
    const name = toPermission(permission);
    owners.set(name, (owners.get(name) ?? new Set()).add(nameThere(permission)));
  }
  const isAmbiguous = ({ permission, name }: AmbiguousPermission) =>
    permission !== name && (owners.get(name)?.size ?? 0) > 1;
  return permissions
    .map((permission) => ({ permission: nameThere(permission), name: toPermission(permission) }))
    .filter(isAmbiguous);
}
