import type { ConfigOf, NoFields } from "@latchkey/auth";

/**
 * The permissions of this service, beside the core's own. Add yours here: `shop.order` brings the four of a model, `shop.refund_order` is
 * one.
 */
export const permissions = ["notes.note"] as const;

/** What the types of this service depend on: its permissions, of which a misspelt one does not compile. */
export type ServiceConfig = ConfigOf<NoFields, typeof permissions>;
