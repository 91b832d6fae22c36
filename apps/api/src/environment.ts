import { availableParallelism } from "node:os";
import { type MigrationMode, StartError } from "@latchkey/auth";
import { findSecretWeakness, rememberRules, secondFactorRules, tokenAlgorithms } from "@latchkey/auth/internal";
import { findOriginFault, isTrustedProxy, parsePublicUrl } from "@latchkey/server/internal";
import { distance } from "fastest-levenshtein";
import { z } from "zod";
import type { AccessLog } from "./access-log.ts";
import { auditStreamSettings, findStreamContradictions } from "./audit/audit-stream-settings.ts";
import { consoleSettings, findConsoleContradictions } from "./console-settings.ts";
import { findDatabaseUrlFault, findUnreadVariables, readDatabaseUrl } from "./database-url.ts";
import { isDevelopment } from "./development.ts";
import {
  findMessageContradictions,
  isLocalDatabase,
  messageSecrets,
  messageSettings,
  type SenderName,
} from "./messages/message-settings.ts";
import { findPasskeyContradictions } from "./passkey-settings.ts";
import { readSecretVariables } from "./secret-variables.ts";
import {
  audienceList,
  country,
  duration,
  host,
  integer,
  isUntrimmed,
  strongSecrets,
  time,
  toSeconds,
  untrimmed,
  wordList,
} from "./setting-formats.ts";
import { findDatabaseWireFault } from "./transport-security.ts";
import { findWebhookContradictions, webhookSettings } from "./webhooks/webhook-settings.ts";

const postgresUrl = z.string().superRefine((value, context) => {
  const fault = findDatabaseUrlFault(value);
  if (fault !== null) context.addIssue(fault);
});

const originList = z.string().transform((value, context) => {
  const origins = value.split(",").map((origin) => origin.trim());
  const fault = origins.map(findOriginFault).find((found) => found !== null);
  if (fault === undefined) return origins;
  context.addIssue(fault);
  return z.NEVER;
});

/** Pages on which browsers have passkeys. */
const secureOriginList = originList.refine((origins) => origins.every((origin) => origin.startsWith("https://")), {
  message: "must be origins with https, such as https://example.com",
});

const publicUrl = z.string().transform((value, context) => {
  const url = parsePublicUrl(value);
  if (url) return url.href;
  context.addIssue(
    "must look like https://auth.example.com or https://example.com/auth, in lower case and nothing behind it",
  );
  return z.NEVER;
});

const proxyList = z.string().transform((value, context) => {
  const proxies = value.split(",").map((proxy) => proxy.trim());
  if (proxies.every(isTrustedProxy)) return proxies;
  context.addIssue("must be addresses or networks such as 10.0.0.7 or 10.0.0.0/8, with commas between them");
  return z.NEVER;
});

const secretList = z.string().transform((value, context) => {
  const secrets = value.split(",").map((secret) => secret.trim());
  if (!secrets.some(findSecretWeakness)) return secrets;
  context.addIssue(
    `must be a strong secret, or two with a comma; make one with: node -p 'crypto.randomBytes(32).toString("base64url")'`,
  );
  return z.NEVER;
});

const workersWanted = "must be auto or a number from 1 to 256";

/** Processes on one port: as many as cores, or so many. */
const workers = z
  .string()
  .regex(/^(auto|\d{1,3})$/, workersWanted)
  .transform((value) => (value === "auto" ? availableParallelism() : Number(value)))
  .refine((value) => value >= 1 && value <= 256, workersWanted);

/** `1/100`: of ordinary answers one in a hundred. */
const accessLog = z.string().transform((value, context): AccessLog => {
  if (value === "all" || value === "failures" || value === "off") return value;
  const [, every] = /^1\/(\d{1,6})$/.exec(value) ?? [];
  if (Number(every) >= 1) return Number(every);
  context.addIssue("must be all, failures, off, or such as 1/100 for one in a hundred of ordinary answers");
  return z.NEVER;
});

const defaultPort = 3000;

