import { availableParallelism } from "node:os";
import { z } from "zod";
import { type Clock, systemClock } from "./clock.ts";
import { type CountryCode, isCountryCode } from "./identifiers/phone.ts";
import { coreModels, permissionPattern } from "./permissions/permission.ts";
import { maximumTokenLifetime, tokenAlgorithms } from "./tokens/access-token.ts";

const seconds = (minimum: number, maximum: number) => z.int().min(minimum).max(maximum);
const name = z.string().min(1).max(255);
const day = 86_400;

const tokenOptions = z.strictObject({
  algorithm: z.enum(tokenAlgorithms).default("EdDSA"),
  /** `django` signs with `django.secretKey` and adds the old backend's claims. */
  profile: z.enum(["standard", "django"]).default("standard"),
  issuer: name.default("latchkey"),
  audience: name.default("latchkey"),
  /** Seconds for which an access token is good. */
  lifetime: seconds(60, maximumTokenLifetime).default(900),
});

const djangoOptions = z.strictObject({
  /** The old backend's `SECRET_KEY`; 32 bytes or more (RFC 7518 §3.2). */
  secretKey: z.string().refine((value) => Buffer.byteLength(value) >= 32, "is shorter than 32 bytes"),
  /** Until when the old backend's tokens are accepted; absent: never. */
  acceptTokensUntil: z.date().optional(),
});

const passwordOptions = z.strictObject({
  /** The base-2 logarithm of bcrypt's rounds. */
  cost: z.int().min(4).max(15).default(12),
  /** Code points. */
  minimumLength: z.int().min(6).max(64).default(8),
  /** Hashes at once: about as many as cores, and fewer than libuv's thread pool has threads, which is 4 unless set. */
  hashConcurrency: z
    .int()
    .min(1)
    .max(256)
    .default(() => Math.min(2, availableParallelism())),
  /** Hashes that may wait for their turn; beyond it the answer is `overloaded`. */
  hashQueueLimit: z.int().min(0).max(10_000).default(64),
});

const sessionOptions = z
  .strictObject({
    /** Seconds from its start after which a session ends. */
    lifetime: seconds(300, 400 * day).default(90 * day),
    /** Seconds without a refresh after which a session ends. */
    idleLifetime: seconds(300, 400 * day).default(30 * day),
    /** Seconds for which a refresh token that has just been used is answered with the same successor once more. */
    refreshGrace: seconds(0, 600).default(30),
    /** Seconds for which it is answered beyond that, to the same program, while nobody has used what it was answered before. */
    refreshRetry: seconds(0, day).default(day),
    /** Sessions that one person may have; beyond it the one used longest ago ends. */
    perUser: z.int().min(1).max(1_000).default(50),
  })
  .refine((value) => value.idleLifetime <= value.lifetime, {
    path: ["idleLifetime"],
    message: "is longer than the session itself",
  });

const permission = z.string().max(150).regex(new RegExp(permissionPattern), "is not written like app.action_model");
const model = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/, "is not written like app.model");

const optionsSchema = z
  .strictObject({
    /** The service's secret, from which every other key is derived. */
    secret: z.string().min(32),
    tokens: tokenOptions.prefault({}),
    django: djangoOptions.optional(),
    passwords: passwordOptions.prefault({}),
    sessions: sessionOptions.prefault({}),
    /** Whether strangers may open accounts of their own. */
    registration: z.enum(["open", "closed"]).default("open"),
    /** Seconds for which the audit trail is kept. */
    auditRetention: seconds(day, 3_650 * day).default(400 * day),
    /** The kinds of things that permissions are about, such as `notes.note`, beside the core's own. */
    models: z
      .array(model)
      .default([])
      .transform((models) => [...coreModels, ...models]),
    /** Permissions beyond the four of each model, such as `notes.publish_note`. */
    customPermissions: z.array(permission).default([]),
    phones: z
      .strictObject({
        /** ISO 3166-1 alpha-2; without it only international spellings are phone numbers. */
        defaultCountry: z
          .custom<CountryCode>((value) => typeof value === "string" && isCountryCode(value), "is not a country")
          .optional(),
      })
      .prefault({}),
  })
  .refine((value) => value.tokens.profile === "standard" || value.django, {
    path: ["django"],
    message: "is needed by the token profile `django`",
  });

/** What the core is told: everything has a default but the secret. */
export type AuthOptions = z.input<typeof optionsSchema> & {
  /** Time of the process; for tests. */
  readonly clock?: Clock;
};

export type ResolvedOptions = z.output<typeof optionsSchema> & { readonly clock: Clock };

/** Checks options once, and fills in what is missing. Throws a ZodError that names what is wrong. */
export function resolveOptions({ clock = systemClock, ...options }: AuthOptions): ResolvedOptions {
  return { ...optionsSchema.parse(options), clock };
}
