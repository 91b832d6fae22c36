import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "@latchkey/auth/testing";
import { describe, expect, test } from "vitest";
import { hasMariadb, startMariadb } from "./testing/mariadb.ts";
import { makeOddPeople, type OddPerson } from "./testing/odd-people.ts";
import { hasModules, runBackend } from "./testing/real-django.ts";
import { tryEverybody } from "./testing/try-everybody.ts";

/** Of 75 people each: more than two thousand in one database, and every kind a few times in the others. */
const [many, few] = [Number(process.env.LATCHKEY_ROUNDS ?? 28), Number(process.env.LATCHKEY_ROUNDS ?? 6)];

/** The old backend lets in by both names whom it has no reason to shut out: what is expected here is what was so there. */
async function tryThere(database: string, people: readonly OddPerson[]): Promise<void> {
  // Django 3.2 has no scrypt yet.
  const known = people.filter(({ old }) => !String(old.password).startsWith("scrypt$"));
  const attempts = known.flatMap(({ old, password, isShutOut }) =>
    [old.username, old.phone_number].flatMap((name) =>
      typeof name === "string" && name.trim() !== "" ? [{ id: old.id, name, password, isShutOut }] : [],
    ),
  );
  const answers = (await runBackend(database, "sign-in", attempts)).map((line): number | null => JSON.parse(line));
  const wrong = attempts.filter(({ id, isShutOut }, at) => answers[at] !== (isShutOut ? null : id));
  expect(wrong.map(({ name }) => name)).toEqual([]);
}

async function importFrom(database: string, source: string, rounds: number): Promise<void> {
  const people = makeOddPeople(rounds);
  await runBackend(
    database,
    "make",
    people.map(({ old }) => old),
  );
  await tryEverybody({ source, people, rounds });
  // Afterwards, because Django writes weak hashes anew at a sign-in.
  await tryThere(database, people);
}

describe.skipIf(!hasModules("django"))("a real Django with people of every kind", () => {
  test("in SQLite: each signs in by what they typed there or is in the report, and none reaches another", async () => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-django-"));
    const file = join(folder, "db.sqlite3");
    await importFrom(file, `sqlite:${file}`, few);
    await rm(folder, { recursive: true });
  });

  test.skipIf(!hasModules("psycopg2"))("in PostgreSQL: the same", async () => {
    await using database = await createTestDatabase();
    await database.query("drop schema latchkey cascade");
    const { host, port, user, password, database: name } = database.connection;
    const url = `postgres://${user}:${encodeURIComponent(String(password ?? ""))}@${host}:${port}/${name}`;
    await importFrom(url, url, many);
  });

  test.skipIf(!hasModules("MySQLdb") || !hasMariadb())("in MariaDB: the same", async () => {
    await using database = await startMariadb();
    await importFrom(database.url, database.url, few);
  });
});
