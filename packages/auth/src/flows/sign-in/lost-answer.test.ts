import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { AuthError } from "../../errors.ts";
import { createTestAuth, shareOut, type TestAuth } from "../../testing/index.ts";
import { readRotation } from "../../tokens/token-id.ts";
import type { RequestInfo } from "../steps/core.ts";
import type { TokenResponse } from "../steps/issue-session-tokens.ts";

const password = "correct horse battery";
const minute = 60;
const hour = 3_600;

const owner: RequestInfo = { requestId: null, address: "192.0.2.1", userAgent: "Firefox on a laptop" };
/** Whoever copies a token from a browser copies its user agent as well. */
const thief: RequestInfo = { requestId: null, address: "198.51.100.9", userAgent: owner.userAgent };

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "ok",
    (error: unknown) => (error instanceof AuthError ? error.code : String(error)),
  );

type Signed = Pick<TokenResponse, "token" | "refreshToken">;

const call = (auth: Auth, { token }: Signed) => codeOf(auth.authenticate([`Bearer ${token}`]));
const refreshCode = (auth: Auth, { refreshToken }: Signed, facts = owner) => codeOf(auth.refresh(refreshToken, facts));

/** One service for all tests but those that change tables. */
let service: TestAuth;
beforeAll(async () => {
  service = await createTestAuth();
});
afterAll(() => service[Symbol.asyncDispose]());

/** Each begins without people and events, so that everybody can be called alice. */
async function begin(): Promise<TestAuth> {
  const tables = ["users", "throttles", "audit_events"];
  await service.database.query(tables.map((table) => `delete from latchkey.${table}`).join(";"));
  return service;
}

async function signIn({ auth }: TestAuth): Promise<TokenResponse> {
  await auth.createUser({ username: "alice", password });
  return auth.signIn({ username: "alice", password }, owner);
}

const eventsOf = ({ database }: TestAuth) =>
  database.query<{ event: string; address: string; detail: Record<string, unknown> }>(
    "select event, address, detail from latchkey.audit_events where event like 'refresh%' order by position",
  );

const jtiOf = ({ token }: Signed): string =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).jti;

