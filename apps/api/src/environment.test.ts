import { describe, expect, it } from "vitest";
import { toAuthOptions } from "./auth-options.ts";
import { isDevelopment } from "./development.ts";
import { parseSettings } from "./environment.ts";
import { describeSettings, findAdvice, reportSettings } from "./settings-report.ts";
import { refusalOf, strongSecret as secret } from "./testing/settings-refusal.ts";

const djangoSecret = "k#9v2m!x7q$c4b&z1n8j5h3g6f0d-p=w+a(s)";

describe("a start is refused, in one line that names the setting and says what to do,", () => {
  const weakSecret = (weakness: string) =>
    `LATCHKEY_SECRET ${weakness}; make one with: node -p 'crypto.randomBytes(32).toString("base64url")'`;

  it.each<[title: string, variables: Record<string, string>, line: string]>([
    [
      "without a secret in production",
      { NODE_ENV: "production", LATCHKEY_EMBEDDED: "yes" },
      "LATCHKEY_SECRET is needed in production: 32 random bytes or more, kept safe",
    ],
    [
      "without a database in production, unless the embedded one is meant",
      { NODE_ENV: "production", LATCHKEY_SECRET: secret },
      "DATABASE_URL is needed in production; LATCHKEY_EMBEDDED=yes runs a PostgreSQL in the data folder instead",
    ],
    [
      "without a database in production, though PGHOST names one",
      { NODE_ENV: "production", LATCHKEY_SECRET: secret, PGHOST: "db.internal" },
      "DATABASE_URL is needed in production; DATABASE_URL=postgres:/// takes all of it from PGHOST and its like, and LATCHKEY_EMBEDDED=yes runs a PostgreSQL in the data folder instead",
    ],
    [
      "with a variable of PostgreSQL's that is not read",
      { DATABASE_URL: "postgres:///", PGSERVICE: "people" },
      "PGSERVICE is not read: write what the service file says into DATABASE_URL",
    ],
    [
      "with several hosts",
      { DATABASE_URL: "postgres://latchkey:hunter2@a,b/latchkey" },
      "DATABASE_URL names several hosts, of which none is tried in turn: name one address that always leads to the primary, such as HAProxy's, PgBouncer's or your provider's",
    ],
    [
      "with the figures at the port of the service",
      { METRICS_PORT: "3000" },
      "METRICS_PORT and PORT are the same: give the metrics a port of their own",
    ],
    ...["127.0.0.1:3000", "http://127.0.0.1", "/run/latchkey.sock", "[::1]:3000", "a b"].map(
      (HOST): [string, Record<string, string>, string] => [
        `with ${JSON.stringify(HOST)} for a host`,
        { METRICS_HOST: HOST },
        "METRICS_HOST must be a name or an address alone: the port is a setting of its own",
      ],
    ),
    [
      "with backups that would be lost with the data",
      { BACKUP_EVERY: "1d" },
      "BACKUP_EVERY needs BACKUP_DIR, a folder that is not lost with the data",
    ],
    ["with a place for backups that nobody makes", { BACKUP_DIR: "/var/backups" }, "BACKUP_DIR needs BACKUP_EVERY"],
    [
      "with two databases",
      { LATCHKEY_EMBEDDED: "yes", DATABASE_URL: "postgres://localhost/latchkey" },
      "LATCHKEY_EMBEDDED=yes and DATABASE_URL are two databases",
    ],
    [
      "with an example for a secret",
      { LATCHKEY_SECRET: "change-me-a8d7f6g5h4j3k2l1q0w9e8r7" },
      weakSecret("looks like an example"),
    ],
    [
      "with an audience that is empty",
      { TOKEN_AUDIENCE: "latchkey,," },
      "TOKEN_AUDIENCE must be 1 to 20 different texts of 1 to 255 characters with commas between, the service's own first",
    ],
    [
      "with an audience that is named twice",
      { TOKEN_AUDIENCE: "latchkey, orders, orders" },
      "TOKEN_AUDIENCE must be 1 to 20 different texts of 1 to 255 characters with commas between, the service's own first",
    ],
    [
      "with several audiences for tokens that have none",
      { TOKEN_PROFILE: "django", LEGACY_SECRET_KEY: djangoSecret, TOKEN_AUDIENCE: "latchkey,orders" },
      "TOKEN_PROFILE=django issues tokens without an audience: TOKEN_AUDIENCE must be one alone",
    ],
    [
      "with two ways to store a password",
      { PASSWORD_HASH: "argon2id", PASSWORD_FORMAT: "pbkdf2_sha256" },
      "PASSWORD_HASH=argon2id and PASSWORD_FORMAT=pbkdf2_sha256 are two ways to store a password",
    ],
    [
      "with less memory than OWASP asks for",
      { PASSWORD_HASH: "argon2id", PASSWORD_MEMORY: "18" },
      "PASSWORD_MEMORY must be from 19 to 256",
    ],
    ["with a secret of 31 bytes", { LATCHKEY_SECRET: secret.slice(0, 31) }, weakSecret("is shorter than 32 bytes")],
    [
      "with a secret of few different characters",
      { LATCHKEY_SECRET: "abcabcab".repeat(8) },
      weakSecret("is not random enough"),
    ],
    ["with a setting of ours that does not exist", { LATCHKEY_COLOUR: "red" }, "LATCHKEY_COLOUR is not a setting"],
    [
      "with a setting that is misspelt",
      { ACCES_TOKEN_LIFETIME: "1h" },
      "ACCES_TOKEN_LIFETIME is not a setting; did you mean ACCESS_TOKEN_LIFETIME?",
    ],
    [
      "with one of ours that is misspelt",
      { LATCHKEY_DATADIR: "/data" },
      "LATCHKEY_DATADIR is not a setting; did you mean LATCHKEY_DATA_DIR?",
    ],
    [
      "with an algorithm that it does not sign with",
      { TOKEN_ALGORITHM: "RS256" },
      "TOKEN_ALGORITHM must be one of EdDSA, ES256, HS256",
    ],
    ["with no algorithm at all", { TOKEN_ALGORITHM: "none" }, "TOKEN_ALGORITHM must be one of EdDSA, ES256, HS256"],
    [
      "with a token profile that does not exist",
      { TOKEN_PROFILE: "rails" },
      "TOKEN_PROFILE must be one of standard, django, simplejwt",
    ],
    [
      "with access tokens for less than a minute",
      { ACCESS_TOKEN_LIFETIME: "59s" },
      "ACCESS_TOKEN_LIFETIME must be a time from 1m to 24h, written like 30s, 15m, 12h or 90d",
    ],
    [
      "with access tokens for more than a day",
      { ACCESS_TOKEN_LIFETIME: "25h" },
      "ACCESS_TOKEN_LIFETIME must be a time from 1m to 24h, written like 30s, 15m, 12h or 90d",
    ],
    [
      "with sessions for longer than browsers keep anything",
      { SESSION_LIFETIME: "401d" },
      "SESSION_LIFETIME must be a time from 5m to 400d, written like 30s, 15m, 12h or 90d",
    ],
    [
      "with sessions that may idle for longer than they last",
      { SESSION_LIFETIME: "1d", SESSION_IDLE_LIFETIME: "2d" },
      "SESSION_IDLE_LIFETIME is longer than SESSION_LIFETIME",
    ],
    [
      "with an end for old tokens and no key for them",
      { LEGACY_UNTIL: "2027-03-31" },
      "LEGACY_UNTIL needs LEGACY_SECRET_KEY",
    ],
    [
      "with a time since when names are frozen and no key for old tokens",
      { LEGACY_FROZEN_AT: "2027-03-01" },
      "LEGACY_FROZEN_AT needs LEGACY_SECRET_KEY",
    ],
    [
      "with a source that is no name of one",
      { LEGACY_SECRET_KEY: djangoSecret, LEGACY_UNTIL: "2027-03-31", LEGACY_SOURCE: "Old shop" },
      "LEGACY_SOURCE must be a lower-case letter, then letters, digits, - and _",
    ],
    [
      "with a key for old tokens and no end for them",
      { LEGACY_SECRET_KEY: djangoSecret },
      "LEGACY_SECRET_KEY needs LEGACY_UNTIL, the time until which old tokens are accepted",
    ],
    [
      "with a key for old tokens that is too short for HS256",
      { LEGACY_SECRET_KEY: djangoSecret.slice(0, 31), LEGACY_UNTIL: "2027-03-31" },
      "LEGACY_SECRET_KEY is shorter than 32 bytes",
    ],
    [
      "with an end for old tokens that no calendar has",
      { LEGACY_SECRET_KEY: djangoSecret, LEGACY_UNTIL: "2027-02-30" },
      "LEGACY_UNTIL must be a day or a time such as 2027-03-31 or 2027-03-31T00:00:00Z",
    ],
    [
      "with the token profile `django` and no key for it",
      { TOKEN_PROFILE: "django" },
      "TOKEN_PROFILE=django needs LEGACY_SECRET_KEY, the old backend's SECRET_KEY",
    ],
    [
      "with a country that does not exist",
      { PHONE_DEFAULT_COUNTRY: "XX" },
      "PHONE_DEFAULT_COUNTRY must be a country's two letters, such as TR or US",
    ],
    [
      "with another database than PostgreSQL",
      { DATABASE_URL: "mysql://latchkey:hunter2@localhost/latchkey" },
      "DATABASE_URL must look like postgres://user:password@host:5432/database",
    ],
    [
      "with an address of a database that cannot be read",
      { DATABASE_URL: "postgres://latchkey:hunter2@[localhost/latchkey" },
      "DATABASE_URL must look like postgres://user:password@host:5432/database",
    ],
    ["with no worker", { WORKERS: "0" }, "WORKERS must be auto or a number from 1 to 256"],
    ["with workers in words", { WORKERS: "many" }, "WORKERS must be auto or a number from 1 to 256"],
    ["with a port that is no number", { PORT: "http" }, "PORT must be a whole number"],
    ["with a port beyond the last", { PORT: "65536" }, "PORT must be from 0 to 65535"],
    ["with a port below the first", { PORT: "-1" }, "PORT must be a whole number"],
    ["with hashes cheaper than the least that is safe", { PASSWORD_COST: "9" }, "PASSWORD_COST must be from 10 to 15"],
    [
      "with passwords shorter than the least that is safe",
      { PASSWORD_MIN_LENGTH: "7" },
      "PASSWORD_MIN_LENGTH must be from 8 to 64",
    ],
    [
      "with a log level that does not exist",
      { LOG_LEVEL: "loud" },
      "LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent",
    ],
  ])("%s", (_title, variables, line) => {
    expect(refusalOf(variables)).toEqual([line]);
  });

  it.each(["15", "15 m", "15M", "1.5h", "-15m", "15min", "m", "1h30m", "900000000s", "Infinity", "1e3s"])(
    "with a lifetime written like %j",
    (text) => {
      expect(refusalOf({ ACCESS_TOKEN_LIFETIME: text })).toEqual([
        "ACCESS_TOKEN_LIFETIME must be a time from 1m to 24h, written like 30s, 15m, 12h or 90d",
      ]);
    },
  );
});

