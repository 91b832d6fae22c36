import { pbkdf2Sync, randomBytes, randomUUID } from "node:crypto";
import { createInbox, processorTimeOf, shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, type LiveServer } from "../live-server.ts";
import { startNotesServer } from "../notes/notes-server.ts";
import { freshName } from "../permissions/accounts-in-core.ts";
import { ask, outcomeOf, typesWithNotes } from "../permissions/call-as.ts";
import { listenToStatements } from "../permissions/statements.ts";
import { password, signUp, type WireSession } from "./accounts-over-http.ts";
import { createLockedAccount } from "./locked-account.ts";

/** `LATCHKEY_SAMPLES=200` measures as closely as the promise is made. */
const samples = Number(process.env.LATCHKEY_SAMPLES ?? 7);
/** In the ordinary run one comparison alone, since a machine that is full has times measured again and again. */
const isTimed = (compares: string) => process.env.LATCHKEY_SAMPLES !== undefined || compares === "token.refresh";
/** Of what no promise names a number for, at most: it ends where it is certain that nothing is apart. */
const usual = Math.min(samples, 50);
/** So that one hash more or less is more than the noise of a few samples; a closer look takes larger ones. */
const cost = samples < 50 ? 8 : 9;

const encodePbkdf2 = (iterations: number) =>
  `pbkdf2_sha256$${iterations}$salt$${pbkdf2Sync(password, "salt", iterations, 32, "sha256").toString("base64")}`;

/**
 * What may be stored of a password: of our making, of Django's, and nothing that fits. With a hash that costs more than ours every refusal
 * takes as long as that one.
 */
const stored = {
  current: password,
  foreign: { djangoHash: encodePbkdf2(60 * 2 ** cost) },
  dearer: { djangoHash: encodePbkdf2(200 * 2 ** cost) },
  unusable: { djangoHash: "!" },
} as const;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** As long as it takes, the more samples the longer. */
const timeout = 480_000 + samples * 8_000;

test("a refusal takes the same work for nobody and for accounts of every kind, with hashes of every age", {
  timeout,
  tags: ["long"],
}, async () => {
  await using live = await startNotesServer({ passwords: { cost } }, { trustedProxies: ["127.0.0.1"] });
  const { auth, database, another } = live.test;
  for (const [username, encoded] of Object.entries(stored)) await auth.createUser({ username, password: encoded });
  await auth.createUser({ username: "inactive", password });
  await (await another({ passwords: { cost: cost - 2 } })).createUser({ username: "older", password });
  await database.query("update latchkey.users set is_active = false where username = 'inactive'");
  await auth.measureHashCosts();
  await createLockedAccount(live.test);

  const kinds = [...Object.keys(stored), "older", "inactive", "locked", "nobody", "+905329998877"];
  const times = new Map(kinds.map((kind) => [kind, [] as number[]]));
  async function measure(round: number): Promise<void> {
    for (const [index, username] of kinds.entries()) {
      const headers = { "x-forwarded-for": `10.2.${round + 2}.${index}` };
      const input = { username, password: username === "inactive" || username === "locked" ? password : "wrong horse" };
      // The service's threads are this process's.
      const time = await processorTimeOf(async () => {
        const { status, body } = await call(live.url, "token.obtain", { input, headers });
        expect([status, body.data.reason], username).toEqual([400, "invalid_credentials"]);
      });
      // The first rounds warm up, and teach the service how long a hash takes.
      if (round >= 0) times.get(username)?.push(time);
    }
    await database.query("delete from latchkey.throttles where forgotten_at is not null");
  }
  const compareOthers = () => compareTimes(new Map([...times].filter(([kind]) => kind !== "dearer")), 10);
  let spread = compareOthers();
  const last = () => (spread.isNarrow ? 0 : spread.isWide ? longest * usual : usual);
  for (let round = -2; round < last(); round += 1) {
    await measure(round);
    spread = compareOthers();
  }

  const others = Object.values(spread.medians);
  const dearer = median(times.get("dearer") ?? others);
  const medians = { ...spread.medians, dearer };
  expect(spread.isWide, JSON.stringify(medians)).toBe(false);
  // What another kind of hash takes beside ours is measured at the start, and differs with what else the machine does.
  expect(Math.abs(dearer - median(others)), JSON.stringify(medians)).toBeLessThan(dearer / 3);
});

/** People of whom a stranger would like to know whether there are such, each with a session. */
interface Known {
  readonly active: WireSession;
  readonly disabled: WireSession;
  /** Challenges whose message left, of which there never was one, and of nobody's username; for signing in and for a password. */
  readonly challenges: Readonly<Record<string, Readonly<Record<"sign_in" | "reset_password", string>>>>;
}

