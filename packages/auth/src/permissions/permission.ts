/** The four actions that every model has, as in Django. */
export const modelActions = ["view", "add", "change", "delete"] as const;
export type ModelAction = (typeof modelActions)[number];

/** A kind of thing that permissions are about, such as `notes.note`: the app, a dot, the model. */
export type ModelName = `${string}.${string}`;

/** The permission for an action on a model: `notes.change_note` for `change` and `notes.note`. */
export type PermissionFor<
  Model extends string,
  Action extends string = ModelAction,
> = Model extends `${infer App}.${infer Name}` ? `${App}.${Action}_${Name}` : never;

/**
 * The permissions that a declaration brings: the four of a model, such as `shop.order`, or the one that is written out, such as
 * `shop.refund_order`. A model's name holds no underscore, as in Django.
 */
export type PermissionOf<Declaration extends string> = Declaration extends `${string}.${string}_${string}`
  ? Declaration
  : PermissionFor<Declaration>;

/** The models of the core itself. */
export const coreModels = ["auth.user", "auth.group", "auth.auditevent"] as const satisfies readonly ModelName[];
/** Its permissions that are about no model of its own. */
export const corePermissions = [
  "auth.declare_permission",
  "auth.rotate_key",
  "auth.view_contact",
  "auth.view_service",
  "auth.view_setting",
] as const;
export type CorePermission = PermissionFor<(typeof coreModels)[number]> | (typeof corePermissions)[number];

/**
 * The permission for an action on a model.
 *
 * @example
 * permissionFor("notes.note", "change"); // "notes.change_note"
 */
export function permissionFor<Model extends ModelName, Action extends ModelAction>(
  model: Model,
  action: Action,
): PermissionFor<Model, Action> {
  const [app, name] = model.split(".");
  return `${app}.${action}_${name}` as PermissionFor<Model, Action>;
}

/** All permissions that declarations bring, in one order for all processes: so they wait for each other and never both. */
export function listPermissionsOf(declarations: readonly string[]): string[] {
  const permissions = declarations.flatMap((declaration) =>
    isModelName(declaration) ? modelActions.map((action) => permissionFor(declaration, action)) : [declaration],
  );
  return [...new Set(permissions)].sort();
}

const isModelName = (declaration: string): declaration is ModelName => /^[^.]+\.[^_]+$/.test(declaration);

/** What a permission looks like: `app.action_model`, in lower case. */
export const permissionPattern = "^[a-z][a-z0-9_]*\\.[a-z][a-z0-9]*_[a-z][a-z0-9_]*$";

/** What is declared: a permission, or `app.model`. */
export const declarationPattern = `${permissionPattern}|^[a-z][a-z0-9_]*\\.[a-z][a-z0-9]*$`;

const declarationExpression = new RegExp(declarationPattern);

/** Whether a text is a permission or a model, and short enough that the permissions of the model are as well. */
export function isDeclaration(text: string): boolean {
  return text.length <= 100 && !text.includes("\n") && declarationExpression.test(text);
}

/** Whether a text is what permissions begin with. */
export function isAppName(text: string): boolean {
  return text.length <= 64 && /^[a-z][a-z0-9_]*$/.test(text) && !text.includes("\n");
}

/** What a permission or a model begins with: `shop` of `shop.order`. */
export function appOf(declaration: string): string {
  return declaration.slice(0, declaration.indexOf("."));
}

/** What a declaration of permissions changed. */
export interface SyncedPermissions {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}