describe("a thief with a copy of the refresh token is found in the first round", () => {
  test("who goes after the owner, as soon as the owner has made one call", async () => {
    const test = await begin();
    const { auth, clock } = test;
    const stolen = await signIn(test);
    const owned = await auth.refresh(stolen.refreshToken, owner);
    expect(await call(auth, owned)).toBe("ok");
    await clock.advance(5 * minute);
    expect(await refreshCode(auth, stolen, thief)).toBe("refresh_token_reused");
    expect(await call(auth, owned)).toBe("session_ended");
    expect((await eventsOf(test)).map(({ event }) => event)).toEqual(["refresh_token_reused"]);
  });

  test("who goes before the owner and makes one call", async () => {
    const test = await begin();
    const { auth, clock } = test;
    const owned = await signIn(test);
    const taken = await auth.refresh(owned.refreshToken, thief);
    expect(await call(auth, taken)).toBe("ok");
    await clock.advance(5 * minute);
    expect(await refreshCode(auth, owned)).toBe("refresh_token_reused");
    expect(await call(auth, taken)).toBe("session_ended");
  });

  test.each([1, 5, 14])(
    "who goes %i minutes before the owner each time and keeps still until then",
    async (minutes) => {
      const test = await begin();
      const { auth, clock } = test;
      const owned = await signIn(test);
      const taken = await auth.refresh(owned.refreshToken, thief);
      await clock.advance(minutes * minute);
      const repaired = await auth.refresh(owned.refreshToken, owner);
      expect(repaired.refreshToken).not.toBe(taken.refreshToken);
      expect(await call(auth, repaired)).toBe("ok");
      await clock.advance(minutes * minute);
      expect(await refreshCode(auth, taken, thief)).toBe("refresh_token_reused");
      expect(await eventsOf(test)).toMatchObject([
        {
          event: "refresh_answered_again",
          address: owner.address,
          detail: { sessionId: expect.any(String), previousAddress: thief.address },
        },
        { event: "refresh_token_reused", address: thief.address },
      ]);
    },
  );

  test("who answers a lost answer's owner with silence on both sides: one of the two cannot go on", {
    tags: ["long"],
  }, async () => {
    const test = await begin();
    const { auth, clock } = test;
    const stolen = await signIn(test);
    const owned = await auth.refresh(stolen.refreshToken, owner);
    await clock.advance(5 * minute);
    const taken = await auth.refresh(stolen.refreshToken, thief);
    await clock.advance(5 * minute);
    const next = await auth.refresh(owned.refreshToken, owner);
    expect(await call(auth, next)).toBe("ok");
    expect(await refreshCode(auth, taken, thief)).toBe("refresh_token_reused");
  });

  test("while the owner sleeps for days, and then comes back", { tags: ["long"] }, async () => {
    const test = await begin();
    const { auth, clock } = test;
    const owned = await signIn(test);
    let taken: Signed = owned;
    for (let day = 0; day < 3; day += 1) {
      taken = await auth.refresh(taken.refreshToken, thief);
      expect(await call(auth, taken)).toBe("ok");
      await clock.advance(24 * hour);
    }
    expect(await refreshCode(auth, owned)).toBe("refresh_token_reused");
    expect(await refreshCode(auth, taken, thief)).toBe("session_ended");
  });

  test("on another process than the owner's", { tags: ["long"] }, async () => {
    const test = await begin();
    const { auth, clock } = test;
    const other = await test.another();
    const stolen = await signIn(test);
    const owned = await auth.refresh(stolen.refreshToken, owner);
    expect(await call(auth, owned)).toBe("ok");
    await clock.advance(minute);
    expect(await refreshCode(other, stolen, thief)).toBe("refresh_token_reused");
  });

  test("with another user agent, even while the answer is lost", { tags: ["long"] }, async () => {
    const test = await begin();
    const { auth, clock } = test;
    const stolen = await signIn(test);
    await auth.refresh(stolen.refreshToken, owner);
    await clock.advance(31);
    const facts = [
      { ...thief, userAgent: "curl/8.5.0" },
      { ...thief, userAgent: null },
    ];
    expect(await refreshCode(auth, stolen, facts[0])).toBe("refresh_token_reused");
    expect(await refreshCode(auth, stolen, facts[1])).toBe("session_ended");
  });

  test("with a token of an older generation, though nobody has used the newest", async () => {
    const test = await begin();
    const { auth, clock } = test;
    const stolen = await signIn(test);
    const owned = await auth.refresh(stolen.refreshToken, owner);
    await auth.refresh(owned.refreshToken, owner);
    await clock.advance(minute);
    expect(await refreshCode(auth, stolen, thief)).toBe("refresh_token_reused");
  });
});

test("a thief and an owner who both go on minutes apart, in any order and however silent, never both last two rounds", {
  tags: ["long"],
}, async () => {
  for (const order of [0, 1, 2, 3, 4, 5, 6, 7]) {
    const test = await begin();
    const { auth, clock } = test;
    const start = await signIn(test);
    const held = { owner: start as Signed, thief: start as Signed };
    const refused = [];
    for (let turn = 0; turn < 6 && refused.length === 0; turn += 1) {
      const isOwner = turn % 2 === (order & 1);
      const [who, facts] = isOwner ? (["owner", owner] as const) : (["thief", thief] as const);
      const code = await refreshCode(auth, held[who], facts);
      if (code !== "ok") refused.push(code);
      // The same token within the grace time gets the same answer.
      else held[who] = await auth.refresh(held[who].refreshToken, facts);
      const isSilent = isOwner ? order & 2 : order & 4;
      if (code === "ok" && !isSilent) await call(auth, held[who]);
      await clock.advance(5 * minute);
    }
    expect(refused, `order ${order}`).toEqual(["refresh_token_reused"]);
  }
});