describe("when several settings are wrong", () => {
  const wrong = {
    NODE_ENV: "production",
    PORT: "http",
    TOKEN_ALGORITHM: "RS256",
    LOG_LEVLE: "info",
    LEGACY_UNTIL: "2027-03-31",
  };

  it("each of them has one line, contradictions among them", () => {
    expect(refusalOf(wrong).toSorted()).toEqual([
      "DATABASE_URL is needed in production; LATCHKEY_EMBEDDED=yes runs a PostgreSQL in the data folder instead",
      "LATCHKEY_SECRET is needed in production: 32 random bytes or more, kept safe",
      "LEGACY_UNTIL needs LEGACY_SECRET_KEY",
      "LOG_LEVLE is not a setting; did you mean LOG_LEVEL?",
      "PORT must be a whole number",
      "TOKEN_ALGORITHM must be one of EdDSA, ES256, HS256",
    ]);
  });
});

describe("in production", () => {
  const production = { NODE_ENV: "production", LATCHKEY_SECRET: secret };

  it("a start migrates the embedded database and no other, unless it is told to", () => {
    const external = { ...production, DATABASE_URL: "postgres://localhost/latchkey" };
    expect(parseSettings(external)).toMatchObject({ MIGRATE: "check" });
    expect(parseSettings({ ...external, MIGRATE: "auto" })).toMatchObject({ MIGRATE: "auto" });
    expect(parseSettings({ ...production, LATCHKEY_EMBEDDED: "yes" })).toMatchObject({ MIGRATE: "auto" });
  });

  it("a process goes on for five seconds after SIGTERM, unless it is told otherwise", () => {
    const embedded = { ...production, LATCHKEY_EMBEDDED: "yes" };
    expect(parseSettings(embedded)).toMatchObject({ SHUTDOWN_DELAY: 5 });
    expect(parseSettings({ ...embedded, SHUTDOWN_DELAY: "0s" })).toMatchObject({ SHUTDOWN_DELAY: 0 });
  });
});