interface Comparison {
  /** What every one of them is answered. */
  readonly told: string;
  /** What is changed before each call, so that none wears the others out. */
  readonly before?: string;
  /** Of nobody at all: there is nothing that its time could tell, and a few rounds show that it is answered alike. */
  readonly isOfNobody?: true;
  /** Inputs that differ in nothing but what they are about, or headers that do. */
  readonly kinds: (known: Known) => Readonly<Record<string, () => { input?: unknown; token?: string }>>;
}

/** A refresh token for somebody's session, or for nobody's, that was made up. */
function makeUpRefreshToken(real?: string): string {
  const bytes = randomBytes(64);
  if (real !== undefined) Buffer.from(real, "base64url").copy(bytes, 0, 0, 16);
  return bytes.toString("base64url");
}

/** An access token that names somebody's session, or nobody's, with a signature that was made up. */
function makeUpToken(real: string, isOfNobody = false): string {
  const [header, payload = ""] = real.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  if (isOfNobody) Object.assign(claims, { sub: randomUUID(), sid: randomUUID() });
  const body = Buffer.from(JSON.stringify({ ...claims, jti: randomUUID() })).toString("base64url");
  return [header, body, randomBytes(64).toString("base64url")].join(".");
}

const refreshTokens: Comparison["kinds"] = ({ active, disabled }) => ({
  active: () => ({ input: { refreshToken: makeUpRefreshToken(active.refreshToken) } }),
  disabled: () => ({ input: { refreshToken: makeUpRefreshToken(disabled.refreshToken) } }),
  nobody: () => ({ input: { refreshToken: makeUpRefreshToken() } }),
});

/** Whom a stranger may ask a code for: by number, and by username. */
const names: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  number: {
    active: "+905320000001",
    disabled: "+905320000002",
    stale: "+905320000003",
    holder: "+905320000004",
    nobody: "+905320000009",
  },
  username: {
    active: "active",
    disabled: "disabled",
    stale: "with_code",
    holder: "holder",
    nobody: "nobody",
    mailOnly: "mail_only",
  },
};

const asked = (kind: string, toInput: (name: string) => unknown) => () =>
  Object.fromEntries(Object.entries(names[kind] ?? {}).map(([who, name]) => [who, () => ({ input: toInput(name) })]));

const withChallenge =
  (purpose: "sign_in" | "reset_password", toInput: (challenge: string) => unknown): Comparison["kinds"] =>
  ({ challenges }) =>
    Object.fromEntries(
      Object.entries(challenges).map(([who, challenge]) => [who, () => ({ input: toInput(challenge[purpose]) })]),
    );

const madeUpTickets = (more: object) => () =>
  Object.fromEntries(
    ["one", "another"].map((which) => [
      which,
      () => ({ input: { ticket: randomBytes(16).toString("base64url"), ...more } }),
    ]),
  );

const madeUpAssertion = { clientDataJSON: "AAAA", authenticatorData: "AAAA", signature: "AAAA", userHandle: "AAAA" };

const ofNobody = { isOfNobody: true } as const;

const unused = "update latchkey.challenges set attempts = 0, sends = 1, next_send_at = latchkey.now(), due_at = null";