test("an access token that was stolen opens no way to a refresh, and keeps nobody from repairing a lost answer of the next", async () => {
  const test = await begin();
  const { auth, clock } = test;
  const stolen = await signIn(test);
  await auth.refresh(stolen.refreshToken, owner);
  for (let time = 0; time < 3; time += 1) {
    expect(await call(auth, { token: stolen.token, refreshToken: "" })).toBe("ok");
    await clock.advance(minute);
  }
  expect(await refreshCode(auth, stolen)).toBe("ok");
});

describe("a person whose answer was lost goes on", () => {
  for (const { tags, cases } of shareOut([31, minute, 10 * minute, 23 * hour], 2))
    test.each(cases)("who asks again after %i seconds", { tags }, async (seconds) => {
      const test = await begin();
      const { auth, clock } = test;
      const first = await signIn(test);
      await auth.refresh(first.refreshToken, owner);
      await clock.advance(seconds);
      const elsewhere = { ...owner, address: "203.0.113.5" };
      const second = await auth.refresh(first.refreshToken, elsewhere);
      expect(await call(auth, second)).toBe("ok");
      await clock.advance(10 * minute);
      const third = await auth.refresh(second.refreshToken, owner);
      expect(await call(auth, third)).toBe("ok");
      expect(await eventsOf(test)).toMatchObject([
        { event: "refresh_answered_again", address: elsewhere.address, detail: { previousAddress: owner.address } },
      ]);
    });

  test("and not who asks after more than a day, counted from the first answer on", async () => {
    const test = await begin();
    const { auth, clock } = test;
    const first = await signIn(test);
    for (let time = 0; time < 3; time += 1) {
      expect(await refreshCode(auth, first)).toBe("ok");
      await clock.advance(8 * hour);
    }
    expect(await refreshCode(auth, first)).toBe("refresh_token_reused");
  });

  test("for as long as the setting says, which may be not at all", { tags: ["long"] }, async () => {
    for (const [refreshRetry, code] of [
      [0, "refresh_token_reused"],
      [minute, "ok"],
    ] as const) {
      await using test = await createTestAuth({ sessions: { refreshRetry } });
      const first = await signIn(test);
      await test.auth.refresh(first.refreshToken, owner);
      await test.clock.advance(40);
      expect(await refreshCode(test.auth, first)).toBe(code);
    }
  });

  test("whose answers are lost again and again, on either process", { tags: ["long"] }, async () => {
    const test = await begin();
    const { auth, clock } = test;
    const other = await test.another();
    const first = await signIn(test);
    for (let time = 0; time < 20; time += 1) {
      await (time % 2 ? auth : other).refresh(first.refreshToken, owner);
      await clock.advance(31 + time * 7);
    }
    const next = await auth.refresh(first.refreshToken, owner);
    expect(await call(other, next)).toBe("ok");
    expect(await refreshCode(other, next)).toBe("ok");
  });

  test("with many tabs at once after the grace time, on two processes: all get one successor, and one event tells of it", async () => {
    const test = await begin();
    const { auth, clock } = test;
    const other = await test.another();
    const first = await signIn(test);
    await auth.refresh(first.refreshToken, owner);
    await clock.advance(45);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? auth : other).refresh(first.refreshToken, owner)),
    );
    const [next, ...others] = new Set(answers.map(({ refreshToken }) => refreshToken));
    expect(others).toEqual([]);
    for (const answer of answers) expect(await call(auth, answer)).toBe("ok");
    expect(await refreshCode(other, { token: "", refreshToken: next ?? "" })).toBe("ok");
    expect(await eventsOf(test)).toHaveLength(1);
  });

  test("when the lost answer comes after all, and the one that took its place is lost", {
    tags: ["long"],
  }, async () => {
    const test = await begin();
    const { auth, clock } = test;
    const first = await signIn(test);
    const late = await auth.refresh(first.refreshToken, owner);
    for (let time = 0; time < 3; time += 1) {
      await clock.advance(minute);
      await auth.refresh(first.refreshToken, owner);
    }
    await clock.advance(minute);
    expect(await call(auth, late)).toBe("ok");
    const next = await auth.refresh(late.refreshToken, owner);
    expect(await call(auth, next)).toBe("ok");
    await clock.advance(minute);
    expect(await refreshCode(auth, next)).toBe("ok");
  });

  test("without a user agent as well, as programs do", { tags: ["long"] }, async () => {
    const test = await begin();
    const { auth, clock } = test;
    const first = await signIn(test);
    const program = { ...owner, userAgent: null };
    await auth.refresh(first.refreshToken, program);
    await clock.advance(minute);
    expect(await refreshCode(auth, first, program)).toBe("ok");
  });

  test("whose older access tokens are still at work: they show nothing of what was answered since", {
    tags: ["long"],
  }, async () => {
    const test = await begin();
    const { auth, clock } = test;
    const first = await signIn(test);
    const second = await auth.refresh(first.refreshToken, owner);
    expect(await call(auth, second)).toBe("ok");
    await auth.refresh(second.refreshToken, owner);
    await clock.advance(minute);
    for (const answer of [first, second]) expect(await call(auth, answer)).toBe("ok");
    expect(await refreshCode(auth, second)).toBe("ok");
  });
});

