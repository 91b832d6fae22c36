import { expect, test } from "vitest";
import { createInbox, createTestAuth } from "../../testing/index.ts";

const password = "correct horse battery";
const day = 86_400;
const [retention, lifetime] = [365 * day, 90 * day];

async function open() {
  const sms = createInbox();
  const options = { messages: { senders: { sms } }, inactiveRetention: retention, sessions: { lifetime } };
  const service = await createTestAuth(options);
  const { auth, database, clock } = service;
  const create = async (username: string, more: object = {}) =>
    (await auth.createUser({ username, password, ...more })).id;
  const names = async () => {
    const rows = await database.query<{ username: string }>("select username from latchkey.users order by username");
    return rows.map(({ username }) => username);
  };
  const wait = async (seconds: number) => {
    await clock.advance(seconds);
    return auth.purge();
  };
  return { service, auth, database, create, names, wait, sms };
}

test("an account that nobody has used for the time of the settings is deleted, 30 days after its owner was told", async () => {
  const { service, auth, database, create, names, wait, sms } = await open();
  await using _ = service;
  await create("sleeper", { phoneNumber: "+905321234567" });
  await database.query("update latchkey.users set phone_proved_at = latchkey.now()");
  await create("returns");
  await wait(retention + lifetime - 31 * day);
  await auth.sendDueMessages();
  expect(sms.notices).toEqual([]);
  await wait(2 * day);
  await auth.sendDueMessages();
  await expect
    .poll(() => sms.notices.map(({ kind, to }) => [kind, to]))
    .toEqual([["deletion_of_inactive", "+905321234567"]]);
  await wait(10 * day);
  expect((await auth.signIn({ username: "returns", password }, service.facts)).deletionStopped).toBe(true);
  await wait(21 * day);
  expect(await names()).toEqual(["returns"]);
});

test("accounts with rights and disabled ones stay, and so does whoever was made, or used a session, since", async () => {
  const { service, auth, database, create, names, wait } = await open();
  await using _ = service;
  await create("boss", { isSuperuser: true });
  await create("clerk", { isStaff: true });
  const helper = await create("helper");
  await create("resting");
  await auth.operator.grant("helper", { permission: "auth.view_user" });
  await auth.operator.update("resting", { isActive: false });
  // Somebody who signed in long ago elsewhere, and came over just now.
  const imported = await create("imported");
  await database.query(
    "update latchkey.users set last_login = now() - interval '9 years', date_joined = now() - interval '9 years' where id = $1",
    [imported],
  );
  expect(await wait(30 * day)).toMatchObject({ accounts: 0 });
  expect(await database.query("select from latchkey.account_deletions")).toEqual([]);
  await create("sleeper");
  const { token } = await auth.signIn({ username: "helper", password }, service.facts);
  expect(token).not.toBe("");
  await wait(retention + lifetime);
  await wait(31 * day);
  expect(await names()).toEqual(["boss", "clerk", "helper", "resting"]);
  expect(helper).not.toBe("");
});

test("whoever is given rights in the last 30 days stays, and nothing is deleted once the setting is gone", {
  tags: ["long"],
}, async () => {
  const { service, auth, database, create, names, wait } = await open();
  await using _ = service;
  await create("promoted");
  await create("spared");
  await wait(retention + lifetime);
  expect(await database.query("select from latchkey.account_deletions")).toHaveLength(2);
  await auth.operator.grant("promoted", { permission: "auth.view_user" });
  await service.clock.advance(31 * day);
  const without = await service.another({ inactiveRetention: undefined });
  expect(await without.purge()).toMatchObject({ accounts: 0 });
  expect(await database.query("select from latchkey.account_deletions")).toEqual([]);
  await wait(31 * day);
  await wait(31 * day);
  expect(await names()).toEqual(["promoted"]);
});

test("the setting is off by default: nobody is told and nobody is deleted", { tags: ["long"] }, async () => {
  await using service = await createTestAuth();
  await service.auth.createUser({ username: "sleeper", password });
  await service.clock.advance(3_000 * day);
  expect(await service.auth.purge()).toMatchObject({ accounts: 0 });
  expect(await service.database.query("select from latchkey.users")).toHaveLength(1);
});

test("more people than one page are looked at, each once, and no more in an hour than there are messages for", {
  tags: ["long"],
}, async () => {
  const { service, database, wait } = await open();
  await using _ = service;
  const insert = `insert into latchkey.users (id, phone_number, password, phone_proved_at)
    select uuidv7(), '+90532' || (1000000 + n), '!', case when n <= 22 then now() end from generate_series(1, $1::int) n`;
  await database.query(insert, [230]);
  const waiting = async () => (await database.query("select from latchkey.account_deletions")).length;
  await wait(retention + lifetime);
  // 1,000 notices a day are 20 an hour for this.
  expect(await waiting()).toBe(20);
  await wait(3_600);
  expect(await waiting()).toBe(230);
  expect(await database.query("select from latchkey.notices")).toHaveLength(230);
  expect(await wait(31 * day)).toMatchObject({ accounts: 230 });
});

test("of several processes one looks for them in an hour, so that no more are told than there are messages for", async () => {
  const { service, auth, database, wait } = await open();
  await using _ = service;
  await database.query(`insert into latchkey.users (id, phone_number, password, phone_proved_at)
    select uuidv7(), '+90532' || (1000000 + n), '!', now() from generate_series(1, 24) n`);
  const sms = createInbox();
  const other = await service.another({
    messages: { senders: { sms } },
    inactiveRetention: retention,
    sessions: { lifetime },
  });
  await service.clock.advance(retention + lifetime);
  await Promise.all([auth.purge(), other.purge()]);
  await other.purge();
  const waiting = async () => (await database.query("select from latchkey.account_deletions")).length;
  expect(await waiting()).toBe(20);
  await wait(3_600);
  await other.purge();
  expect(await waiting()).toBe(24);
});

test("an account that cannot be warned keeps nobody else from it, nor anything else from being cleared away", async () => {
  const { service, auth, database, create, wait } = await open();
  await using _ = service;
  const stuck = await create("a_stuck");
  const other = await create("b_other");
  await database.query(`create function latchkey.stick() returns trigger language plpgsql
    as $$ begin raise exception 'stuck'; end $$`);
  await database.query(`create trigger stick before insert on latchkey.account_deletions
    for each row when (new.user_id = '${stuck}') execute function latchkey.stick()`);
  await expect(wait(retention + lifetime)).rejects.toThrow("stuck");
  const waiting = "select user_id as id from latchkey.account_deletions";
  expect(await database.query(waiting)).toEqual([{ id: other }]);
  await database.query("drop trigger stick on latchkey.account_deletions");
  await auth.purge();
  expect(await database.query(waiting)).toHaveLength(2);
});