/** Every procedure that a stranger may call, but for `token.obtain`, which is above. After a comma: of which kind of input. */
const comparisons: Readonly<Record<string, Comparison>> = {
  "token.refresh": { told: "401 refresh_token_invalid", kinds: refreshTokens },
  "token.revoke": { told: "ok", kinds: refreshTokens },
  "token.verify": {
    told: "ok",
    kinds: ({ active, disabled }) => ({
      active: () => ({ input: { token: makeUpToken(active.token) } }),
      disabled: () => ({ input: { token: makeUpToken(disabled.token) } }),
      nobody: () => ({ input: { token: makeUpToken(active.token, true) } }),
    }),
  },
  "account.register": {
    told: "ok",
    kinds: ({ active, disabled }) => ({
      free: () => register({ phoneNumber: "+905329998877", email: "free@example.com" }),
      active: () => register({ phoneNumber: active.user.phoneNumber, email: active.user.email }),
      disabled: () => register({ phoneNumber: disabled.user.phoneNumber, email: disabled.user.email }),
    }),
  },
  "password.reset": {
    told: "400 code_invalid",
    kinds: () =>
      Object.fromEntries(
        ["active", "disabled", "nobody", "with_code", "locked"].map((username) => [
          username,
          () => ({ input: { username, code: wrongCode, newPassword: `${password} staple` } }),
        ]),
      ),
  },
  "codes.start, by number": { told: "ok", kinds: asked("number", (to) => ({ purpose: "sign_in", to })) },
  "codes.start, by username": { told: "ok", kinds: asked("username", (to) => ({ purpose: "sign_in", to })) },
  "password.startReset, by number": { told: "ok", kinds: asked("number", (username) => ({ username })) },
  "password.startReset, by username": { told: "ok", kinds: asked("username", (username) => ({ username })) },
  "codes.resend": { told: "ok", before: unused, kinds: withChallenge("sign_in", (challenge) => ({ challenge })) },
  "token.obtainByCode": {
    told: "400 code_invalid",
    before: unused,
    kinds: withChallenge("sign_in", (challenge) => ({ challenge, code: "not a code" })),
  },
  // They take no name: whoever has a ticket has shown a first factor.
  "token.obtainBySecondFactor": { ...ofNobody, told: "400 code_invalid", kinds: madeUpTickets({ totp: "123456" }) },
  "token.obtainByNewPassword": {
    ...ofNobody,
    told: "400 code_invalid",
    kinds: madeUpTickets({ newPassword: `${password} staple` }),
  },
  "token.enrollTotp": { ...ofNobody, told: "400 code_invalid", kinds: madeUpTickets({}) },
  "token.obtainByRedirect": {
    ...ofNobody,
    told: "400 code_invalid",
    kinds: () =>
      Object.fromEntries(
        ["one", "another"].map((which) => [
          which,
          () => ({
            input: {
              ...{ code: randomBytes(32).toString("base64url"), codeVerifier: randomBytes(32).toString("base64url") },
              ...{ clientId: "shop", redirectUri: "https://shop.example.com/signed-in" },
            },
          }),
        ]),
      ),
  },
  "passkeys.start": {
    ...ofNobody,
    told: "ok",
    kinds: () => Object.fromEntries(["one", "another"].map((which) => [which, () => ({})])),
  },
  "passkeys.startSecondFactor": { ...ofNobody, told: "400 code_invalid", kinds: madeUpTickets({}) },
  "passkeys.startEnrolling": { ...ofNobody, told: "400 code_invalid", kinds: madeUpTickets({}) },
  // Nobody knows the id of another person's passkey.
  "token.obtainByPasskey": {
    ...ofNobody,
    told: "400 code_expired",
    kinds: () =>
      Object.fromEntries(
        ["one", "another"].map((which) => [
          which,
          () => ({ input: { passkey: { id: randomBytes(32).toString("base64url"), response: madeUpAssertion } } }),
        ]),
      ),
  },
  "recovery.setPassword": {
    ...ofNobody,
    told: "400 code_invalid",
    kinds: madeUpTickets({ newPassword: `${password} staple` }),
  },
  "recovery.startPasskey": { ...ofNobody, told: "400 code_invalid", kinds: madeUpTickets({}) },
  "recovery.setPasskey": {
    ...ofNobody,
    told: "400 code_invalid",
    kinds: madeUpTickets({
      passkey: { id: "AAAA", response: { clientDataJSON: "AAAA", attestationObject: "AAAA" } },
    }),
  },
  "recovery.start": {
    ...ofNobody,
    told: "400 code_invalid",
    kinds: () => Object.fromEntries(["one", "another"].map((which) => [which, () => ({ input: { code: wrongCode } })])),
  },
  "account.stopChanges": {
    told: "ok",
    kinds: () =>
      Object.fromEntries(
        ["active", "disabled", "nobody"].map((username) => [
          username,
          () => ({ input: { username, deviceMark: randomBytes(32).toString("base64url") } }),
        ]),
      ),
  },
  "account.holdReset": {
    told: "400 invalid_credentials",
    kinds: () =>
      Object.fromEntries(
        ["active", "disabled", "nobody"].map((username) => [
          username,
          () => ({
            input: { username, password: `${password} staple`, deviceMark: randomBytes(32).toString("base64url") },
          }),
        ]),
      ),
  },
  "password.reset, by challenge": {
    told: "400 code_invalid",
    before: unused,
    kinds: withChallenge("reset_password", (challenge) => ({
      challenge,
      code: "not a code",
      newPassword: `${password} staple`,
    })),
  },
  "notes.list": {
    told: "401 token_invalid",
    kinds: ({ active, disabled }) => ({
      active: () => ({ token: makeUpToken(active.token) }),
      disabled: () => ({ token: makeUpToken(disabled.token) }),
      nobody: () => ({ token: makeUpToken(active.token, true) }),
    }),
  },
};