/** What an administrator is shown of a setting. */
const findShown = (wanted: string, given: Parameters<typeof parseSettings>[0]) =>
  reportSettings(parseSettings(given)).find(({ name }) => name === wanted)?.value;

describe("no secret is told", () => {
  it.each([
    { LATCHKEY_SECRET: "canary" },
    { LATCHKEY_SECRET: `change-me-canary-${"canary".repeat(5)}` },
    { LEGACY_SECRET_KEY: "canary", LEGACY_UNTIL: "2027-03-31" },
    { LEGACY_SECRET_KEY: `canary${djangoSecret}` },
    { DATABASE_URL: "mysql://latchkey:canary@localhost/latchkey" },
    { DATABASE_URL: "postgres://latchkey:canary@[/latchkey" },
    { LATCHKEY_SECRETE: "canary" },
  ])("by the refusal of %j", (variables) => {
    expect(refusalOf(variables).join("\n")).not.toContain("canary");
  });

  it("by the settings as they are shown to a person", () => {
    const settings = parseSettings({
      LATCHKEY_SECRET: secret,
      LEGACY_SECRET_KEY: djangoSecret,
      LEGACY_UNTIL: "2027-03-31",
      DATABASE_URL: "postgres://latchkey:hunter2@localhost/latchkey",
      FORWARDED_SECRET: `${secret},${djangoSecret}`,
    });
    const shown = describeSettings(settings);
    expect(shown).toMatchObject({
      LATCHKEY_SECRET: "(set, not shown)",
      LEGACY_SECRET_KEY: "(set, not shown)",
      DATABASE_URL: "(set, not shown)",
      FORWARDED_SECRET: "(set, not shown)",
      LEGACY_UNTIL: "2027-03-31T00:00:00.000Z",
      PHONE_DEFAULT_COUNTRY: "(not set)",
    });
    for (const hidden of [secret, djangoSecret, "hunter2"]) expect(JSON.stringify(shown)).not.toContain(hidden);
  });

  it("by an address in them, of which the host alone is shown, but for those of the service itself", () => {
    const shown = describeSettings(
      parseSettings({
        PUBLIC_URL: "https://example.com/auth",
        WEBHOOKS: "https://hooks.example/T0/hunter2?key=hunter2,https://other.example/",
        WEBHOOK_SECRET: `whsec_${Buffer.from(secret).toString("base64")}`,
        SMS_API_URL: "https://user:hunter2@sms.example/send",
        WHATSAPP_API_URL: "https://graph.example#hunter2",
        CORS_ORIGINS: "https://a.example,http://b.example",
      }),
    );
    expect(shown).toMatchObject({
      PUBLIC_URL: "https://example.com/auth",
      WEBHOOKS: "https://hooks.example/…,https://other.example/",
      SMS_API_URL: "https://sms.example/…",
      WHATSAPP_API_URL: "https://graph.example/…",
      CORS_ORIGINS: "https://a.example,http://b.example",
    });
    expect(JSON.stringify(shown)).not.toContain("hunter2");
  });

  it("by the settings as an administrator reads them, nor by what an address holds before and behind its host", () => {
    const settings = parseSettings({
      LATCHKEY_SECRET: secret,
      DATABASE_URL: "postgres://latchkey:hunter2@localhost/latchkey",
      WEBHOOKS: "https://hooks.example/T0/token1?key=token2,https://other.example/",
      WEBHOOK_SECRET: `whsec_${Buffer.from(secret).toString("base64")}`,
      AUDIT_STREAM: "webhook",
      AUDIT_STREAM_URL: "https://logs.example/token3",
      AUDIT_STREAM_SECRET: `whsec_${Buffer.from(djangoSecret).toString("base64")}`,
      ACCESS_TOKEN_LIFETIME: "90m",
    });
    const shown = new Map(reportSettings(settings).map(({ name, ...rest }) => [name, rest]));
    const set = { isSet: true, isSecret: false };
    expect(shown.get("LATCHKEY_SECRET")).toEqual({ value: null, isSet: true, isSecret: true });
    expect(shown.get("FORWARDED_SECRET")).toEqual({ value: null, isSet: false, isSecret: true });
    expect(shown.get("WEBHOOKS")).toEqual({ ...set, value: "https://hooks.example/…, https://other.example/" });
    expect(shown.get("AUDIT_STREAM_URL")).toEqual({ ...set, value: "https://logs.example/…" });
    expect(shown.get("ACCESS_TOKEN_LIFETIME")).toEqual({ ...set, value: "90m" });
    expect(shown.get("SESSION_LIFETIME")).toEqual({ value: "90d", isSet: false, isSecret: false });
    expect(shown.get("CORS_ORIGINS")).toEqual({ value: null, isSet: false, isSecret: false });
    expect([...shown.keys()]).toEqual(Object.keys(describeSettings(settings)));
    for (const hidden of [secret, djangoSecret, "hunter2", "token"])
      expect(JSON.stringify([...shown])).not.toContain(hidden);
  });

  it.each([
    ["SMS_API_URL", "https://user:hunter2@sms.example", "https://sms.example/"],
    ["SMS_API_URL", "https://user:hunter2,hunter2@sms.example/send", "https://sms.example/…"],
    ["SMS_API_URL", "https://user:hunter2@hunter2@sms.example:8443/", "https://sms.example:8443/"],
    ["WHATSAPP_API_URL", "https:///user:hunter2@graph.example", "https://graph.example/"],
    ["WHATSAPP_API_URL", "https://graph.example\\hunter2", "https://graph.example/…"],
    ["WHATSAPP_API_URL", "https://graph.example#hunter2", "https://graph.example/…"],
    ["WEBHOOK_SENDER_URL", "http://127.0.0.1:9000?hunter2", "http://127.0.0.1:9000/…"],
  ])("in an address, however it is written: %s=%s", (name, given, shown) => {
    expect(findShown(name, { [name]: given })).toBe(shown);
  });
});

