import { expect, test } from "vitest";
import { createAuth } from "../../create-auth.ts";
import { createTestAuth, createTestDatabase, testSecret } from "../../testing/index.ts";

test("the path of the address that is told of the trail, which may be what lets one in there, is shown to nobody", async () => {
  await using service = await createTestAuth();
  const { auth, clock, database, facts } = service;
  const user = await auth.createUser({ username: "viewer", password: "correct horse battery" });
  await database.query("insert into latchkey.audit_streams (name, reached) values ($1, 0)", [
    "webhook https://logs.example/hooks/token3",
  ]);
  await clock.advance(1_000);
  const findLine = async (reader?: Parameters<typeof auth.checkHealth>[0]) =>
    (await auth.checkHealth(reader)).warnings.find((line) => line.startsWith("AUDIT_STREAM"));
  const line = expect.stringContaining("has not told webhook https://logs.example/… of events");
  expect([await findLine(), await findLine({ user, facts })]).toEqual([line, line]);
});

test("whoever looks before the first start of the service makes no key", async () => {
  await using database = await createTestDatabase();
  const auth = createAuth(database.connection, { secret: testSecret });
  await auth.initialize({ migrations: "check", mode: "nothing" });
  const { signingKey } = await auth.checkHealth();
  expect(signingKey).toBe("none yet: the first start of the service makes one");
  expect(await database.query("select from latchkey.signing_keys")).toEqual([]);
  expect(await database.query("select from latchkey.secret_keys")).toEqual([]);
  await auth.close();
});

test("a role or a database that may have fewer connections than one process opens is told of, and no other", async () => {
  await using test = await createTestAuth();
  const { auth, database } = test;
  const limits = async () => (await auth.checkHealth()).warnings.filter((line) => line.includes("connections, of all"));
  const limitTo = (most: number) =>
    database.query(
      `do $$ begin execute format('alter database %I connection limit ${most}', current_database()); end $$`,
    );
  expect(await limits()).toEqual([]);
  await limitTo(13);
  expect(await limits()).toEqual([
    expect.stringMatching(
      /^This role may have 13 connections, .* one process opens up to 14: raise the limit, or lower DATABASE_POOL\.$/,
    ),
  ]);
  await limitTo(60);
  expect(await limits()).toEqual([]);
});