const asksForMessages = (procedure: string) => /^codes\.|startReset$/.test(procedure);

const wrongCode = "ABCDE-FGHJK-MNPQR-STVWX";
const register = (names: object) => ({ input: { username: freshName(), password, ...names } });

async function createKnown({ test: service, ...live }: LiveServer): Promise<Omit<Known, "challenges">> {
  const signUpAs = (username: string, number: number) =>
    signUp(
      { ...live, test: service },
      { username, phoneNumber: `+90532000000${number}`, email: `${username}@example.com` },
    );
  const [active, disabled] = [await signUpAs("active", 1), await signUpAs("disabled", 2)];
  await signUpAs("with_code", 3);
  await service.auth.operator.createPasswordCode("with_code");
  await createLockedAccount(service);
  await signUpAs("holder", 4);
  await service.auth.createUser({ username: "mail_only", email: "mail_only@example.com", password });
  await service.database.query(`update latchkey.users set is_active = username <> 'disabled',
    is_staff = username = 'holder', phone_vouched_at = null, email_vouched_at = null,
    phone_proved_at = case when phone_number is not null then
      latchkey.now() - case when username = 'with_code' then interval '50 days' else interval '1 day' end end`);
  await service.database.query(
    "update latchkey.users set email_proved_at = latchkey.now() where username in ('mail_only', 'active')",
  );
  return { active, disabled };
}

async function startChallenges(service: LiveServer["test"]): Promise<Known["challenges"]> {
  const { auth, facts } = service;
  const challenges: Record<string, Record<"sign_in" | "reset_password", string>> = {};
  for (const who of ["active", "disabled", "nobody"]) {
    const signIn = await auth.startCode({ purpose: "sign_in", to: who }, facts);
    const reset = await auth.startReset({ username: who }, facts);
    challenges[who] = { sign_in: signIn.challenge, reset_password: reset.challenge };
  }
  return challenges;
}

/** Of the core's pool, unless it is told otherwise. */
const mostConnections = 10;

/** Runs work and answers what it had PostgreSQL run, in order. */
async function listen({ auth }: LiveServer["test"]) {
  let ran: string[] = [];
  // What the outbox does is done by itself, whoever asks, and answers nobody.
  listenToStatements(auth, ({ text }) => text.includes("lease_until") || ran.push(text));
  const opened = new Set<object>();
  auth.pool.on("connect", (client) => opened.add(client));
  // Connections from before are not listened to, so they are kept busy: they are among all that there can be.
  const all = await Promise.all(Array.from({ length: mostConnections }, () => auth.pool.connect()));
  const busy = all.filter((client) => !opened.has(client));
  for (const client of all) if (opened.has(client)) client.release();
  return {
    async statementsOf(work: () => Promise<unknown>): Promise<string[]> {
      ran = [];
      await work();
      return ran;
    },
    [Symbol.dispose]() {
      for (const client of busy) client.release();
    },
  };
}

