import { permissionPattern } from "@latchkey/auth/import";
import type { AmbiguousPermission, OldPermission } from "../old-row.ts";

const grammar = new RegExp(permissionPattern);

/** Longer ones cannot be declared. */
const longest = 100;

const toSnakeCase = (text: string) =>
  text
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toLowerCase();

/** What has no letter or digit of ours is spelled by its code points. */
const toWord = (text: string) =>
  toSnakeCase(text) || Array.from(text, (character) => `u${character.codePointAt(0)?.toString(16)}`).join("") || "it";

/** `reset_2fa` is `reset2fa`: what follows the first underscore begins with a letter. */
const joinFigures = (action: string) =>
  action.replace(/^[a-z0-9]*(?:_\d[a-z0-9]*)+/, (beginning) => beginning.replaceAll("_", ""));

const fromLetter = (word: string) => (/^[a-z]/.test(word) ? word : `can${word}`);

/**
 * What a permission of Django is called here: `app.codename` where that is `app.action_model` already. `approveOrder` becomes
 * `approve_order`, `close-order` `close_order`, and `publish` of the model `article` `publish_article`.
 */
export function toPermission({ app, codename, model }: OldPermission): string {
  const asItIs = `${app}.${codename}`;
  if (grammar.test(asItIs)) return asItIs.slice(0, longest);
  const action = joinFigures(toWord(codename));
  const named = action.includes("_") ? action : `${action}_${fromLetter(toWord(model).replaceAll("_", ""))}`;
  return `${fromLetter(toWord(app))}.${fromLetter(named)}`.slice(0, longest);
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