describe("what counts as use of a refresh's answer", () => {
  test("the first call with its access token, by the time it is answered, on either process, and a look at the token as well", async () => {
    for (const use of ["authenticate", "inspectToken"] as const) {
      const test = await begin();
      const { auth, clock, facts } = test;
      const other = await test.another();
      const first = await signIn(test);
      const { token } = await auth.refresh(first.refreshToken, owner);
      await clock.advance(minute);
      if (use === "authenticate") await other.authenticate([`Bearer ${token}`]);
      else await other.inspectToken(token, facts);
      expect(await refreshCode(auth, first)).toBe("refresh_token_reused");
    }
  });

  test("not a call that was refused: of a disabled account, or with a token that is over", async () => {
    const test = await begin();
    const { auth, clock, database } = test;
    const first = await signIn(test);
    const second = await auth.refresh(first.refreshToken, owner);
    await database.query("update latchkey.users set is_active = false");
    expect(await call(auth, second)).toBe("account_disabled");
    await database.query("update latchkey.users set is_active = true");
    await clock.advance(hour);
    expect(await call(auth, second)).toBe("token_expired");
    expect(await refreshCode(auth, first)).toBe("ok");
  });

  test("a rotation's first use writes once, however many calls come at once and after it", {
    tags: ["long"],
  }, async () => {
    await using test = await createTestAuth();
    const { auth, database } = test;
    const other = await test.another();
    const first = await signIn(test);
    await database.query(`create table writes (what text);
      create function note_write() returns trigger language plpgsql as
        $$ begin insert into latchkey.writes values (tg_op); return new; end $$;
      create trigger note_write after update on latchkey.sessions for each row execute function note_write()`);
    for (let round = 0; round < 5; round += 1) expect(await call(auth, first)).toBe("ok");
    expect(await database.query("select from writes")).toHaveLength(0);

    const second = await auth.refresh(first.refreshToken, owner);
    await database.query("delete from writes");
    await Promise.all(Array.from({ length: 40 }, (_, index) => call(index % 2 ? auth : other, second)));
    for (let round = 0; round < 5; round += 1) expect(await call(auth, second)).toBe("ok");
    expect(await database.query("select from writes")).toHaveLength(1);
  });

  test("uses of many sessions of one person at once, beside touches and a sign-out of all, are noted, and none fails for it", {
    tags: ["long"],
  }, async () => {
    await using test = await createTestAuth();
    const { auth, database } = test;
    const other = await test.another();
    await auth.createUser({ username: "alice", password });
    const sessions: Signed[] = [];
    for (let count = 0; count < 30; count += 1)
      sessions.push(await auth.signIn({ username: "alice", password }, owner));
    const here = await auth.authenticate([`Bearer ${sessions[0]?.token}`]);
    for (const isLast of [false, false, true]) {
      for (const [index, session] of sessions.entries()) {
        sessions[index] = await auth.refresh(session.refreshToken, owner);
      }
      await database.query("update latchkey.sessions set last_used_at = last_used_at - interval '5 minutes'");
      const mixed = [...sessions, ...sessions.toReversed()];
      const [codes] = await Promise.all([
        Promise.all(mixed.map((session, index) => call(index % 3 ? auth : other, session))),
        isLast ? other.revokeOtherSessions(here, owner) : 0,
      ]);
      expect(codes.filter((code) => code !== "ok" && !(isLast && code === "session_ended"))).toEqual([]);
      const unused = "select from latchkey.sessions where unused_since is not null and ended_at is null";
      expect(await database.query(unused)).toHaveLength(0);
    }
  });
});