describe("a procedure that takes a stranger", () => {
  let live: LiveServer;
  let people: Omit<Known, "challenges">;
  let listener: Awaited<ReturnType<typeof listen>>;
  beforeAll(async () => {
    const sender = createInbox();
    const much = 1_000_000;
    const limits = { countryPerHour: much, countryPerDay: much, prefixPerHour: much, prefixPerDay: much };
    const messages = { senders: { sms: sender, email: sender }, countries: ["TR"], limits };
    const options = {
      passwords: { cost: 4 },
      messages,
      codes: { signInByCode: "both" },
      passkeys: { rpId: "localhost" },
    } as const;
    live = await startNotesServer(options, { trustedProxies: ["127.0.0.1"] });
    people = await createKnown(live);
    listener = await listen(live.test);
  });
  afterAll(async () => {
    listener?.[Symbol.dispose]();
    await live?.[Symbol.asyncDispose]();
  });

  test("every procedure that takes a stranger is held up to what it tells of who is known here", async () => {
    const open: string[] = [];
    for (const procedure of Object.keys(typesWithNotes)) {
      if ((await ask(live, procedure)).status !== 401) open.push(procedure);
    }
    const compared = new Set(Object.keys(comparisons).map((compared) => compared.split(",")[0] ?? ""));
    expect(open.toSorted()).toEqual(["token.obtain", ...compared].toSorted());
  });

  // Each is one of those that the long run tries by two hundred samples, and by their times.
  for (const { tags, cases } of shareOut(Object.entries(comparisons), 3))
    test.each(cases)(
      "%s tells nothing of who is known here: not by its answer, its statements or its time, where that is measured",
      { tags, timeout },
      async (compares, { told, before, isOfNobody, kinds }) => {
        const procedure = compares.split(",")[0] ?? "";
        // What is about challenges gives their tries back: to all there are, and thousands are left by what was compared before.
        await live.test.database.query("delete from latchkey.challenges");
        const challenges = before === unused ? await startChallenges(live.test) : {};
        const compared = Object.entries(kinds({ ...people, challenges }));
        // Whatever is still being sent takes time of this process.
        const onTheirWay = "select from latchkey.challenges where due_at is not null";
        await expect.poll(() => live.test.database.query(onTheirWay)).toEqual([]);
        const times = new Map(compared.map(([kind]) => [kind, [] as number[]]));
        const statements = new Map(compared.map(([kind]) => [kind, [] as string[][]]));
        async function measure(round: number): Promise<void> {
          for (const [index, [kind, make]] of compared.entries()) {
            const headers = { "x-forwarded-for": `10.${round + 3}.${index}.1` };
            if (before) await live.test.database.query(before);
            const options = { ...make(), headers };
            const time = await processorTimeOf(async () => {
              const ran = await listener.statementsOf(async () => {
                expect(outcomeOf(await ask(live, procedure, options)), kind).toBe(told);
              });
              statements.get(kind)?.push(ran);
            });
            if (round >= 0) times.get(kind)?.push(time);
          }
          await live.test.database.query("delete from latchkey.throttles where forgotten_at is not null");
          await live.test.database.query("delete from latchkey.message_counts");
        }
        // The outbox works in this process as well, when it likes.
        const noise = asksForMessages(procedure) ? 5 : 2;
        const rounds = asksForMessages(procedure) ? samples : usual;
        let spread = compareTimes(times, noise);
        // What a busy machine adds wears off, the longer it is measured; a difference stays.
        const last = () => {
          if (isOfNobody || !isTimed(compares)) return 2;
          if (spread.isNarrow) return asksForMessages(procedure) ? rounds : 0;
          return spread.isWide ? longest * Math.max(21, rounds) : rounds;
        };
        for (let round = -3; round < last(); round += 1) {
          await measure(round);
          spread = compareTimes(times, noise);
        }

        const [first, ...rest] = [...statements.values()].map(findUsual);
        for (const ran of rest) expect(ran).toEqual(first);
        if (!isOfNobody && isTimed(compares)) expect(spread.isWide, JSON.stringify(spread.medians)).toBe(false);
      },
    );
});

/** What ran most often: what maintenance does by itself every few seconds is in one of many. */
function findUsual(all: readonly string[][]): string[] {
  const counts = new Map<string, number>();
  for (const ran of all) counts.set(JSON.stringify(ran), (counts.get(JSON.stringify(ran)) ?? 0) + 1);
  const [[usual] = ["[]"]] = [...counts].sort(([, a], [, b]) => b - a);
  return JSON.parse(usual);
}

/** How many times as long as usual something is measured whose times are too far apart. */
const longest = 4;

/**
 * Between what the median of all there could ever be lies, all but one time in a thousand, whatever they are spread like: so far from the middle
 * of the sample as a coin that is tossed as often may be from half. Nothing is certain of fewer than 13.
 */
function boundMedian(values: readonly number[]): readonly [least: number, most: number] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = Math.floor((values.length - 1) / 2 - (3.3 * Math.sqrt(values.length)) / 2);
  return [sorted[at] ?? Number.NEGATIVE_INFINITY, sorted.at(-1 - at) ?? Number.POSITIVE_INFINITY];
}

/**
 * Whether some kinds take more time than others, beyond a twentieth or this many milliseconds, and whether it is certain that none does. Each is
 * compared with the others of its round, so that what a busy machine adds to a whole round is in none of the differences.
 */
function compareTimes(times: ReadonlyMap<string, readonly number[]>, noise: number) {
  const kinds = [...times];
  const rounds = kinds[0]?.[1].map((_, round) => median(kinds.map(([, values]) => values[round] ?? 0))) ?? [];
  const more = kinds.map(([, values]) => values.map((time, round) => time - (rounds[round] ?? 0)));
  const medians = Object.fromEntries(kinds.map(([kind, values]) => [kind, median(values)]));
  const limit = Math.max(noise, median(rounds) * 0.05);
  const bounds = more.map(boundMedian);
  const isNarrow = Math.max(...bounds.map(([, most]) => most)) - Math.min(...bounds.map(([least]) => least)) < limit;
  const isWide = Math.max(...more.map(median)) - Math.min(...more.map(median)) >= limit;
  return { medians, isWide, isNarrow };
}
