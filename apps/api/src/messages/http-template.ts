import { sendRefusals } from "@latchkey/auth/internal";
import type { HttpOptions, Template } from "@latchkey/senders/http";
import { z } from "zod";

const template: z.ZodType<Template> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(template), z.record(z.string(), template)]),
);

const schema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  method: z.enum(["POST", "PUT"]).default("POST"),
  headers: z.record(z.string(), z.string()).default({}),
  format: z.enum(["json", "form"]),
  body: z.record(z.string(), template),
  providerId: z.string().min(1).optional(),
  result: z
    .strictObject({
      path: z.string().min(1),
      ok: z.array(z.string()).min(1),
      refusals: z.record(z.string(), z.enum(sendRefusals)).default({}),
    })
    .optional(),
});

/** How a provider is called that has an HTTP API, as JSON in one setting. It is a secret: a key is among its headers. */
export const httpTemplate = z.string().transform((value, context): HttpOptions => {
  const parsed = schema.safeParse(toJson(value));
  if (parsed.success) {
    const { providerId, result, ...rest } = parsed.data;
    return { ...rest, ...(providerId && { providerId }), ...(result && { result }) };
  }
  // Where it is wrong may be told; what stands there may not.
  const where = [...new Set(parsed.error.issues.map(({ path }) => path.join(".")).filter(Boolean))];
  context.addIssue(
    `must be JSON with url, format and body${where.length > 0 ? `; look at ${where.join(", ")}` : ""}, as docs/messages.md shows`,
  );
  return z.NEVER;
});

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