describe("a setting as an administrator reads it", () => {
  it.each([
    ["REMEMBER_DEVICE", "30d", {}],
    ["REMEMBER_DEVICE", "off", { REMEMBER_DEVICE: "off" }],
    ["REMEMBER_DEVICE", "36h", { REMEMBER_DEVICE: "36h" }],
    ["ACCESS_LOG", "1/100", { ACCESS_LOG: "1/100" }],
    ["CORS_ORIGINS", "https://a.example, http://b.example", { CORS_ORIGINS: "https://a.example,http://b.example" }],
    ["TOKEN_ISSUER", "https://example.com/auth", { PUBLIC_URL: "https://example.com/auth" }],
    ["TOKEN_AUDIENCE", "https://api.example/v1, shop", { TOKEN_AUDIENCE: "https://api.example/v1,shop" }],
  ])("%s is written as it is set: %s", (name, shown, given) => {
    expect(findShown(name, given)).toBe(shown);
  });

  it("has no time in bare seconds, whichever setting it is", () => {
    const bare = reportSettings(parseSettings({})).filter(({ value }) => /^\d{5,}$/.test(value ?? ""));
    expect(bare.map(({ name }) => name)).toEqual(["EMAILS_PER_DAY"]);
  });
});

describe("what counts as not set", () => {
  it("is an empty variable", () => {
    const empty = { PORT: "", DATABASE_URL: "", LATCHKEY_SECRET: "", LATCHKEY_OLD: "", TOKEN_ALGORITHM: "" };
    expect(parseSettings(empty)).toEqual(parseSettings({}));
  });

  it("is an empty secret or database in production too", () => {
    expect(refusalOf({ NODE_ENV: "production", LATCHKEY_SECRET: "", DATABASE_URL: "" })).toHaveLength(2);
  });

  it("is a variable of somebody else", () => {
    const others = {
      SESSION_MANAGER: "local/desk:@/tmp/.ICE-unix/1,unix/desk:/tmp/.ICE-unix/1",
      SESSION: "plasma",
      TOKEN: "canary",
      PASSWORD: "canary",
      HOSTNAME: "desk",
      POST: "x",
      PORTS: "1",
      DATABASE: "x",
      LOGNAME: "alice",
      npm_config_user_agent: "pnpm",
    };
    expect(parseSettings(others)).toEqual(parseSettings({}));
  });
});

