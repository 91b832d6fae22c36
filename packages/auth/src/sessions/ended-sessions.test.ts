import { expect, test } from "vitest";
import { createInbox, createTestAuth, type TestAuth } from "../testing/index.ts";

const day = 86_400;
const password = "correct horse battery";

const countSessions = async ({ database }: Pick<TestAuth, "database">) =>
  (await database.query("select from latchkey.sessions")).length;

test("a session that was ended is kept for as long as the options say and no longer, beside those that live", async () => {
  await using test = await createTestAuth({ sessions: { endedRetention: 2 * day } });
  const { auth, clock, facts } = test;
  await auth.createUser({ username: "alice", password });
  const ended = await auth.signIn({ username: "alice", password }, facts);
  const live = await auth.signIn({ username: "alice", password }, facts);
  await auth.signOut(ended.refreshToken, facts);
  await clock.advance(2 * day - 60);
  expect(await auth.purge()).toMatchObject({ sessions: 0 });
  await clock.advance(120);
  expect(await auth.purge()).toMatchObject({ sessions: 1 });
  expect(await countSessions(test)).toBe(1);
  await expect(auth.refresh(ended.refreshToken, facts)).rejects.toMatchObject({ code: "session_ended" });
  expect((await auth.refresh(live.refreshToken, facts)).user.username).toBe("alice");
});

test("one that an old token opened is kept until that token has run out, however long ago it was ended", async () => {
  await using test = await createTestAuth({ sessions: { endedRetention: day } });
  const { auth, clock, database, facts } = test;
  await auth.createUser({ username: "alice", password });
  const { refreshToken } = await auth.signIn({ username: "alice", password }, facts);
  await auth.signOut(refreshToken, facts);
  await database.query("update latchkey.sessions set kept_until = latchkey.now() + interval '10 days'");
  await clock.advance(9 * day);
  expect(await auth.purge()).toMatchObject({ sessions: 0 });
  await clock.advance(2 * day);
  expect(await auth.purge()).toMatchObject({ sessions: 1 });
});

test("one that has run out is kept while a name waits to open the account that was added in it, so that another password stops that", {
  tags: ["long"],
}, async () => {
  const inbox = createInbox();
  const messages = { senders: { sms: inbox }, isEnforced: false };
  await using test = await createTestAuth({
    messages,
    sessions: { lifetime: day / 2, idleLifetime: day / 2, endedRetention: day },
  });
  const { auth, clock, database, facts } = test;
  const { id } = await auth.createUser({ username: "alice", password });
  const { token } = await auth.signIn({ username: "alice", password }, facts);
  const thief = await auth.authenticate([`Bearer ${token}`]);
  const to = "+905321234567";
  const { challenge } = await auth.startOwnName(thief, { kind: "phone", to }, facts);
  const { code } = await inbox.take(to);
  await auth.confirmOwnName(thief, { kind: "phone", challenge, code }, facts);
  await clock.advance(day / 2 + 3_600);
  expect(await auth.purge()).toMatchObject({ sessions: 0 });
  const signedIn = await auth.signIn({ username: "alice", password }, facts);
  const owner = await auth.authenticate([`Bearer ${signedIn.token}`]);
  const passwords = { currentPassword: password, newPassword: "a better horse battery" };
  await auth.changePassword(owner, passwords, facts);
  const read = "select phone_number, phone_proved_at from latchkey.users where id = $1";
  expect(await database.query(read, [id])).toEqual([{ phone_number: to, phone_proved_at: null }]);
  await clock.advance(4 * day);
  await auth.applyDueChanges();
  expect(await auth.purge()).toMatchObject({ sessions: 2 });
});

test("more than one batch of ended and expired ones goes in one purge", async () => {
  await using test = await createTestAuth();
  const { auth, database, facts } = test;
  await auth.createUser({ username: "alice", password });
  await auth.signIn({ username: "alice", password }, facts);
  const copy = (count: number, ended: string, expires: string) =>
    database.query(`insert into latchkey.sessions (id, user_id, refresh_hash, created_at, ended_at, end_reason, expires_at, idle_expires_at)
      select gen_random_uuid(), user_id, refresh_hash, latchkey.now() - interval '90 days', ${ended},
        case when ${ended} is not null then end_reason.of end, ${expires}, ${expires}
      from latchkey.sessions, generate_series(1, ${count}), (values ('signed_out')) as end_reason (of)
      where sessions.ended_at is null and sessions.expires_at > latchkey.now() limit ${count}`);
  await copy(1_300, "latchkey.now() - interval '8 days'", "latchkey.now() + interval '50 days'");
  await copy(900, "null::timestamptz", "latchkey.now() - interval '1 second'");
  expect(await auth.purge()).toMatchObject({ sessions: 2_200 });
  expect(await countSessions(test)).toBe(1);
});
