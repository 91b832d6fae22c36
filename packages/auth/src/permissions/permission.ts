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

/** The models of the core itself. */
export const coreModels = ["auth.user", "auth.group", "auth.auditevent"] as const satisfies readonly ModelName[];
export type CorePermission = PermissionFor<(typeof coreModels)[number]>;

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

/** All permissions of the given models, in a fixed order. */
export function listModelPermissions(models: readonly ModelName[]): string[] {
  return models.flatMap((model) => modelActions.map((action) => permissionFor(model, action)));
}

/** What a permission looks like: `app.action_model`, in lower case. */
export const permissionPattern = "^[a-z][a-z0-9_]*\\.[a-z][a-z0-9]*_[a-z][a-z0-9_]*$";
