import type { CorePermission, ModelName, PermissionFor } from "@latchkey/auth";

/** The kinds of things of this service that permissions are about, beside the core's own. Add yours here. */
export const models = ["notes.note"] as const satisfies readonly ModelName[];

/** Every model of this service. */
export type Model = (typeof models)[number];

/** Every permission there is, as a type: a misspelt one does not compile. */
export type Permission = CorePermission | PermissionFor<Model>;
