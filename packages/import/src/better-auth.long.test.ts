import { join } from "node:path";
import { createTestAuth, createTestDatabase } from "@latchkey/auth/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importPeople } from "./import-people.ts";
import { type BetterAuth, installBetterAuth, type SignUp } from "./testing/better-auth-people.ts";
import { usual } from "./testing/usual-options.ts";
import { verifyImport } from "./verify-import.ts";

const people: readonly SignUp[] = [
  { email: "ada@firma.example", name: "Ada", password: "what ada types", username: "Ada.Yilmaz" },
  { email: "bob@firma.example", name: "Bob", password: "Doğru at 42 pil", phoneNumber: "+905321234501" },
  { email: "ligature@firma.example", name: "Lig", password: "an oﬁce of ①②③", username: "ligature" },
  {
    email: "decomposed@firma.example",
    name: "Dec",
    password: "Crème brûlée 42".normalize("NFD"),
    username: "decomposed",
  },
];

/** Every name that somebody has there. */
const attempts = people.flatMap(({ email, username, phoneNumber, password }) =>
  [email, username, phoneNumber].flatMap((name) => (name === undefined ? [] : [{ name, password, email }])),
);

let there: BetterAuth | null;
beforeAll(async () => {
  there = await installBetterAuth();
});
afterAll(async () => {
  await there?.[Symbol.asyncDispose]();
});

async function tryIt(database: string, source: string, { folder, ...tool }: BetterAuth): Promise<void> {
  await tool.signUp(database, people);
  expect(await tool.signIn(database, attempts)).toEqual(attempts.map(() => true));
  await using service = await createTestAuth();
  const options = {
    ...usual,
    phoneCountry: undefined,
    connection: service.database.connection,
    source,
    from: "better-auth",
  };
  const look = await importPeople(service.auth, { ...options, apply: false });
  expect(look.totals).toMatchObject({ read: people.length, new: people.length });
  expect(await importPeople(service.auth, { ...options, accept: ["all"] })).toMatchObject({ created: people.length });
  for (const { name, password, email } of attempts) {
    const { user } = await service.auth.signIn({ username: name, password }, service.facts);
    expect(user.email, name).toBe(email);
    const wrong = service.auth.signIn({ username: name, password: `${password}.` }, service.facts);
    await expect(wrong, name).rejects.toMatchObject({ code: "invalid_credentials" });
  }
  const rows = await service.database.query<{ joined: boolean }>(
    "select date_joined between latchkey.now() - interval '1 hour' and latchkey.now() as joined from latchkey.users",
  );
  expect(rows.every(({ joined }) => joined)).toBe(true);
  await service.clock.advance(60);
  const again = await importPeople(service.auth, { ...options, accept: ["unknown_column"] });
  expect(again).toMatchObject({ created: 0, totals: { settled: people.length } });
  expect(await verifyImport(service.auth, options)).toMatchObject({ unreadable: [], different: [], isGood: true });
}

test("whom better-auth itself signed up in SQLite signs in here by each name, with what they typed there", async (context) => {
  if (!there) return context.skip();
  const file = join(there.folder, "db.sqlite3");
  await tryIt(file, `sqlite:${file}`, there);
});

test("the same in PostgreSQL", async (context) => {
  if (!there) return context.skip();
  await using database = await createTestDatabase();
  await database.query("drop schema latchkey cascade");
  const { host, port, user, password, database: name } = database.connection;
  const url = `postgres://${user}:${encodeURIComponent(String(password ?? ""))}@${host}:${port}/${name}`;
  await tryIt(url, url, there);
});
