import { availableParallelism } from "node:os";
import { z } from "zod";
import type { AuditEvent } from "./audit/audit-event.ts";
import type { AuditStreamOptions } from "./audit/stream.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { ConfigOf, UserOf } from "./config.ts";
import type { HookName, Hooks } from "./hooks/hooks.ts";
import { type CountryCode, isCountryCode } from "./identifiers/phone.ts";
import { messagesOption } from "./messages/messages-option.ts";
import { passkeyOption } from "./passkeys/relying-party.ts";
import { coreModels, corePermissions, declarationPattern, listPermissionsOf } from "./permissions/permission.ts";
import type { SessionChange } from "./sessions/session-listener.ts";
import { maximumTokenLifetime, tokenAlgorithms } from "./tokens/access-token.ts";
import { defineProfile, type NoFields, type ProfileDefinition, type ProfileFields } from "./users/profile.ts";
import type { User } from "./users/user.ts";
import { type Watch, watchNothing } from "./watch.ts";
import type { DeliverWebhook, WebhookOutcome } from "./webhooks/webhooks.ts";

const seconds = (minimum: number, maximum: number) => z.int().min(minimum).max(maximum);
const name = z.string().min(1).max(255);
const day = 86_400;

const tokenOptions = z
  .strictObject({
    algorithm: z.enum(tokenAlgorithms).default("EdDSA"),
    /** `django` and `simplejwt` sign with `django.secretKey` and add the claims of the old backend, or of djangorestframework-simplejwt. */
    profile: z.enum(["standard", "django", "simplejwt"]).default("standard"),
    issuer: name.default("latchkey"),
    /**
     * The service's own audience, the only one whose tokens open its procedures, or a list that begins with it: for each of the others, which
     * are APIs of the team's, a session is exchanged for a token that opens that API and nothing here.
     */
    audience: z.union([name, z.array(name).min(1).max(20).readonly()]).default("latchkey"),
    /** Whether tokens of people who came from another system say their id there: the claim `external_id`. */
    externalId: z.boolean().default(false),
    /** Seconds for which an access token is good. */
    lifetime: seconds(60, maximumTokenLifetime).default(900),
    /**
     * Seconds after which a signing key is followed by another, which is published before it signs; `off` to leave that to `rotateKeys`. 90
     * days unless said, and `off` for HS256, whose secret others are handed.
     */
    keyLifetime: z.union([seconds(day, 3_650 * day), z.literal("off")]).optional(),
  })
  .transform(({ audience, keyLifetime: given, ...rest }) => {
    const audiences = [...new Set([audience].flat())];
    const keyLifetime = given ?? (rest.algorithm === "HS256" ? "off" : 90 * day);
    return { ...rest, audience: String(audiences[0]), audiences, keyLifetime };
  });

const djangoOptions = z.strictObject({
  /** The old backend's `SECRET_KEY`; 32 bytes or more (RFC 7518 §3.2). */
  secretKey: z.string().refine((value) => Buffer.byteLength(value) >= 32, "is shorter than 32 bytes"),
  /** Until when the old backend's tokens are accepted; absent: never. */
  acceptTokensUntil: z.date().optional(),
  /** The name under which the old backend's people are recorded here: only they are looked at. */
  source: z.string().default("django"),
  /** Whether its tokens are accepted for staff, superusers and holders of any permission too. */
  dangerouslyAcceptTokensOfStaff: z.boolean().default(false),
  /** Since when the old backend makes and renames no accounts any more; absent: it still does. */
  frozenAt: z.date().optional(),
});