describe("while processes of the version before are serving", () => {
  /** What a process of the version before does with the present token: it knows nothing of the newer columns. */
  const rotateAsBefore = async ({ database }: TestAuth, presented: Signed, next: Signed) => {
    const hashOf = ({ refreshToken }: Signed) =>
      `sha256(substring(decode('${toHex(refreshToken)}', 'hex') from 17 for 32))`;
    await database.query(`update latchkey.sessions set previous_refresh_hash = ${hashOf(presented)},
      refresh_hash = ${hashOf(next)}, rotated_at = latchkey.now()`);
  };
  const toHex = (text: string) => Buffer.from(text, "base64url").toString("hex");

  /** The successor, without the session having moved on. */
  const peek = async ({ auth, database }: TestAuth, presented: Signed): Promise<TokenResponse> => {
    const columns = "refresh_hash, previous_refresh_hash, rotated_at, rotation, unused_since, reissues";
    await database.query(`create table before as select ${columns} from latchkey.sessions`);
    const next = await auth.refresh(presented.refreshToken, owner);
    await database.query(`update latchkey.sessions set (${columns}) = (select ${columns} from before)`);
    await database.query("drop table before");
    return next;
  };

  test("their access tokens, whose ids are UUIDv7, are let in and say nothing of any refresh", () => {
    expect(readRotation("01890a5d-ac96-774b-bcce-b302099a8057")).toBeNull();
    expect(readRotation("00000001-ac96-774b-8cce-b302099a8057")).toBeNull();
  });

  test("a token that one of them has used is not answered beyond the grace time: what it answered may be in use", async () => {
    const test = await begin();
    const { auth, clock } = test;
    const first = await signIn(test);
    const second = await auth.refresh(first.refreshToken, owner);
    const third = await peek(test, second);
    await rotateAsBefore(test, second, third);
    await clock.advance(minute);
    expect(await refreshCode(auth, second)).toBe("refresh_token_reused");
  });

  test("neither is it after a lost answer that was given anew here", { tags: ["long"] }, async () => {
    const test = await begin();
    const { auth, clock } = test;
    const first = await signIn(test);
    await auth.refresh(first.refreshToken, owner);
    await clock.advance(minute);
    const second = await auth.refresh(first.refreshToken, owner);
    const third = await peek(test, second);
    await rotateAsBefore(test, second, third);
    await clock.advance(minute);
    expect(await refreshCode(auth, second)).toBe("refresh_token_reused");
  });

  test("a session that one of them has moved on goes on here, and a repeat within the grace time gets the same", async () => {
    const test = await begin();
    const { auth } = test;
    const first = await signIn(test);
    const second = await peek(test, first);
    await rotateAsBefore(test, first, second);
    expect((await auth.refresh(first.refreshToken, owner)).refreshToken).toBe(second.refreshToken);
    expect(await refreshCode(auth, second)).toBe("ok");
  });
});

