import { z } from "zod";
import { providerUrl, webhookSecret } from "../messages/message-settings.ts";

/** Several of a kind with commas between them. */
const listOf = (one: z.ZodType<string>, most: number) =>
  z.string().transform((value, context): readonly string[] => {
    const parts = value.split(",").map((part) => part.trim());
    const faults = parts.flatMap((part) => one.safeParse(part).error?.issues[0]?.message ?? []);
    const fault = parts.length > most ? `has more than ${most}` : faults[0];
    if (fault === undefined) return parts;
    context.addIssue(fault);
    return z.NEVER;
  });

const endpointUrl = providerUrl.refine((value) => {
  if (!URL.canParse(value)) return false;
  const { username, password, hash } = new URL(value);
  return username + password + hash === "" && nameEndpoint(value).length <= 255;
}, "must be addresses such as https://shop.example/hooks/latchkey, without a password in them");

/** The settings of webhooks, by their names in the environment. */
export const webhookSettings = {
  WEBHOOKS: listOf(endpointUrl, 10).default([]),
  WEBHOOK_SECRET: listOf(webhookSecret, 4).optional(),
};

export type WebhookSettings = z.output<z.ZodObject<typeof webhookSettings>>;

/** What an endpoint is called in the database and for a person: its address without the query, which may hold a secret. */
export function nameEndpoint(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

export function findWebhookContradictions(given: Readonly<Record<string, string | undefined>>): string[] {
  const names = (given.WEBHOOKS ?? "")
    .split(",")
    .flatMap((url) => (URL.canParse(url.trim()) ? nameEndpoint(url.trim()) : []));
  return [
    given.WEBHOOKS &&
      !given.WEBHOOK_SECRET &&
      `WEBHOOKS needs WEBHOOK_SECRET; make one with: node -p '"whsec_" + crypto.randomBytes(32).toString("base64")'`,
    new Set(names).size < names.length && "WEBHOOKS names an address twice",
  ].filter((problem) => typeof problem === "string");
}
