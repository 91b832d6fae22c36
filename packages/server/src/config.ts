import type { AuthOptions, DeliverWebhook, NoFields, ProfileFields } from "@latchkey/auth";
import type { OwnMigrations } from "./own-migrations.ts";
import type { PagesConfig } from "./pages-config.ts";
import type { RedirectClient } from "./redirect-clients.ts";

/** What a team declares of its own, whether Latchkey runs by itself or in a server of theirs. */
export interface LatchkeyConfig<
  Fields extends ProfileFields = ProfileFields,
  Declared extends readonly string[] = readonly string[],
> extends Pick<AuthOptions<Fields, Declared>, "profile" | "permissions" | "on"> {
  /** Senders and texts of your own; the rest of what concerns messages is set by the service's settings. */
  readonly messages?: Pick<NonNullable<AuthOptions["messages"]>, "senders" | "texts" | "limits">;
  /**
   * Programs that are told of people, beside those of the setting `WEBHOOKS`: by a name that stays, what hands an event over. It resolves
   * when the event has arrived, and is called again when it throws or takes more than five seconds.
   *
   * @example
   * webhooks: { endpoints: { queue: async ({ id, body }) => { await queue.publish("people", body, { id }); } } },
   */
  readonly webhooks?: { readonly endpoints: Readonly<Record<string, DeliverWebhook>> };
  /** How the service's own pages look and speak: see docs/pages.md. */
  readonly pages?: PagesConfig;
  /**
   * Apps on other origins, or on phones, that sign their people in by the service's pages.
   *
   * @example
   * clients: [{ id: "shop", name: "Corner Shop", redirectUris: ["https://shop.example.com/signed-in"] }],
   */
  readonly clients?: readonly RedirectClient[];
  /** Tables of your own, made after Latchkey's. */
  readonly migrations?: OwnMigrations;
}

/**
 * For the default export of `latchkey.config.ts`: gives it its types, and answers it as it is.
 *
 * @example
 * export default defineLatchkeyConfig({
 *   permissions: ["shop.order"],
 *   profile: { nickname: z.string().max(80).nullable() },
 * });
 */
export function defineLatchkeyConfig<
  const Fields extends ProfileFields = NoFields,
  const Declared extends readonly string[] = readonly [],
>(config: LatchkeyConfig<Fields, Declared>): LatchkeyConfig<Fields, Declared> {
  return config;
}