/** Every setting, by its name in the environment. One without a default may be left out. */
const settingsSchema = z.object({
  HOST: host.default("127.0.0.1"),
  PORT: integer(0, 65_535).default(defaultPort),
  WORKERS: workers.default(1),
  METRICS_PORT: integer(0, 65_535).optional(),
  METRICS_HOST: host.default("127.0.0.1"),
  SHUTDOWN_DELAY: duration("0s", "5m").optional(),
  PUBLIC_URL: publicUrl.optional(),
  INSECURE_HTTP: z.enum(["yes", "no"]).default("no"),
  DATABASE_URL: postgresUrl.optional(),
  INSECURE_DATABASE: z.enum(["yes", "no"]).default("no"),
  DATABASE_POOL: integer(1, 999).optional(),
  PREPARED_STATEMENTS: z.enum(["on", "off"]).default("on"),
  LATCHKEY_EMBEDDED: z.enum(["yes", "no"]).default("no"),
  LATCHKEY_DATA_DIR: z.string().min(1).default(".latchkey"),
  BACKUP_EVERY: duration("1m", "30d").optional(),
  BACKUP_KEEP: integer(1, 1_000).default(7),
  BACKUP_DIR: z.string().min(1).optional(),
  MIGRATE: z.enum(["auto", "check", "off"]).optional(),
  LATCHKEY_CONFIG: z.string().min(1).optional(),
  LATCHKEY_SECRET: strongSecrets.optional(),
  TOKEN_ALGORITHM: z.enum(tokenAlgorithms).default("EdDSA"),
  TOKEN_PROFILE: z.enum(["standard", "django", "simplejwt"]).default("standard"),
  TOKEN_ISSUER: z.string().min(1).max(255).default("latchkey"),
  TOKEN_AUDIENCE: audienceList.default(["latchkey"]),
  TOKEN_EXTERNAL_ID: z.enum(["yes", "no"]).default("no"),
  ACCESS_TOKEN_LIFETIME: duration("1m", "24h").default(900),
  SIGNING_KEY_LIFETIME: z.literal("off").or(duration("1d", "3650d")).optional(),
  LEGACY_SECRET_KEY: z
    .string()
    .refine((value) => Buffer.byteLength(value) >= 32, "is shorter than 32 bytes")
    .refine((value) => !isUntrimmed(value), untrimmed)
    .optional(),
  LEGACY_UNTIL: time.optional(),
  LEGACY_SOURCE: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,62}$/, "must be a lower-case letter, then letters, digits, - and _")
    .default("django"),
  LEGACY_STAFF: z.enum(["yes", "no"]).default("no"),
  LEGACY_FROZEN_AT: time.optional(),
  LEGACY_HASHES_UNTIL: time.optional(),
  PASSWORD_HASH: z.enum(["bcrypt", "argon2id"]).default("bcrypt"),
  PASSWORD_COST: integer(10, 15).default(12),
  PASSWORD_MEMORY: integer(19, 256).default(64),
  PASSWORD_FORMAT: z.enum(["bcrypt_sha256", "pbkdf2_sha256"]).default("bcrypt_sha256"),
  HASH_PRIORITY: z.enum(["low", "normal"]).default("low"),
  PASSWORD_MIN_LENGTH: integer(8, 64).default(8),
  PASSWORD_BLOCKED_WORDS: wordList.default([]),
  SECOND_FACTOR: z.enum(secondFactorRules).default("optional"),
  RECOVERY_REMOVES_FACTORS: z.enum(["yes", "no"]).default("yes"),
  REMEMBER_DEVICE: z
    .literal("off")
    .or(duration("1h", "90d"))
    .default(30 * 86_400),
  REMEMBER_DEVICE_OF: z.enum(rememberRules).default("no_rights"),
  PASSKEY_RP_ID: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, "must be a host such as example.com")
    .optional(),
  PASSKEY_ORIGINS: secureOriginList.default([]),
  PHONE_DEFAULT_COUNTRY: country.optional(),
  SESSION_LIFETIME: duration("5m", "400d").default(90 * 86_400),
  SESSION_IDLE_LIFETIME: duration("5m", "400d").optional(),
  CORS_ORIGINS: originList.default([]),
  TRUSTED_PROXIES: proxyList.default([]),
  FORWARDED_SECRET: secretList.default([]),
  ENDED_SESSIONS_RETENTION: duration("1d", "400d").default(7 * 86_400),
  SESSIONS_PER_USER: integer(1, 1_000).default(50),
  REFRESH_GRACE: duration("0s", "10m").default(30),
  REFRESH_RETRY: duration("0s", "24h").default(86_400),
  REGISTRATION: z.enum(["open", "closed"]).default("open"),
  AUDIT_RETENTION: duration("1d", "3650d").default(400 * 86_400),
  INACTIVE_RETENTION: duration("180d", "3650d").optional(),
  CONSENT_TEXT_VERSION: z.string().min(1).max(100).optional(),
  PARKED_RETENTION: duration("30d", "3650d").default(365 * 86_400),
  CHANGES_PER_MINUTE: integer(0, 1_000_000).default(60),
  ADMINISTRATION_PER_MINUTE: integer(0, 1_000_000).default(600),
  AUDIT_READS: z.enum(["yes", "no"]).default("no"),
  ...auditStreamSettings,
  ...messageSettings,
  ...webhookSettings,
  ...consoleSettings,
  ACCESS_LOG: accessLog.default("all"),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

