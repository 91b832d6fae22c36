import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { createTestAuth, createTestDatabase } from "../testing/index.ts";
import { isStorageUnavailable, openStorage } from "./database.ts";

async function openNarrow() {
  const database = await createTestDatabase();
  const storage = openStorage({ ...database.connection, max: 1 });
  return {
    ...storage,
    async readPrepared(): Promise<string[]> {
      const { rows } = await storage.pool.query<{ statement: string }>("select statement from pg_prepared_statements");
      return rows.map(({ statement }) => statement);
    },
    async [Symbol.asyncDispose]() {
      await storage.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

it("prepares a statement at its fifth use, and nothing that begins or ends a transaction", async () => {
  await using storage = await openNarrow();
  const read = (number: number) =>
    storage.db
      .transaction()
      .execute((transaction) => sql<{ answer: number }>`select ${number}::int as answer`.execute(transaction));
  for (let number = 1; number <= 4; number++) await read(number);
  expect(await storage.readPrepared()).toEqual([]);

  for (let number = 5; number <= 8; number++) expect((await read(number)).rows).toEqual([{ answer: number }]);
  expect(await storage.readPrepared()).toEqual(["select $1::int as answer"]);
});

it("prepares so many and no more, and answers those beyond as well", async () => {
  await using storage = await openNarrow();
  for (let number = 1; number <= 210; number++) {
    for (let use = 1; use <= 6; use++) {
      const { rows } = await sql.raw(`select ${number} as answer`).execute(storage.db);
      expect(rows).toEqual([{ answer: number }]);
    }
  }
  expect(await storage.readPrepared()).toHaveLength(200);
});

it("goes on while a newer version adds a column to every table", { tags: ["long"] }, async () => {
  await using test = await createTestAuth({ sessions: { perUser: 1 } });
  const { auth, database, facts } = test;
  const input = { username: "admin", password: "correct horse battery", isSuperuser: true };
  await auth.createUser(input);
  await auth.signIn(input, facts);
  const { token } = await auth.signIn(input, facts);
  const admin = { ...(await auth.authenticate([`Bearer ${token}`])), facts };

  async function useEverything(round: string) {
    const username = `person_${round}`;
    const { user } = await auth.users.create(admin, { username });
    const { setPasswordCode: code } = await auth.users.createPasswordCode(admin, user.id);
    await auth.resetPassword({ username, code, newPassword: "wrong horse battery" }, facts);
    const person = { username, password: "wrong horse battery" };
    await expect(auth.signIn({ ...person, password: "another" }, facts)).rejects.toMatchObject({
      code: "invalid_credentials",
    });
    await auth.signIn(person, facts);
    const { refreshToken } = await auth.signIn(person, facts);
    const renewed = await auth.refresh(refreshToken, facts);
    const caller = await auth.authenticate([`Bearer ${renewed.token}`]);
    await auth.updateProfile(caller, { city: "İzmir" }, facts);
    await auth.listSessions(caller);
    await auth.findPermissions(user);
    const group = await auth.groups.create(admin, { name: `Group ${round}`, permissions: [] });
    await auth.users.setGroups(admin, user.id, [group.id]);
    await auth.users.list({ limit: 2, groupId: group.id });
    await auth.users.list({ limit: 2 });
    await auth.users.get(user.id);
    await auth.groups.list({ limit: 2 });
    await auth.listAuditEvents({ limit: 2 });
    await auth.users.listSessions(admin, user.id);
    await auth.users.delete(admin, user.id);
  }

  for (let round = 1; round <= 12; round++) await useEverything(`${round}`);
  const tables = await database.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'latchkey' and table_type = 'BASE TABLE'",
  );
  for (const { name } of tables) await database.query(`alter table latchkey.${name} add column added_later text`);
  await useEverything("later");
  expect(tables.length).toBeGreaterThan(8);
});

describe("a statement that was prepared works on", () => {
  async function useALot() {
    const test = await createTestAuth();
    const { auth, facts } = test;
    const input = { username: "admin", password: "correct horse battery", isSuperuser: true };
    await auth.createUser(input);
    const use = async () => {
      const { token, refreshToken } = await auth.signIn(input, facts);
      const admin = { ...(await auth.authenticate([`Bearer ${token}`])), facts };
      await auth.updateProfile(admin, { city: "İzmir" }, facts);
      await auth.users.update(admin, admin.user.id, { country: "Türkiye" });
      await auth.refresh(refreshToken, facts);
      await auth.users.list({ limit: 2 });
      await auth.listAuditEvents({ limit: 2 });
      return auth.users.get(admin.user.id);
    };
    for (let round = 1; round <= 8; round++) await use();
    return { ...test, use };
  }

  it("while a newer version changes the types of columns that it answers", { tags: ["long"] }, async () => {
    await using test = await useALot();
    await test.database.query("alter table latchkey.users alter column city type varchar(500)");
    const together = await Promise.all(Array.from({ length: 10 }, () => test.use()));
    expect(together.map(({ user }) => user.city)).toEqual(Array(10).fill("İzmir"));
    await test.database.query("alter table latchkey.audit_events alter column address type varchar(90)");
    await test.database.query("alter table latchkey.users alter column city type text");
    expect((await test.use()).user.city).toBe("İzmir");
  });

  it("when a connection has forgotten it, as after DISCARD ALL, however often that happens", {
    tags: ["long"],
  }, async () => {
    await using test = await useALot();
    for (let round = 1; round <= 30; round++) {
      const clients = await Promise.all(Array.from({ length: 10 }, () => test.auth.pool.connect()));
      for (const client of clients) {
        await client.query("deallocate all");
        client.release();
      }
      expect((await test.use()).user.city).toBe("İzmir");
    }
  });
});

it("a transaction that conflicts with others is done again from its beginning, and in the end refused as unavailable", async () => {
  await using storage = await openNarrow();
  let attempts = 0;
  const conflict = storage.db.transaction().execute(async (transaction) => {
    attempts++;
    await sql`do $$ begin raise exception 'meant' using errcode = '40P01'; end $$`.execute(transaction);
  });
  const error = await conflict.catch((error: unknown) => error);
  expect(isStorageUnavailable(error)).toBe(true);
  expect(attempts).toBe(10);

  const once = storage.db.transaction().execute(async (transaction) => {
    attempts++;
    await sql`select 1 / 0`.execute(transaction);
  });
  await expect(once).rejects.toThrow("division by zero");
  expect(attempts).toBe(11);
});