describe("the settings of a start without any", () => {
  it("are safe ones", () => {
    expect(parseSettings({})).toEqual({
      given: [],
      isProduction: false,
      DATABASE_POOL: 10,
      ENDED_SESSIONS_RETENTION: 7 * 86_400,
      PREPARED_STATEMENTS: "on",
      HASH_PRIORITY: "low",
      HOST: "127.0.0.1",
      INSECURE_HTTP: "no",
      INSECURE_DATABASE: "no",
      PORT: 3000,
      WORKERS: 1,
      LATCHKEY_DATA_DIR: ".latchkey",
      LATCHKEY_EMBEDDED: "no",
      BACKUP_KEEP: 7,
      METRICS_HOST: "127.0.0.1",
      MIGRATE: "auto",
      LEGACY_SOURCE: "django",
      LEGACY_STAFF: "no",
      TOKEN_ALGORITHM: "EdDSA",
      TOKEN_PROFILE: "standard",
      TOKEN_ISSUER: "latchkey",
      TOKEN_AUDIENCE: ["latchkey"],
      ACCESS_TOKEN_LIFETIME: 15 * 60,
      SIGNING_KEY_LIFETIME: 90 * 86_400,
      PASSWORD_HASH: "bcrypt",
      PASSWORD_COST: 12,
      PASSWORD_MEMORY: 64,
      PASSWORD_MIN_LENGTH: 8,
      PASSWORD_BLOCKED_WORDS: [],
      SECOND_FACTOR: "optional",
      RECOVERY_REMOVES_FACTORS: "yes",
      REMEMBER_DEVICE: 30 * 86_400,
      REMEMBER_DEVICE_OF: "no_rights",
      SESSION_LIFETIME: 90 * 86_400,
      SESSION_IDLE_LIFETIME: 30 * 86_400,
      SHUTDOWN_DELAY: 0,
      SESSIONS_PER_USER: 50,
      REFRESH_GRACE: 30,
      REFRESH_RETRY: 86_400,
      CORS_ORIGINS: [],
      TRUSTED_PROXIES: [],
      FORWARDED_SECRET: [],
      MESSAGES: ["console"],
      MESSAGES_PER_DAY: 1_000,
      EMAILS_PER_DAY: 10_000,
      NOTICES_PER_DAY: 1_000,
      MESSAGE_APP_NAME: "Latchkey",
      MESSAGE_LOCALE: "en",
      HOLDERS_BY_CODE: "no",
      LAST_GUESS_AT_CODES: "no",
      PHONE_TRUST: 40 * 86_400,
      NUMBER_ONLY: "on",
      NUMBER_ONLY_TRUST: 180 * 86_400,
      WHATSAPP_LANGUAGES: ["en"],
      REGISTRATION: "open",
      AUDIT_RETENTION: 400 * 86_400,
      CONSOLE: "on",
      PASSKEY_ORIGINS: [],
      AUDIT_READS: "no",
      AUDIT_STREAM: "off",
      PARKED_RETENTION: 365 * 86_400,
      CHANGES_PER_MINUTE: 60,
      ADMINISTRATION_PER_MINUTE: 600,
      ACCESS_LOG: "all",
      PASSWORD_FORMAT: "bcrypt_sha256",
      TOKEN_EXTERNAL_ID: "no",
      WEBHOOKS: [],
      LOG_LEVEL: "info",
    });
  });

  it("say what a session costs that is shorter than a change of a number waits", () => {
    const advice = (variables: Record<string, string>) =>
      findAdvice(parseSettings({ SECOND_FACTOR: "all", ...variables }));
    expect(advice({ SESSION_LIFETIME: "73h" })).toEqual([]);
    for (const variables of [{ SESSION_LIFETIME: "12h" }, { SESSION_IDLE_LIFETIME: "72h" }])
      expect(advice(variables)).toEqual([expect.stringContaining("under 73h it may never be done")]);
  });

  it("let a session that was made shorter idle for all of its time", () => {
    expect(parseSettings({ SESSION_LIFETIME: "7d" }).SESSION_IDLE_LIFETIME).toBe(7 * 86_400);
  });
});