const passwordOptions = z.strictObject({
  /** The base-2 logarithm of bcrypt's rounds. */
  cost: z.int().min(4).max(15).default(12),
  /**
   * How new passwords are stored. `pbkdf2_sha256` is read by every Django, also without the package `bcrypt`: for a way back. Hashes of
   * another format are replaced at the next sign-in.
   */
  format: z.enum(["bcrypt_sha256", "pbkdf2_sha256", "argon2id"]).default("bcrypt_sha256"),
  /** MiB that a hash of argon2id takes: as many times that as hashes run at once. */
  memory: z.int().min(19).max(256).default(64),
  /** Code points. */
  minimumLength: z.int().min(8).max(64).default(8),
  /**
   * Until when an import's digests of MD5 and SHA-1, which stand within bcrypt until their owners sign in, are good; then they are cleared. A
   * year after the last round of an import unless said.
   */
  weakHashesUntil: z.date().optional(),
  /** Names of the team, the product or the host, beside `latchkey`: a password is refused of which little else is left. */
  blockedWords: z.array(z.string().min(2).max(100)).max(100).default([]),
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
    /** Seconds for which a session that was ended is kept: as long as an access token at least. */
    endedRetention: seconds(day, 400 * day).default(7 * day),
    /** Sessions that one person may have; beyond it the one used longest ago ends. */
    perUser: z.int().min(1).max(1_000).default(50),
  })
  .refine((value) => value.idleLifetime <= value.lifetime, {
    path: ["idleLifetime"],
    message: "is longer than the session itself",
  });

/** Who shows a second factor besides. */
export const secondFactorRules = ["off", "optional", "staff", "all"] as const;

/** Whose devices may be remembered at the second factor. */
export const rememberRules = ["all", "no_rights", "optional"] as const;

const rememberOptions = z.strictObject({
  /** Seconds for which a device is remembered whose owner wants it when they show their second factor; `off`: none is. */
  lifetime: z.union([seconds(3_600, 90 * day), z.literal("off")]).default(30 * day),
  /** Everybody's; of those who hold no rights; or only of those whom `secondFactor` asks for none, and who have set one up. */
  of: z.enum(rememberRules).default("no_rights"),
});

const codeOptions = z.strictObject({
  /**
   * Whose codes sign people in without a password: of phone numbers, of e-mail addresses, of both or none. `phone` unless said, where a
   * sender for phone numbers is configured; standards do not count e-mail as out of band.
   */
  signInByCode: z.enum(["off", "phone", "email", "both"]).optional(),
  /** Whether a code alone opens accounts that hold rights: staff, superusers, and whoever has a permission. */
  holdersByCode: z.boolean().default(false),
  /**
   * Whether wrong codes that were sent for an account end at a last guess, 80 in a row by strangers and 100 in all, as NIST SP 800-63B-4 asks.
   * Without it codes get longer and nobody is kept out, whoever guesses.
   */
  hasLastGuess: z.boolean().default(false),
  /** Seconds since its last proof for which a phone number opens its account; carriers give numbers away after 45 days. */
  phoneTrust: seconds(day, 400 * day).default(40 * day),
  /** Whether a phone number may be all that an account has. */
  numberOnly: z.boolean().default(true),
  /** The same seconds for a number that is all its account has, since its last proof or the last use of a session. */
  numberOnlyTrust: seconds(day, 800 * day).default(180 * day),
});

const permissionDeclaration = z
  .string()
  .max(100)
  .regex(new RegExp(declarationPattern), "is not written like app.model or app.action_model")
  .refine((declaration) => !declaration.startsWith("auth."), "is among the core's own: name it after your app");

const secretText = z.string().min(32);