/** The settings as they are used. */
export type Settings = z.output<typeof settingsSchema> & {
  readonly isProduction: boolean;
  readonly SESSION_IDLE_LIFETIME: number;
  readonly SIGNING_KEY_LIFETIME: number | "off";
  readonly MIGRATE: MigrationMode;
  readonly SHUTDOWN_DELAY: number;
  readonly MESSAGES: readonly SenderName[];
  readonly DATABASE_POOL: number;
  /** The settings that somebody has set, by name. */
  readonly given: readonly string[];
  /** Where the database of `DATABASE_URL` is, for a person. */
  readonly place: string | undefined;
};

type Variables = Readonly<Record<string, string | undefined>>;

/** The settings that are secrets: they are never shown, and each may come from the file that `NAME_FILE` names. */
export const secretSettings: readonly (keyof z.output<typeof settingsSchema>)[] = [
  "DATABASE_URL",
  "LATCHKEY_SECRET",
  "LEGACY_SECRET_KEY",
  "FORWARDED_SECRET",
  ...messageSecrets,
  "WEBHOOK_SECRET",
  "AUDIT_STREAM_SECRET",
];

/** The settings of this process. The one place that reads the environment. */
export function readEnvironment(): Settings {
  return parseSettings(readSecretVariables(process.env, secretSettings));
}

/**
 * Checks settings all at once. An empty variable counts as absent.
 *
 * @throws StartError with a line for each setting that is wrong; a secret is never in it
 */
export function parseSettings(variables: Variables): Settings {
  const given = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ""),
  );
  const isProduction = given.NODE_ENV === "production";
  const parsed = settingsSchema.safeParse(given);
  const wrong = (parsed.error?.issues ?? []).map(describeIssue);
  const problems = [
    ...findUnknownSettings(given),
    ...findMisspeltMode(given),
    ...wrong,
    ...findContradictions(given, isProduction),
    ...findMessageContradictions(given, isProduction),
    ...findWebhookContradictions(given),
    ...(parsed.data ? findPasskeyContradictions({ ...parsed.data, isProduction }) : []),
    ...(parsed.data ? findConsoleContradictions(parsed.data) : []),
    ...findStreamContradictions(given),
  ];
  if (!parsed.data || problems.length > 0) throw new StartError(problems.join("\n"));
  const { SESSION_LIFETIME, SESSION_IDLE_LIFETIME = Math.min(30 * 86_400, SESSION_LIFETIME), PUBLIC_URL } = parsed.data;
  const TOKEN_ISSUER = given.TOKEN_ISSUER ?? PUBLIC_URL ?? parsed.data.TOKEN_ISSUER;
  // Beside others that serve, a migration is for somebody to begin who watches it.
  const { MIGRATE = isProduction && parsed.data.DATABASE_URL ? "check" : "auto" } = parsed.data;
  const { SHUTDOWN_DELAY = isProduction ? 5 : 0 } = parsed.data;
  // Others are handed the secret of HS256, and would not know of a new one.
  const { SIGNING_KEY_LIFETIME = parsed.data.TOKEN_ALGORITHM === "HS256" ? "off" : 90 * 86_400 } = parsed.data;
  const database = parsed.data.DATABASE_URL ? readDatabaseUrl(parsed.data.DATABASE_URL, given) : undefined;
  const isTriedOut = isDevelopment({ ...parsed.data, isProduction }) && isLocalDatabase(database?.connectionString);
  const wireFault = isProduction && database && findDatabaseWireFault(database.connectionString, given);
  if (wireFault) throw new StartError(wireFault);
  const { MESSAGES = isTriedOut ? ["console"] : [] } = parsed.data;
  return {
    ...parsed.data,
    given: settingNames.filter((name) => given[name] !== undefined),
    TOKEN_ISSUER,
    SIGNING_KEY_LIFETIME,
    SESSION_IDLE_LIFETIME,
    MIGRATE,
    SHUTDOWN_DELAY,
    MESSAGES,
    DATABASE_URL: database?.connectionString,
    DATABASE_POOL: parsed.data.DATABASE_POOL ?? database?.max ?? 10,
    place: database?.place,
    isProduction,
  };
}

/** Every setting, by its name. */
export const settingNames = Object.keys(settingsSchema.shape);

function findUnknownSettings(given: Variables): string[] {
  return Object.keys(given).flatMap((name) => {
    if (settingNames.includes(name)) return [];
    const meant = settingNames.find((known) => distance(known, name) <= 2 && known.length > 6);
    if (!meant && !name.startsWith("LATCHKEY_")) return [];
    return `${name} is not a setting${meant ? `; did you mean ${meant}?` : ""}`;
  });
}

const modes = ["production", "development", "test"];

