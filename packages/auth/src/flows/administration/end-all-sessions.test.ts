import pg from "pg";
import { expect, test, vi } from "vitest";
import { createAuth } from "../../create-auth.ts";
import type { AuthError } from "../../errors.ts";
import { sha256 } from "../../secrets.ts";
import { createTestAuth, quick } from "../../testing/index.ts";

const password = "correct horse battery";
const codeOf = (error: AuthError) => error.code;

test("everybody is signed out at the next call, step by step and audited, and signs in again at once", async () => {
  await using service = await createTestAuth();
  const { auth, database, facts } = service;
  const { id } = await auth.createUser({ username: "alice", password });
  const alice = await auth.signIn({ username: "alice", password }, facts);
  await database.query(
    `insert into latchkey.sessions (id, user_id, refresh_hash, created_at, last_used_at, expires_at, idle_expires_at)
     select gen_random_uuid(), $1, decode(lpad(to_hex(n), 64, '0'), 'hex'), latchkey.now(), latchkey.now(),
       latchkey.now() + interval '1 day', latchkey.now() + interval '1 day'
     from generate_series(1, 2100) n`,
    [id],
  );
  const told: [number, number][] = [];
  const ended = await auth.operator.endAllSessions({ onProgress: (done, total) => told.push([done, total]) });
  expect(ended).toBe(2_101);
  expect(told).toEqual([
    [1_000, 2_101],
    [2_000, 2_101],
    [2_101, 2_101],
  ]);
  expect(await auth.authenticate([`Bearer ${alice.token}`]).catch(codeOf)).toBe("session_ended");
  expect(await auth.refresh(alice.refreshToken, facts).catch(codeOf)).toBe("session_ended");
  const events = await database.query<{ detail: unknown; subject: string | null }>(
    "select detail, subject_id as subject from latchkey.audit_events where event = 'sessions_ended' order by position",
  );
  const step = (count: number) => ({ detail: { because: "ended_by_administrator", count }, subject: null });
  expect(events).toEqual([step(1_000), step(1_000), step(101)]);
  expect(await auth.operator.endAllSessions()).toBe(0);
  await auth.signIn({ username: "alice", password }, facts);
});

test("a step takes as long as it takes, whatever time a statement has that somebody waits for", async () => {
  await using service = await createTestAuth();
  const { auth, clock, database, facts } = service;
  await auth.createUser({ username: "alice", password });
  await auth.signIn({ username: "alice", password }, facts);
  const hasty = createAuth({ ...database.connection, statement_timeout: 200 }, { ...quick, clock });
  const holder = new pg.Client(database.connection);
  await holder.connect();
  try {
    await holder.query("begin; select from latchkey.sessions for update");
    const ending = hasty.operator.endAllSessions();
    ending.catch(() => {});
    await vi.waitFor(
      async () => {
        const waiting =
          "datname = current_database() and wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '400 milliseconds'";
        expect(await database.query(`select from pg_stat_activity where ${waiting}`)).toHaveLength(1);
      },
      { timeout: 20_000 },
    );
    await holder.query("commit");
    expect(await ending).toBe(1);
  } finally {
    await holder.end();
    await hasty.close();
  }
});

test("a session that is opened while it runs goes on", async () => {
  await using service = await createTestAuth();
  const { auth, facts } = service;
  await auth.createUser({ username: "alice", password });
  const old = await auth.signIn({ username: "alice", password }, facts);
  await service.clock.advance(1);
  await auth.operator.endAllSessions();
  await service.clock.advance(1);
  const fresh = await auth.signIn({ username: "alice", password }, facts);
  expect(await auth.authenticate([`Bearer ${old.token}`]).catch(codeOf)).toBe("session_ended");
  await auth.authenticate([`Bearer ${fresh.token}`]);
});

test("a session that an app is given meanwhile for a sign-in of before is over too", async () => {
  await using service = await createTestAuth();
  const { auth, database, facts } = service;
  await auth.createUser({ username: "alice", password });
  const pages = await auth.signIn({ username: "alice", password }, facts);
  const app = { clientId: "shop", redirectUri: "https://shop.example.com/signed-in" };
  const codeVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const codeChallenge = sha256(Buffer.from(codeVerifier)).toString("base64url");
  const caller = await auth.authenticate([`Bearer ${pages.token}`]);
  const { code } = await auth.startRedirect(caller, { ...app, codeChallenge });
  const given = await auth.signInByRedirect({ ...app, code, codeVerifier }, facts);
  const fresh = await auth.signIn({ username: "alice", password }, facts);
  // As if both had been opened since it began.
  await database.query(
    `update latchkey.sessions set created_at = latchkey.now() + interval '1 hour',
       auth_time = case when opened_by = 'redirect' then auth_time else latchkey.now() + interval '1 hour' end
     where id <> $1`,
    [caller.session.id],
  );
  expect(await auth.operator.endAllSessions()).toBe(2);
  for (const { token } of [pages, given])
    expect(await auth.authenticate([`Bearer ${token}`]).catch(codeOf)).toBe("session_ended");
  await auth.authenticate([`Bearer ${fresh.token}`]);
});

test("of one app every session ends and every code that waits, and nothing of anybody else's", async () => {
  const clients = [{ id: "shop", name: "Corner Shop" }];
  await using service = await createTestAuth({ clients });
  const { auth, database, facts } = service;
  await auth.createUser({ username: "alice", password });
  const pages = await auth.signIn({ username: "alice", password }, facts);
  const caller = await auth.authenticate([`Bearer ${pages.token}`]);
  const codeVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const codeChallenge = sha256(Buffer.from(codeVerifier)).toString("base64url");
  const ask = async (clientId: string) => {
    const app = { clientId, redirectUri: `https://${clientId}.example.com/signed-in` };
    const { code } = await auth.startRedirect(caller, { ...app, codeChallenge });
    return { ...app, code, codeVerifier };
  };
  const shop = await auth.signInByRedirect(await ask("shop"), facts);
  const desk = await auth.signInByRedirect(await ask("desk"), facts);
  const waiting = await ask("shop");
  const apps = (await auth.listSessions(caller)).map(({ client }) => client);
  expect(apps).toEqual([{ id: "desk", name: "desk" }, { id: "shop", name: "Corner Shop" }, null]);

  expect(await auth.operator.endAllSessions({ clientId: "shop" })).toBe(1);
  expect(await auth.authenticate([`Bearer ${shop.token}`]).catch(codeOf)).toBe("session_ended");
  expect(await auth.signInByRedirect(waiting, facts).catch(codeOf)).toBe("code_invalid");
  for (const { token } of [pages, desk]) await auth.authenticate([`Bearer ${token}`]);
  const [event] = await database.query<{ detail: unknown }>(
    "select detail from latchkey.audit_events where event = 'sessions_ended'",
  );
  expect(event?.detail).toEqual({ because: "ended_by_administrator", count: 1, client: "shop" });
});

test("a sign-in that waits for its second factor is over too", async () => {
  await using service = await createTestAuth({ secondFactor: "all" });
  const { auth, facts } = service;
  await auth.createUser({ username: "alice", password });
  const refused: AuthError = await auth.signIn({ username: "alice", password }, facts).then(
    () => Promise.reject(new Error("It opened")),
    (error) => error,
  );
  await auth.operator.endAllSessions();
  const ticket = refused.secondFactor?.ticket ?? "";
  expect(await auth.startEnrolling(ticket, facts).catch(codeOf)).toBe("code_invalid");
});