describe("a setting at its limit", () => {
  it.each([
    [{ ACCESS_TOKEN_LIFETIME: "1m" }, { ACCESS_TOKEN_LIFETIME: 60 }],
    [{ ACCESS_TOKEN_LIFETIME: "1d" }, { ACCESS_TOKEN_LIFETIME: 86_400 }],
    [{ SESSION_LIFETIME: "400d" }, { SESSION_LIFETIME: 400 * 86_400 }],
    [{ SESSION_LIFETIME: "5m" }, { SESSION_LIFETIME: 300, SESSION_IDLE_LIFETIME: 300 }],
    [{ PORT: "0" }, { PORT: 0 }],
    [{ PORT: "65535" }, { PORT: 65_535 }],
    [{ SIGNING_KEY_LIFETIME: "1d" }, { SIGNING_KEY_LIFETIME: 86_400 }],
    [{ SIGNING_KEY_LIFETIME: "off" }, { SIGNING_KEY_LIFETIME: "off" }],
    [{ PASSWORD_COST: "10" }, { PASSWORD_COST: 10 }],
    [{ PHONE_DEFAULT_COUNTRY: "tr" }, { PHONE_DEFAULT_COUNTRY: "TR" }],
    [{ DATABASE_URL: "postgresql:///latchkey" }, { DATABASE_URL: "postgresql:///latchkey" }],
  ])("is taken: %j", (variables, taken) => {
    expect(parseSettings(variables)).toMatchObject(taken);
  });

  it("is read in UTC, unless it is a time with an offset of its own", () => {
    const until = (text: string) =>
      parseSettings({ LEGACY_SECRET_KEY: djangoSecret, LEGACY_UNTIL: text }).LEGACY_UNTIL?.toISOString();
    expect(until("2027-03-31")).toBe("2027-03-31T00:00:00.000Z");
    expect(until("2027-03-31T00:00:00+03:00")).toBe("2027-03-30T21:00:00.000Z");
  });
});

