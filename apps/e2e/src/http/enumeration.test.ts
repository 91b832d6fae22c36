import { pbkdf2Sync, randomBytes, randomUUID } from "node:crypto";
import { processorTimeOf } from "@latchkey/auth/testing";
import { describe, expect, test } from "vitest";
import { call, type LiveServer } from "../live-server.ts";
import { startNotesServer } from "../notes/notes-server.ts";
import { freshName } from "../permissions/accounts-in-core.ts";
import { ask, outcomeOf, typesWithNotes } from "../permissions/call-as.ts";
import { listenToStatements } from "../permissions/statements.ts";
import { password, signUp, type WireSession } from "./accounts-over-http.ts";
import { createLockedAccount } from "./locked-account.ts";

/** `LATCHKEY_SAMPLES=200` measures as closely as the promise is made. */
const samples = Number(process.env.LATCHKEY_SAMPLES ?? 7);
const cost = 9;

const encodePbkdf2 = (iterations: number) =>
  `pbkdf2_sha256$${iterations}$salt$${pbkdf2Sync(password, "salt", iterations, 32, "sha256").toString("base64")}`;

/** What may be stored of a password: of our making, of Django's, and nothing that fits. */
const stored = {
  current: password,
  foreign: { djangoHash: encodePbkdf2(30_000) },
  dearer: { djangoHash: encodePbkdf2(250_000) },
  unusable: { djangoHash: "!" },
} as const;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** As long as it takes, the more samples the longer. */
const timeout = 120_000 + samples * 2_000;

test("a refusal takes the same work for nobody and for accounts of every kind, with hashes of every age", {
  timeout,
}, async () => {
  await using live = await startNotesServer({ passwords: { cost } }, { trustedProxies: ["127.0.0.1"] });
  const { auth, database, another } = live.test;
  for (const [username, encoded] of Object.entries(stored)) await auth.createUser({ username, password: encoded });
  await auth.createUser({ username: "inactive", password });
  await (await another({ passwords: { cost: 7 } })).createUser({ username: "older", password });
  await database.query("update latchkey.users set is_active = false where username = 'inactive'");
  await auth.measureHashCosts();
  await createLockedAccount(live.test);

  const kinds = [...Object.keys(stored), "older", "inactive", "locked", "nobody", "+905329998877"];
  const times = new Map(kinds.map((kind) => [kind, [] as number[]]));
  for (let round = -2; round < samples; round += 1) {
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

  const medians = Object.fromEntries([...times].map(([kind, values]) => [kind, median(values)]));
  const { dearer = 0, ...rest } = medians;
  const others = Object.values(rest);
  const allowed = Math.max(10, median(others) * 0.05);
  expect(Math.max(...others) - Math.min(...others), JSON.stringify(medians)).toBeLessThan(allowed);
  // What another kind of hash takes beside ours is measured at the start, and differs with what else the machine does.
  expect(Math.abs(dearer - median(others)), JSON.stringify(medians)).toBeLessThan(dearer / 3);
});

/** People of whom a stranger would like to know whether there are such, each with a session. */
interface Known {
  readonly active: WireSession;
  readonly disabled: WireSession;
}

interface Comparison {
  /** What every one of them is answered. */
  readonly told: string;
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

/** Every procedure that a stranger may call, but for `token.obtain`, which is above. */
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
  "notes.list": {
    told: "401 token_invalid",
    kinds: ({ active, disabled }) => ({
      active: () => ({ token: makeUpToken(active.token) }),
      disabled: () => ({ token: makeUpToken(disabled.token) }),
      nobody: () => ({ token: makeUpToken(active.token, true) }),
    }),
  },
};

const wrongCode = "ABCDE-FGHJK-MNPQR-STVWX";
const register = (names: object) => ({ input: { username: freshName(), password, ...names } });

async function createKnown({ test: service, ...live }: LiveServer): Promise<Known> {
  const signUpAs = (username: string, number: number) =>
    signUp(
      { ...live, test: service },
      { username, phoneNumber: `+90532000000${number}`, email: `${username}@example.com` },
    );
  const [active, disabled] = [await signUpAs("active", 1), await signUpAs("disabled", 2)];
  await signUpAs("with_code", 3);
  await service.auth.operator.createPasswordCode("with_code");
  await createLockedAccount(service);
  await service.database.query("update latchkey.users set is_active = false where username = 'disabled'");
  return { active, disabled };
}

/** Runs work and answers what it had PostgreSQL run, in order. */
async function listen({ auth }: LiveServer["test"]) {
  let ran: string[] = [];
  listenToStatements(auth, ({ text }) => ran.push(text));
  // Connections from before are not listened to, so they are kept busy.
  const busy = await Promise.all(Array.from({ length: auth.pool.totalCount }, () => auth.pool.connect()));
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

test("every procedure that takes a stranger is held up to what it tells of who is known here", async () => {
  await using live = await startNotesServer();
  const open: string[] = [];
  for (const procedure of Object.keys(typesWithNotes)) {
    if ((await ask(live, procedure)).status !== 401) open.push(procedure);
  }
  expect(open.toSorted()).toEqual(["token.obtain", ...Object.keys(comparisons)].toSorted());
});

describe.each(Object.entries(comparisons))("%s", (procedure, { told, kinds }) => {
  test("tells a stranger nothing of who is known here: not by its answer, its statements or its time", {
    timeout,
  }, async () => {
    await using live = await startNotesServer({ passwords: { cost: 4 } }, { trustedProxies: ["127.0.0.1"] });
    const compared = Object.entries(kinds(await createKnown(live)));
    using listener = await listen(live.test);
    const times = new Map(compared.map(([kind]) => [kind, [] as number[]]));
    const statements = new Map<string, string[]>();
    const rounds = 3 * samples;
    for (let round = -3; round < rounds; round += 1) {
      for (const [index, [kind, make]] of compared.entries()) {
        const headers = { "x-forwarded-for": `10.${round + 3}.${index}.1` };
        const options = { ...make(), headers };
        const time = await processorTimeOf(async () => {
          const ran = await listener.statementsOf(async () => {
            expect(outcomeOf(await ask(live, procedure, options)), kind).toBe(told);
          });
          statements.set(kind, ran);
        });
        if (round >= 0) times.get(kind)?.push(time);
      }
      await live.test.database.query("delete from latchkey.throttles where forgotten_at is not null");
    }

    const [first, ...rest] = [...statements.values()];
    for (const ran of rest) expect(ran).toEqual(first);
    const medians = Object.fromEntries([...times].map(([kind, values]) => [kind, median(values)]));
    const values = Object.values(medians);
    const allowed = Math.max(2, median(values) * 0.05);
    expect(Math.max(...values) - Math.min(...values), JSON.stringify(medians)).toBeLessThan(allowed);
  });
});