describe("the id of an access token", () => {
  test("is another for every token, of the same refresh too, and a stranger does not guess it", {
    tags: ["long"],
  }, async () => {
    const test = await begin();
    const { auth } = test;
    const first = await signIn(test);
    const answers = [];
    for (let time = 0; time < 50; time += 1) answers.push(await auth.refresh(first.refreshToken, owner));
    const ids = answers.map(jtiOf);
    expect(new Set(ids).size).toBe(50);
    expect(new Set(ids.map((id) => id.slice(9))).size).toBe(50);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("tells the number of its session's rotation", async () => {
    const test = await begin();
    const { auth } = test;
    const first = await signIn(test);
    const second = await auth.refresh(first.refreshToken, owner);
    const again = await auth.refresh(first.refreshToken, owner);
    const third = await auth.refresh(second.refreshToken, owner);
    expect([first, second, again, third].map((answer) => readRotation(jtiOf(answer)))).toEqual([0, 1, 1, 2]);
  });
});

describe("a password change", () => {
  const input = { currentPassword: password, newPassword: "an even better battery" };
  const change = async (auth: Auth, { token }: Signed) =>
    auth.changePassword(await auth.authenticate([`Bearer ${token}`]), input, owner);

  test("draws a refresh token that no one of before leads to, within the grace time or after it", async () => {
    for (const seconds of [0, 29, 31, hour]) {
      const test = await begin();
      const { auth, clock } = test;
      const stolen = await signIn(test);
      const owned = await auth.refresh(stolen.refreshToken, owner);
      const changed = await change(auth, owned);
      await clock.advance(seconds);
      const codes = [await refreshCode(auth, owned, thief), await refreshCode(auth, stolen, thief)];
      const isGrace = seconds < 30;
      expect(codes).toEqual(isGrace ? ["unavailable", "unavailable"] : ["refresh_token_reused", "session_ended"]);
      expect(await refreshCode(auth, changed)).toBe(isGrace ? "ok" : "session_ended");
    }
  });

  test("asks a tab that has not heard of it to come again, and ends nothing", async () => {
    const test = await begin();
    const { auth, clock } = test;
    const here = await signIn(test);
    const changed = await change(auth, here);
    await clock.advance(5);
    await expect(auth.refresh(here.refreshToken, owner)).rejects.toMatchObject({ code: "unavailable", retryAfter: 1 });
    expect(await call(auth, changed)).toBe("ok");
    expect(await refreshCode(auth, changed)).toBe("ok");
    expect(await eventsOf(test)).toEqual([]);
  });

  test("is not undone by what a thief got for a lost answer before", { tags: ["long"] }, async () => {
    const test = await begin();
    const { auth, clock } = test;
    const stolen = await signIn(test);
    await auth.refresh(stolen.refreshToken, owner);
    await clock.advance(minute);
    const taken = await auth.refresh(stolen.refreshToken, thief);
    await change(auth, stolen);
    await clock.advance(minute);
    for (const token of [taken, stolen]) expect(await refreshCode(auth, token, thief)).not.toBe("ok");
  });
});

test("when a person is deleted, the trail keeps neither address of an answer that was given again", async () => {
  const test = await begin();
  const { auth, clock, facts } = test;
  await auth.createUser({ username: "root1", password, isSuperuser: true, isStaff: true });
  const { token } = await auth.signIn({ username: "root1", password }, facts);
  const first = await signIn(test);
  await auth.refresh(first.refreshToken, owner);
  await clock.advance(minute);
  await auth.refresh(first.refreshToken, owner);
  await auth.users.delete({ ...(await auth.authenticate([`Bearer ${token}`])), facts }, first.user.id);
  expect(await eventsOf(test)).toEqual([
    { event: "refresh_answered_again", address: null, detail: { sessionId: expect.any(String) } },
  ]);
});

describe("a reauthentication draws a token to which none of before leads", () => {
  async function reauthenticated(test: TestAuth) {
    const before = await signIn(test);
    const caller = await test.auth.authenticate([`Bearer ${before.token}`]);
    const after = await test.auth.reauthenticate(caller, { password }, owner);
    expect(after.refreshToken).not.toBe(before.refreshToken);
    return { before, after };
  }

  test("and a stolen one ends the session once the owner has gone on", { tags: ["long"] }, async () => {
    const test = await begin();
    const { auth, clock } = test;
    const { before, after } = await reauthenticated(test);
    expect(await call(auth, after)).toBe("ok");
    expect(await refreshCode(auth, before, thief)).toBe("unavailable");
    await clock.advance(5 * minute);
    expect(await refreshCode(auth, before, thief)).toBe("refresh_token_reused");
    expect(await call(auth, after)).toBe("session_ended");
  });

  test("and whoever stole one and is first is found when the owner goes on", async () => {
    const test = await begin();
    const { auth, clock } = test;
    const { before, after } = await reauthenticated(test);
    await clock.advance(5 * minute);
    const taken = await auth.refresh(before.refreshToken, thief);
    expect(await call(auth, taken)).toBe("ok");
    await clock.advance(minute);
    expect(await refreshCode(auth, after)).toBe("refresh_token_reused");
    expect(await call(auth, taken)).toBe("session_ended");
  });

  test("but nobody is signed out whose answer was lost", async () => {
    const test = await begin();
    const { auth, clock } = test;
    const { before, after } = await reauthenticated(test);
    await clock.advance(hour);
    const repaired = await auth.refresh(before.refreshToken, owner);
    expect([before.refreshToken, after.refreshToken]).not.toContain(repaired.refreshToken);
    // That one was lost as well.
    await clock.advance(hour);
    const again = await auth.refresh(before.refreshToken, owner);
    expect(again.refreshToken).not.toBe(repaired.refreshToken);
    expect(await call(auth, again)).toBe("ok");
    expect(await eventsOf(test)).toMatchObject([
      { event: "refresh_answered_again" },
      { event: "refresh_answered_again" },
    ]);
    await clock.advance(minute);
    expect((await auth.refresh(again.refreshToken, owner)).user.username).toBe("alice");
    expect(await refreshCode(auth, before, thief)).toBe("refresh_token_reused");
  });

  test("but no program is signed out that never reads it, however often it does so before its next refresh", async () => {
    const test = await begin();
    const { auth, clock } = test;
    const before = await signIn(test);
    for (let time = 0; time < 3; time += 1) {
      const caller = await auth.authenticate([`Bearer ${before.token}`]);
      await auth.reauthenticate(caller, { password }, owner);
      await clock.advance(4 * minute);
    }
    const repaired = await auth.refresh(before.refreshToken, owner);
    expect(await call(auth, repaired)).toBe("ok");
    expect(await refreshCode(auth, repaired)).toBe("ok");
  });

  test("and does so at each, once one of its answers was read", async () => {
    const test = await begin();
    const { auth, clock } = test;
    const { before, after } = await reauthenticated(test);
    const caller = await auth.authenticate([`Bearer ${after.token}`]);
    await auth.reauthenticate(caller, { password }, owner);
    await clock.advance(minute);
    expect(await refreshCode(auth, before, thief)).toBe("refresh_token_reused");
  });

  test("and a password change does so at once, lost or not", async () => {
    const test = await begin();
    const { auth, clock } = test;
    const before = await signIn(test);
    const caller = await auth.authenticate([`Bearer ${before.token}`]);
    await auth.changePassword(caller, { currentPassword: password, newPassword: "a better horse battery" }, owner);
    await clock.advance(5 * minute);
    expect(await refreshCode(auth, before)).toBe("refresh_token_reused");
  });
});
