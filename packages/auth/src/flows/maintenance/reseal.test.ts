import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createAuth } from "../../create-auth.ts";
import { AuthError, StartError } from "../../errors.ts";
import { createInbox, type Inbox } from "../../testing/inbox.ts";
import { createTestAuth, showTotp, type TestAuth, testSecret } from "../../testing/index.ts";

const password = "correct horse battery";
const [a, b, c] = [testSecret, "Zk3vR9qLw7TnXc2Yb8HsJd5GfMp4Ua6EkQ1", "pW4xNc8sVb1tRk6yHq3mZd9fLj2gUa7EoT5"];
const messages = (inbox: Inbox) => ({ senders: { sms: inbox }, isEnforced: false, countries: ["TR" as const] });

let service: TestAuth;
let inbox: Inbox;
beforeEach(async () => {
  inbox = createInbox();
  service = await createTestAuth({ messages: messages(inbox) });
  await service.auth.createUser({ username: "alice", password, phoneNumber: "+905321234567" });
  await service.database.query("update latchkey.users set phone_proved_at = latchkey.now()");
});
afterEach(() => service[Symbol.asyncDispose]());

const withSecrets = (...secret: string[]): Promise<Auth> => service.another({ secret });

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return "ok";
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    if (error instanceof StartError) return error.message;
    throw error;
  }
}

const signIn = (auth: Auth, deviceMark?: string) =>
  auth.signIn({ username: "alice", password, ...(deviceMark && { deviceMark }) }, service.facts);

const authenticate = (auth: Auth, { token }: { token: string }) => codeOf(auth.authenticate([`Bearer ${token}`]));

const readSeals = async () => {
  const rows = await service.database.query<{ secret_id: string }>(
    "select distinct secret_id from latchkey.secret_keys",
  );
  return rows.length;
};

/** How many wrong passwords an address has left before it has to wait, found out on one process after the other. */
async function countAttemptsOf(address: string, processes: readonly Auth[]): Promise<number> {
  const facts = { ...service.facts, address };
  for (let attempt = 0; ; attempt += 1) {
    const auth = processes[attempt % processes.length] as Auth;
    const code = await codeOf(auth.signIn({ username: `nobody${attempt}`, password: "wrong wrong wrong" }, facts));
    if (code === "rate_limited") return attempt;
  }
}

test("from one secret to another on two processes, step by step, everything that is alive stays alive on both", async () => {
  let [one, two] = [service.auth, await service.another()];
  let held = await signIn(one);
  const idle = await signIn(two);
  const { challenge } = await one.startCode({ purpose: "enter", to: "+905321234567" }, service.facts);
  const { code } = await inbox.take("+905321234567");

  async function expectAllAlive(step: string) {
    for (const auth of [one, two]) {
      expect(await authenticate(auth, held), step).toBe("ok");
      expect(await authenticate(auth, idle), step).toBe("ok");
    }
    const answers = await Promise.all(
      [one, two, one, two].map((auth) => auth.refresh(held.refreshToken, service.facts)),
    );
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size, step).toBe(1);
    held = { ...held, ...(answers[0] as (typeof answers)[0]) };
    const marked = await signIn(two, held.deviceMark);
    expect(readDeviceId(marked.deviceMark), step).toBe(readDeviceId(held.deviceMark));
  }

  one = await withSecrets(a, b);
  await expectAllAlive("[A,B] and [A]");
  two = await withSecrets(a, b);
  one = await withSecrets(b, a);
  await expectAllAlive("[B,A] and [A,B]");
  two = await withSecrets(b, a);
  await expectAllAlive("[B,A] and [B,A]");
  const { moved, made, left, sessionsEnded } = await one.reseal({});
  expect({ moved, made, left, sessionsEnded }).toEqual({ moved: 11, made: 5, left: 0, sessionsEnded: 0 });
  await expectAllAlive("resealed");
  // Nothing that is stored opens without a secret, and no secret is stored.
  const rows = await service.database.query("select t::text as row from latchkey.secret_keys t");
  for (const secret of [a, b]) expect(JSON.stringify(rows)).not.toContain(secret);
  one = await withSecrets(b);
  await expectAllAlive("[B] and [B,A]");
  two = await withSecrets(b);
  await expectAllAlive("[B] and [B]");

  expect(await authenticate(two, await two.refresh(idle.refreshToken, service.facts))).toBe("ok");
  expect(await codeOf(two.signInByCode({ challenge, code }, service.facts))).toBe("ok");
});

const readDeviceId = (mark: string) => Buffer.from(mark, "base64url").subarray(0, 16).toString("hex");

