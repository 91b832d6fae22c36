import type { CorePermission, PermissionOf } from "@latchkey/auth";

/**
 * The permissions of this service, beside the core's own. Add yours here: `shop.order` brings the four of a model, `shop.refund_order` is
 * one.
 */
export const permissions = ["notes.note"] as const;

/** Every permission there is, as a type: a misspelt one does not compile. */
export type Permission = CorePermission | PermissionOf<(typeof permissions)[number]>;