/** A production that runs as something else would not ask for its secret. A word of a team's own, such as `staging`, may stay. */
function findMisspeltMode({ NODE_ENV: mode }: Variables): string[] {
  if (mode === undefined || modes.includes(mode)) return [];
  const word = mode.trim().toLowerCase();
  const meant = modes.find((known) => isNear(known, word));
  return meant ? [`NODE_ENV=${JSON.stringify(mode.slice(0, 40))} is not known here; did you mean ${meant}?`] : [];
}

/** A beginning, an abbreviation of the consonants, more than the word, or a slip of the keys. */
function isNear(known: string, word: string): boolean {
  const isBeginning = word.length >= 3 && (known.startsWith(word) || word.startsWith(known));
  const isShortened = word.length >= 3 && word.length <= 6 && /^[^aeiou]+$/.test(word) && isSubsequence(word, known);
  return isBeginning || isShortened || distance(known, word) <= (known.length > 4 ? 3 : 2);
}

function isSubsequence(word: string, text: string): boolean {
  let from = 0;
  return [...word].every((letter) => {
    from = text.indexOf(letter, from) + 1;
    return from > 0;
  });
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const isChoice = issue.code === "invalid_value";
  return `${String(issue.path[0])} ${isChoice ? `must be one of ${issue.values.join(", ")}` : issue.message}`;
}

/** Looks at the settings as they were given, so that these are told together with whatever else is wrong. */
function findContradictions(given: Variables, isProduction: boolean): string[] {
  const { TOKEN_PROFILE, LEGACY_SECRET_KEY, LEGACY_UNTIL, SESSION_LIFETIME = "90d", SESSION_IDLE_LIFETIME } = given;
  const isShared = TOKEN_PROFILE === "django" || TOKEN_PROFILE === "simplejwt";
  return [
    ...findUnreadVariables(given.DATABASE_URL ?? "", given),
    isProduction &&
      !given.LATCHKEY_SECRET &&
      "LATCHKEY_SECRET is needed in production: 32 random bytes or more, kept safe",
    isProduction &&
      !given.DATABASE_URL &&
      given.LATCHKEY_EMBEDDED !== "yes" &&
      `DATABASE_URL is needed in production; ${given.PGHOST ? "DATABASE_URL=postgres:/// takes all of it from PGHOST and its like, and " : ""}LATCHKEY_EMBEDDED=yes runs a PostgreSQL in the data folder instead`,
    given.PASSWORD_HASH === "argon2id" &&
      given.PASSWORD_FORMAT &&
      `PASSWORD_HASH=argon2id and PASSWORD_FORMAT=${given.PASSWORD_FORMAT} are two ways to store a password`,
    isProduction &&
      given.NODE_TLS_REJECT_UNAUTHORIZED === "0" &&
      "NODE_TLS_REJECT_UNAUTHORIZED=0 takes anybody for everybody: take it away, and name the certificate in NODE_EXTRA_CA_CERTS or sslrootcert",
    Number(given.METRICS_PORT || 0) > 0 &&
      Number(given.METRICS_PORT) === Number(given.PORT || defaultPort) &&
      "METRICS_PORT and PORT are the same: give the metrics a port of their own",
    given.BACKUP_DIR && !given.BACKUP_EVERY && "BACKUP_DIR needs BACKUP_EVERY",
    given.BACKUP_EVERY && !given.BACKUP_DIR && "BACKUP_EVERY needs BACKUP_DIR, a folder that is not lost with the data",
    given.DATABASE_URL &&
      given.LATCHKEY_EMBEDDED === "yes" &&
      "LATCHKEY_EMBEDDED=yes and DATABASE_URL are two databases",
    isShared &&
      !LEGACY_SECRET_KEY &&
      `TOKEN_PROFILE=${TOKEN_PROFILE} needs LEGACY_SECRET_KEY, the old backend's SECRET_KEY`,
    ...["LEGACY_UNTIL", "LEGACY_FROZEN_AT"].map(
      (name) => given[name] && !LEGACY_SECRET_KEY && `${name} needs LEGACY_SECRET_KEY`,
    ),
    isShared &&
      given.TOKEN_AUDIENCE?.includes(",") &&
      `TOKEN_PROFILE=${TOKEN_PROFILE} issues tokens without an audience: TOKEN_AUDIENCE must be one alone`,
    LEGACY_SECRET_KEY &&
      !LEGACY_UNTIL &&
      !isShared &&
      "LEGACY_SECRET_KEY needs LEGACY_UNTIL, the time until which old tokens are accepted",
    toSeconds(SESSION_IDLE_LIFETIME ?? "0s") > toSeconds(SESSION_LIFETIME) &&
      "SESSION_IDLE_LIFETIME is longer than SESSION_LIFETIME",
  ].filter((problem) => typeof problem === "string");
}