test("counts of attempts go on through a change of the secret, on processes with either one first", {
  tags: ["long"],
}, async () => {
  const fresh = await countAttemptsOf("203.0.113.1", [service.auth]);
  const [old, next] = [await withSecrets(a, b), await withSecrets(b, a)];
  expect(await countAttemptsOf("198.51.100.1", [old, next])).toBe(fresh);
  await next.reseal({});
  expect(await countAttemptsOf("198.51.100.1", [await withSecrets(b)])).toBe(0);
});

test("a process that has not heard of a new key takes what was made with it all the same", {
  tags: ["long"],
}, async () => {
  const [old, next] = [await withSecrets(a, b), await withSecrets(b, a)];
  await next.reseal({});
  const made = await signIn(next);
  const other = await signIn(old);
  expect(await codeOf(old.refresh(made.refreshToken, service.facts))).toBe("ok");
  expect(await codeOf(next.refresh(other.refreshToken, service.facts))).toBe("ok");
});

test("twenty refreshes at once on processes that know different keys get one successor", {
  tags: ["long"],
}, async () => {
  const [old, next] = [await withSecrets(a, b), await withSecrets(b, a)];
  for (let round = 0; round < 10; round += 1) {
    const { refreshToken } = await signIn(old);
    if (round === 3) await next.reseal({});
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? old : next).refresh(refreshToken, service.facts)),
    );
    expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1);
  }
});

test("whoever gave a process its secrets in the wrong order signs nobody out: it says that it cannot tell", async () => {
  const next = await withSecrets(b, a);
  await next.reseal({});
  const made = await signIn(next);
  expect(await codeOf(service.auth.refresh(made.refreshToken, service.facts))).toBe("unavailable");
  expect(await codeOf(service.auth.signOut(made.refreshToken, service.facts))).toBe("unavailable");
  expect(await codeOf(next.refresh(made.refreshToken, service.facts))).toBe("ok");
  expect(await codeOf(service.another())).toMatch(/^LATCHKEY_SECRET is not the one/);
});

test("is done once, and a second time finds nothing to do", { tags: ["long"] }, async () => {
  const next = await withSecrets(b, a);
  await next.reseal({});
  expect(await readSeals()).toBe(1);
  expect(await next.reseal({})).toEqual({ moved: 0, made: 0, sessionsEnded: 0, challengesEnded: 0, left: 0 });
});

test("is refused with a secret that opens nothing, and changes nothing", async () => {
  const before = await service.database.query("select * from latchkey.secret_keys order by id");
  for (const input of [{}, { compromised: true }])
    expect(await codeOf(openWithout(c, (auth) => auth.reseal(input)))).toMatch(/^LATCHKEY_SECRET is not the one/);
  expect(await service.database.query("select * from latchkey.secret_keys order by id")).toEqual(before);
});

test("`rotate-keys` is refused with a secret that opens nothing, compromised or not", { tags: ["long"] }, async () => {
  const [key] = await service.database.query("select kid from latchkey.signing_keys");
  for (const compromised of [false, true])
    expect(await codeOf(openWithout(c, (auth) => auth.rotateKeys({ compromised })))).toMatch(
      /^LATCHKEY_SECRET is not the one[^\n]+$/,
    );
  expect(await service.database.query("select kid from latchkey.signing_keys")).toEqual([key]);
});

/** A command of a process that does not start. */
async function openWithout<T>(secret: string, run: (auth: Auth) => Promise<T>): Promise<T> {
  const auth = createAuth(service.database.connection, { secret, clock: service.clock });
  try {
    return await run(auth);
  } finally {
    await auth.close();
  }
}

