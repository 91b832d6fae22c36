import { sql } from "kysely";
import { expect, it } from "vitest";
import { createTestAuth, createTestDatabase } from "../testing/index.ts";
import { openStorage } from "./database.ts";

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

it("goes on while a newer version adds a column to every table", async () => {
  await using test = await createTestAuth({ sessions: { perUser: 1 } });
  const { auth, database, facts } = test;
  const input = { username: "admin", password: "correct horse battery", isSuperuser: true };
  await auth.createUser(input);
  await auth.login(input, facts);
  const { token } = await auth.login(input, facts);
  const admin = { ...(await auth.authenticate([`Bearer ${token}`])), facts };

  async function useEverything(round: string) {
    const { user } = await auth.users.create(admin, { username: `person_${round}` });
    const { setPasswordCode: code } = await auth.users.createPasswordCode(admin, user.id);
    await auth.resetPassword({ username: user.username, code, newPassword: "wrong horse battery" }, facts);
    const person = { username: user.username, password: "wrong horse battery" };
    await expect(auth.login({ ...person, password: "another" }, facts)).rejects.toMatchObject({
      code: "invalid_credentials",
    });
    await auth.login(person, facts);
    const { refreshToken } = await auth.login(person, facts);
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