const optionsSchema = z
  .strictObject({
    /**
     * The service's secret, which every key is derived from or sealed with. While it is replaced, several: new things use the first, and
     * the others open what they have sealed.
     */
    secret: z.union([secretText, z.array(secretText).min(1).max(10).readonly()]),
    tokens: tokenOptions.prefault({}),
    django: djangoOptions.optional(),
    passwords: passwordOptions.prefault({}),
    sessions: sessionOptions.prefault({}),
    /** Whether strangers may open accounts of their own. */
    registration: z.enum(["open", "closed"]).default("open"),
    /** Apps that sign their people in by the service's pages: what the lists of sessions call them. */
    clients: z
      .array(z.object({ id: name, name }))
      .readonly()
      .default([]),
    /** Codes and messages: who sends them, where to, and how many. */
    messages: messagesOption.prefault({}),
    /** Programs of your own that are told of people. */
    webhooks: z
      .strictObject({
        /** What hands an event to each, by a name that stays: its events wait under it. */
        endpoints: z
          .record(
            name,
            z.custom<DeliverWebhook>((value) => typeof value === "function"),
          )
          .default({}),
        onOutcome: z.custom<(outcome: WebhookOutcome) => void>((value) => typeof value === "function").optional(),
        /** Told when the events could not be read or written; it is tried again. */
        onError: z.custom<(error: unknown) => void>((value) => typeof value === "function").optional(),
      })
      .prefault({}),
    /** What codes open. */
    codes: codeOptions.prefault({}),
    /**
     * Who needs a second factor: with `off` nobody can enrol one, with `optional` whoever wants to, with `staff` all who hold rights have to,
     * and with `all` everybody. One that is enrolled is asked for whatever is set.
     */
    secondFactor: z.enum(secondFactorRules).default("optional"),
    /** Devices on which the first factor is enough for a while, to sign in and for nothing else. */
    rememberedDevices: rememberOptions.prefault({}),
    /**
     * Whether a recovery code takes lost second factors away, or makes a passkey beside them. Without it an administrator alone does: NIST
     * SP 800-63B-4 wants more than one code for that, and whoever has lost the factor has none.
     */
    recoveryRemovesFactors: z.boolean().default(true),
    /** Passkeys; absent: nobody can add one or sign in by one. */
    passkeys: passkeyOption.optional(),
    /**
     * Seconds without a sign-in, and without a session that could have been used, after which an account is deleted; its owner is told 30 days
     * before, and a sign-in keeps it. Accounts that hold rights, and disabled ones, stay. Absent: accounts are kept.
     */
    inactiveRetention: seconds(180 * day, 3_650 * day).optional(),
    /** What the text is called to which people agree with `isApprovedToBeInTouch`, such as `2026-11`: noted with each decision. */
    consentTextVersion: z.string().min(1).max(100).optional(),
    /** Seconds for which the audit trail is kept. */
    auditRetention: seconds(day, 3_650 * day).default(400 * day),
    /** Seconds after which an account that lost its last name is deleted, unless a session of it goes on. */
    parkedRetention: seconds(30 * day, 3_650 * day).default(365 * day),
    /** Another system that is told of every event of the audit trail. */
    auditStream: z
      .strictObject({
        name,
        deliver: z.custom<AuditStreamOptions["deliver"]>((value) => typeof value === "function"),
        onError: z.custom<(error: unknown) => void>((value) => typeof value === "function").optional(),
      })
      .optional(),
    /** Told when events of the audit trail could not be sealed, or refusals that were counted not be written; it is tried again. */
    onAuditError: z.custom<(error: unknown) => void>((value) => typeof value === "function").optional(),
    /** Whether the trail says who read other people's data as well. */
    auditReads: z.boolean().default(false),
    /**
     * What the calls of one signed-in person may cost within a minute in one process: those about their own account, of which a change costs 1
     * and a copy of their data 20, and those about others; 0 is no limit.
     */
    callBudgets: z
      .strictObject({
        own: z.int().min(0).max(1_000_000).default(60),
        administration: z.int().min(0).max(1_000_000).default(600),
      })
      .prefault({}),
    /** Milliseconds by which procedures answer later that a limit is reached, so that a client in a loop cannot ask often; 0 for tests. */
    refusalDelay: z.int().min(0).max(1_000).default(50),
    permissions: z
      .array(permissionDeclaration)
      .default([])
      .transform((declarations) => listPermissionsOf([...coreModels, ...corePermissions, ...declarations])),
    phones: z
      .strictObject({
        /** ISO 3166-1 alpha-2; without it only international spellings are phone numbers. */
        defaultCountry: z
          .custom<CountryCode>((value) => typeof value === "string" && isCountryCode(value), "is not a country")
          .optional(),
      })
      .prefault({}),
  })
  .refine((value) => value.tokens.profile === "standard" || value.tokens.audiences.length === 1, {
    path: ["tokens", "audience"],
    message: "is one alone in the token profiles `django` and `simplejwt`, whose tokens have none",
  })
  .refine((value) => value.tokens.profile === "standard" || value.django, {
    path: ["django"],
    message: "is needed by the token profiles `django` and `simplejwt`",
  });