describe("a secret that somebody else knows", () => {
  test("takes every session, code and mark of its time with it, and nothing of the new one's", async () => {
    const old = await signIn(service.auth);
    const { challenge } = await service.auth.startCode({ purpose: "enter", to: "+905321234567" }, service.facts);
    const { code } = await inbox.take("+905321234567");
    const next = await withSecrets(b, a);
    const { sessionsEnded, challengesEnded, left } = await next.reseal({ compromised: true });
    expect({ sessionsEnded, challengesEnded, left }).toEqual({ sessionsEnded: 1, challengesEnded: 1, left: 0 });

    for (const auth of [next, await withSecrets(b), service.auth]) {
      expect(await authenticate(auth, old)).toBe("token_invalid");
      expect(await codeOf(auth.refresh(old.refreshToken, service.facts))).toMatch(
        /^(refresh_token_invalid|session_ended)$/,
      );
      expect(await codeOf(auth.signInByCode({ challenge, code }, service.facts))).not.toBe("ok");
    }
    await service.clock.advance(61);
    const fresh = await signIn(next, old.deviceMark);
    expect(readDeviceId(fresh.deviceMark)).not.toBe(readDeviceId(old.deviceMark));
    const again = await next.reseal({ compromised: true });
    expect(again).toEqual({ moved: 0, made: 0, sessionsEnded: 0, challengesEnded: 0, left: 0 });
    expect(await authenticate(next, fresh)).toBe("ok");
  });

  test("takes them also after it was replaced in peace, and sessions of the time since stay", {
    tags: ["long"],
  }, async () => {
    const old = await signIn(service.auth);
    const next = await withSecrets(b, a);
    await next.reseal({});
    const moved = await next.refresh(old.refreshToken, service.facts);
    await service.clock.advance(61);
    const since = await signIn(next);
    expect(await next.reseal({ compromised: true })).toMatchObject({ sessionsEnded: 1 });
    expect(await codeOf(next.refresh(moved.refreshToken, service.facts))).toBe("session_ended");
    expect(await codeOf(next.refresh(since.refreshToken, service.facts))).toBe("ok");
  });

  test("takes more sessions than one statement ends", { tags: ["long"] }, async () => {
    const { user } = await signIn(service.auth);
    await service.database.query(
      `insert into latchkey.sessions (id, user_id, refresh_hash, expires_at, idle_expires_at)
      select uuidv7(), $1, sha256(n::text::bytea), latchkey.now() + interval '1 day', latchkey.now() + interval '1 day'
      from generate_series(1, 2500) n`,
      [user.id],
    );
    const next = await withSecrets(b, a);
    expect(await next.reseal({ compromised: true })).toMatchObject({ sessionsEnded: 2_501 });
    const alive = await service.database.query("select from latchkey.sessions where ended_at is null");
    expect(alive).toEqual([]);
  });
});

test("a secret that is lost is given up only when that is said, and everybody can sign in again", {
  tags: ["long"],
}, async () => {
  const old = await signIn(service.auth);
  const resealed = await openWithout(c, (auth) => auth.reseal({ lost: true }));
  expect(resealed).toMatchObject({ sessionsEnded: 1, left: 0 });
  const next = await withSecrets(c);
  expect(await codeOf(next.refresh(old.refreshToken, service.facts))).toBe("refresh_token_invalid");
  expect(await authenticate(next, await signIn(next))).toBe("ok");
});

test("an authenticator app goes on with the next secret, and is as good as lost when the secret is", async () => {
  const signedIn = await signIn(service.auth);
  const caller = await service.auth.authenticate([`Bearer ${signedIn.token}`]);
  const { ticket, secret } = await service.auth.startTotp(caller, service.facts);
  await service.auth.confirmTotp(caller, { ticket, totp: await showTotp(service, secret) }, service.facts);
  const show = async (auth: Auth) => {
    service.clock.advance(60);
    const asked = await signIn(auth).then(
      () => null,
      (error) => error,
    );
    const halfDone = { ticket: asked.secondFactor?.ticket ?? "", totp: await showTotp(service, secret) };
    return codeOf(auth.signInBySecondFactor(halfDone, service.facts));
  };
  await (await withSecrets(b, a)).reseal({});
  expect(await show(await withSecrets(b))).toBe("ok");
  await openWithout(c, (auth) => auth.reseal({ lost: true }));
  expect(await show(await withSecrets(c))).toBe("code_invalid");
});

test("an installation of before goes on with all that it has issued, whichever place its secret has in the list", {
  tags: ["long"],
}, async () => {
  const held = await signIn(service.auth);
  await service.database.query("truncate latchkey.secret_keys");
  const next = await withSecrets(b, a);
  expect(await codeOf(next.refresh(held.refreshToken, service.facts))).toBe("ok");
  expect(readDeviceId((await signIn(next, held.deviceMark)).deviceMark)).toBe(readDeviceId(held.deviceMark));
});

test("of eight processes that start at once with different secrets first, all have the same keys", {
  tags: ["long"],
}, async () => {
  await service.database.query("truncate latchkey.secret_keys");
  const processes = await Promise.all(
    Array.from({ length: 8 }, (_, index) => (index % 2 ? withSecrets(a, b) : withSecrets(b, a))),
  );
  const { refreshToken } = await signIn(processes[0] as Auth);
  const answers = await Promise.all(processes.map((auth) => auth.refresh(refreshToken, service.facts)));
  expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1);
});

test("health says what is still under an old secret, and when it can be taken away", { tags: ["long"] }, async () => {
  const next = await withSecrets(b, a);
  const before = await next.checkHealth();
  expect(before.secrets).toBe("2: the first seals 0 keys, the others 11");
  expect(before.warnings.join()).toContain('run "latchkey reseal"');
  await next.reseal({});
  const after = await next.checkHealth();
  expect(after.warnings.join()).toContain("take them away");
  expect((await (await withSecrets(b)).checkHealth()).secrets).toBe("one, which seals 16 keys");
});