describe("what the core is told", () => {
  it("is every setting that concerns it", () => {
    const settings = parseSettings({
      TOKEN_ALGORITHM: "ES256",
      TOKEN_PROFILE: "django",
      TOKEN_ISSUER: "https://id.example.com",
      TOKEN_AUDIENCE: "notes",
      ACCESS_TOKEN_LIFETIME: "5m",
      LEGACY_SECRET_KEY: djangoSecret,
      LEGACY_UNTIL: "2027-03-31",
      LEGACY_SOURCE: "shop",
      LEGACY_STAFF: "yes",
      LEGACY_FROZEN_AT: "2027-03-01T12:00:00Z",
      LEGACY_HASHES_UNTIL: "2027-06-30",
      PASSWORD_COST: "11",
      PASSWORD_MIN_LENGTH: "15",
      PASSWORD_BLOCKED_WORDS: "acme, acme portal",
      SECOND_FACTOR: "staff",
      RECOVERY_REMOVES_FACTORS: "no",
      REMEMBER_DEVICE: "7d",
      REMEMBER_DEVICE_OF: "optional",
      PHONE_DEFAULT_COUNTRY: "TR",
      SESSION_LIFETIME: "2d",
      SESSION_IDLE_LIFETIME: "1d",
      SESSIONS_PER_USER: "3",
      REFRESH_GRACE: "0s",
      REFRESH_RETRY: "1h",
    });
    expect(toAuthOptions(settings, secret)).toMatchObject({
      secret,
      tokens: {
        algorithm: "ES256",
        profile: "django",
        issuer: "https://id.example.com",
        audience: ["notes"],
        lifetime: 300,
      },
      django: {
        secretKey: djangoSecret,
        acceptTokensUntil: new Date("2027-03-31T00:00:00Z"),
        source: "shop",
        dangerouslyAcceptTokensOfStaff: true,
        frozenAt: new Date("2027-03-01T12:00:00Z"),
      },
      passwords: {
        cost: 11,
        minimumLength: 15,
        blockedWords: ["acme", "acme portal"],
        weakHashesUntil: new Date("2027-06-30T00:00:00Z"),
      },
      secondFactor: "staff",
      recoveryRemovesFactors: false,
      rememberedDevices: { lifetime: 7 * 86_400, of: "optional" },
      sessions: { lifetime: 172_800, idleLifetime: 86_400, refreshGrace: 0, refreshRetry: 3_600, perUser: 3 },
      phones: { defaultCountry: "TR" },
    });
  });

  it("has nothing of Django in it unless its key is set", () => {
    expect(toAuthOptions(parseSettings({}), secret)).not.toHaveProperty("django");
  });
});

describe("the public address", () => {
  it.each([
    "ftp://auth.example.com",
    "auth.example.com",
    "https://",
    "https://auth.example.com/?a=b",
    "https://auth.example.com/#a",
    "https://user:pass@auth.example.com",
    "https://auth.example.com:443",
    "https://Auth.example.com",
    "https://auth.example.com//x",
    "https://auth.example.com/../x",
    "https://auth.example.com/a;b",
    "https://auth.example.com/a%20b",
    "https://auth.example.com/a b",
    "https://bücher.example",
    "https://auth.example.com\n",
    `https://auth.example.com/${"a".repeat(200)}`,
  ])("is refused when it is not written in its one plain form: %j", (PUBLIC_URL) => {
    expect(refusalOf({ PUBLIC_URL })).toEqual([
      "PUBLIC_URL must look like https://auth.example.com or https://example.com/auth, in lower case and nothing behind it",
    ]);
  });

  it("is the tokens' issuer, unless that is named or there is no public address", () => {
    expect(parseSettings({})).toMatchObject({ TOKEN_ISSUER: "latchkey" });
    expect(parseSettings({ PUBLIC_URL: "https://example.com/auth/" })).toMatchObject({
      PUBLIC_URL: "https://example.com/auth",
      TOKEN_ISSUER: "https://example.com/auth",
    });
    expect(parseSettings({ PUBLIC_URL: "https://example.com", TOKEN_ISSUER: "latchkey" })).toMatchObject({
      TOKEN_ISSUER: "latchkey",
    });
  });
});