/** What the core is told: everything has a default but the secret. */
export interface AuthOptions<
  Fields extends ProfileFields = NoFields,
  Declared extends readonly string[] = readonly string[],
> extends Omit<z.input<typeof optionsSchema>, "permissions"> {
  /**
   * The permissions of your own: `shop.order` brings the four of a model (`shop.view_order` and its like), `shop.refund_order` is one.
   * None is called `auth.…`.
   */
  readonly permissions?: Declared;
  /**
   * Fields of your own beside the built-in ones: a schema of zod 4 by name, whose values are JSON and which has a default or is nullable.
   *
   * @example
   * profile: { nickname: z.string().max(80).nullable() }
   */
  readonly profile?: Fields;
  /** What you are told of people. */
  readonly on?: Hooks<UserOf<ConfigOf<Fields, Declared>>>;
  /** Told what failed where no caller is told: a hook that runs after what it tells. Without it, Node prints a warning. */
  readonly onError?: (error: unknown, about: { readonly hook: HookName }) => void;
  /**
   * Runs each piece of work that takes time, for whoever measures or traces it; `createLatchkey` makes spans of OpenTelemetry.
   *
   * @example
   * watch: (work, facts, run) => tracer.startActiveSpan(work, (span) => run().finally(() => span.end()))
   */
  readonly watch?: Watch;
  /**
   * Told of each event of the audit trail that this process wrote, once it is committed and at most once; for whoever counts. It must not throw.
   * What must arrive is told by `auditStream`.
   */
  readonly onAuditEvent?: (event: AuditEvent) => void;
  /**
   * Told of each session that this process opened, refreshed or ended, once it is committed and at most once; for whoever counts. It must not
   * throw.
   */
  readonly onSessionChange?: (change: SessionChange) => void;
  /** Time of the process; for tests. */
  readonly clock?: Clock;
}

type Checked = z.output<typeof optionsSchema>;

export interface ResolvedOptions extends Omit<Checked, "codes" | "secret"> {
  readonly secrets: readonly [string, ...string[]];
  readonly codes: Checked["codes"] & { readonly signInByCode: NonNullable<Checked["codes"]["signInByCode"]> };
  readonly clock: Clock;
  readonly profile: ProfileDefinition;
  readonly on: Hooks<User>;
  readonly onError: (error: unknown, about: { readonly hook: HookName }) => void;
  readonly watch: Watch;
  readonly onAuditEvent: ((event: AuditEvent) => void) | undefined;
  readonly onSessionChange: ((change: SessionChange) => void) | undefined;
}

/** Checks options once, and fills in what is missing. Throws a ZodError or a StartError that names what is wrong. */
export function resolveOptions<Fields extends ProfileFields, Declared extends readonly string[]>({
  clock = systemClock,
  profile,
  on,
  onError = warn,
  watch = watchNothing,
  onAuditEvent,
  onSessionChange,
  permissions = [] as never,
  ...options
}: AuthOptions<Fields, Declared>): ResolvedOptions {
  const { codes, secret, ...checked } = optionsSchema.parse({ ...options, permissions: [...permissions] });
  const { sms, whatsapp } = checked.messages.senders;
  return {
    ...checked,
    secrets: [...new Set([secret].flat())] as [string, ...string[]],
    codes: { ...codes, signInByCode: codes.signInByCode ?? (sms || whatsapp ? "phone" : "off") },
    clock,
    profile: defineProfile(profile),
    // Users are handed over with the fields that `profile` names, which no type of the core's own says.
    on: (on ?? {}) as Hooks<User>,
    onError,
    watch,
    onAuditEvent,
    onSessionChange,
  };
}

function warn(error: unknown, { hook }: { readonly hook: HookName }): void {
  process.emitWarning(
    `The hook ${hook} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
}