describe("a service is in development", () => {
  it("when nothing says that it is for others", () => {
    for (const HOST of ["127.0.0.1", "localhost", "::1", "[::1]"])
      expect(isDevelopment(parseSettings({ HOST }))).toBe(true);
  });

  it.each<[Record<string, string>]>([
    [{ NODE_ENV: "production", LATCHKEY_SECRET: secret, LATCHKEY_EMBEDDED: "yes" }],
    [{ HOST: "0.0.0.0" }],
    [{ HOST: "::" }],
    [{ HOST: "10.0.0.7" }],
    [{ PUBLIC_URL: "https://auth.example.com" }],
    [{ CORS_ORIGINS: "http://localhost:5173" }],
    [{ TRUSTED_PROXIES: "127.0.0.1" }],
  ])("and not with %o", (variables) => {
    expect(isDevelopment(parseSettings(variables))).toBe(false);
  });
});

describe("NODE_ENV", () => {
  it.each([
    ["prod", "production"],
    ["prd", "production"],
    ["Production", "production"],
    ["PRODUCTION", "production"],
    ["production ", "production"],
    ["production\n", "production"],
    ["productoin", "production"],
    ["producton", "production"],
    ["production-eu", "production"],
    ["dev", "development"],
    ["develop", "development"],
    ["Development", "development"],
    ["devlopment", "development"],
    ["Test", "test"],
    ["tset", "test"],
    ["testing", "test"],
  ])("is refused when it is nearly a word that is known: %j", (NODE_ENV, meant) => {
    expect(refusalOf({ NODE_ENV })).toEqual([
      `NODE_ENV=${JSON.stringify(NODE_ENV)} is not known here; did you mean ${meant}?`,
    ]);
  });

  it.each(["development", "test", "staging", "e2e", "ci", "local", "qa", "demo"])(
    "may be another word: %s",
    (NODE_ENV) => {
      expect(parseSettings({ NODE_ENV })).toMatchObject({ isProduction: false });
    },
  );
});

describe("a secret that begins or ends with what nobody sees is refused, and not shown", () => {
  it.each(["\n", "\r\n", " ", "\t"])("%j", (space) => {
    const said = "begins or ends with white space or a line break: take it away";
    expect(refusalOf({ LATCHKEY_SECRET: secret + space })).toEqual([`LATCHKEY_SECRET ${said}`]);
    expect(refusalOf({ LATCHKEY_SECRET: space + secret })).toEqual([`LATCHKEY_SECRET ${said}`]);
    const legacy = { LEGACY_SECRET_KEY: djangoSecret + space, LEGACY_UNTIL: "2027-03-31" };
    expect(refusalOf(legacy)).toEqual([`LEGACY_SECRET_KEY ${said}`]);
  });
});

describe("several secrets", () => {
  const [next, third] = ["pW4xNc8sVb1tRk6yHq3mZd9fLj2gUa7EoT5", "Gh7kLm2nPq9rSt4uVw6xYz1aBc3dEf5gJ8"];

  it.each([
    ["commas", `${next},${secret},${third}`],
    ["commas and spaces", `${next}, ${secret} , ${third}`],
    ["line breaks, as in a file", `${next}\r\n${secret}\n\n${third}`],
    ["a comma too many", `${next},${secret},${third},`],
  ])("may have %s between them, and keep their order", (_title, LATCHKEY_SECRET) => {
    expect(parseSettings({ LATCHKEY_SECRET }).LATCHKEY_SECRET).toEqual([next, secret, third]);
    expect(describeSettings(parseSettings({ LATCHKEY_SECRET })).LATCHKEY_SECRET).toBe("(set, not shown)");
  });

  it("are refused when one of them is weak, and none of them is shown", () => {
    for (const list of [`${next}\nshort`, `${next},change-me-please`, `${secret}\n${"a".repeat(40)}`]) {
      const refused = refusalOf({ LATCHKEY_SECRET: list });
      expect(refused).toHaveLength(1);
      expect(refused[0]).toContain("make one with");
      expect(refused[0]).not.toContain(next);
    }
  });

  it("are one where a secret of before has a comma in it", () => {
    const LATCHKEY_SECRET = "kX9,mQ2vR7tYb4NwLs8,JdHf5GpZc3Ua6Eo1";
    expect(parseSettings({ LATCHKEY_SECRET }).LATCHKEY_SECRET).toEqual([LATCHKEY_SECRET]);
  });
});
