import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ImportOptions } from "./import-people.ts";
import { createPostgresProject, type OldProject } from "./testing/django-project.ts";
import { makeOddPeople, pbkdf2 } from "./testing/odd-people.ts";
import { runImport } from "./testing/run-import.ts";
import { usual } from "./testing/usual-options.ts";
import { verifyImport } from "./verify-import.ts";

/** Ordinary people beside those of every kind, by the id of the first one of them. */
const first = 10_000;
const ordinary = Array.from({ length: 20 }, (_, at) => ({
  id: first + at,
  username: `ordinary_${at}`,
  password: pbkdf2(`what ${at} types`, `salt${at}`),
  phone_number: `0533 100 ${String(1_000 + at)}`,
  email: `ordinary_${at}@firma.example`,
  city: "Bursa",
}));
const odd = makeOddPeople(1);

let project: OldProject;
let service: TestAuth;

beforeAll(async () => {
  project = await createPostgresProject();
  service = await createTestAuth({ phones: { defaultCountry: "TR" } });
  await project.insert(...odd.map(({ old }) => old), ...ordinary);
  expect(await run()).toMatchObject({ exitCode: 0, created: odd.length + ordinary.length });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

const run = (options: Partial<ImportOptions> = {}) => runImport({ project, service }, { accept: ["all"], ...options });

const there = (at: number, set: string) => project.run(`update users_user set ${set} where id = ${first + at}`);
const here = (at: number, set: string) =>
  service.database.query(
    `update latchkey.users set ${set} where id = (select user_id from latchkey.imported_users where old_id = '${first + at}')`,
  );
const dump = () =>
  service.database.query(
    "select u::text || i::text as row from latchkey.users u left join latchkey.imported_users i on i.user_id = u.id order by u.id",
  );

/** Who signs in by a name and a password, by their place among the ordinary people; null for nobody. */
async function whoIs(username: string, password: string): Promise<number | null> {
  try {
    const { user } = (await service.auth.signIn({ username, password }, service.facts)) as { user: { id: string } };
    const [row] = await service.database.query<{ old_id: string }>(
      "select old_id from latchkey.imported_users where user_id = $1",
      [user.id],
    );
    return Number(row?.old_id) - first;
  } catch {
    return null;
  }
}

test("a day of changes on both sides is followed in one round, and the next one finds nothing left to do", async () => {
  const { operator } = service.auth;
  await there(0, "username = 'renamed_there'");
  await project.run(`begin; update users_user set username = 'passing' where id = ${first + 1};
    update users_user set username = 'ordinary_1' where id = ${first + 2};
    update users_user set username = 'ordinary_2' where id = ${first + 1}; commit`);
  await project.run(`begin; update users_user set phone_number = null where id = ${first + 3};
    update users_user set phone_number = '0533 100 1003' where id = ${first + 4};
    update users_user set phone_number = '0533 100 1004' where id = ${first + 3}; commit`);
  await there(5, `password = '${pbkdf2("a new one of there", "pepper")}'`);
  await there(6, "is_active = false");
  await there(7, "city = 'Ankara'");
  await here(7, "city = 'Van'");
  await project.run(`delete from users_user where id = ${first + 8}`);
  await operator.delete("ordinary_9");
  await there(9, "city = 'Ankara'");
  await operator.changePassword("ordinary_10", "chosen here by ten");
  await there(10, `password = '${pbkdf2("chosen there by ten", "pepper")}'`);
  await there(11, "username = '20209911'");
  await service.auth.createUser({ username: "newcomer", password: "a long enough one" });
  await project.insert({ id: first + 20, username: "newcomer", password: pbkdf2("what 20 types", "salt20") });
  await there(12, "username = 'newcomer_too'");
  await project.insert({ id: first + 21, username: "ordinary_12", password: pbkdf2("what 21 types", "salt21") });
  await there(13, "email = 'ordinary_14@firma.example'");
  await there(14, "email = 'ordinary_13@firma.example'");
  await here(15, "phone_proved_at = latchkey.now()");
  await there(15, "phone_number = '0533 100 9999'");

  const answer = await run();
  expect(answer).toMatchObject({ exitCode: 0, created: 2 });
  expect(answer.followed?.kept.toSorted()).toEqual(
    [`${first + 7}: city`, `${first + 10}: password`, `${first + 15}: phoneNumber`].toSorted(),
  );

  const signsIn: readonly (readonly [name: string, password: string, at: number | null])[] = [
    ["renamed_there", "what 0 types", 0],
    ["ordinary_0", "what 0 types", null],
    ["ordinary_2", "what 1 types", 1],
    ["ordinary_1", "what 2 types", 2],
    ["0533 100 1004", "what 3 types", 3],
    ["0533 100 1003", "what 4 types", 4],
    ["ordinary_5", "a new one of there", 5],
    ["ordinary_5", "what 5 types", null],
    ["ordinary_6", "what 6 types", null],
    ["ordinary_8", "what 8 types", 8],
    ["ordinary_9", "what 9 types", null],
    ["ordinary_10", "chosen here by ten", 10],
    ["ordinary_10", "chosen there by ten", null],
    ["20209911", "what 11 types", 11],
    ["newcomer", "what 20 types", null],
    [`newcomer_${first + 20}`, "what 20 types", 20],
    ["newcomer_too", "what 12 types", 12],
    ["ordinary_12", "what 21 types", 21],
    ["ordinary_14@firma.example", "what 13 types", 13],
    ["ordinary_13@firma.example", "what 14 types", 14],
    ["0533 100 1015", "what 15 types", 15],
    ["0533 100 9999", "what 15 types", null],
  ];
  for (const [name, password, at] of signsIn) expect(await whoIs(name, password), name).toBe(at);

  const after = await dump();
  expect(await run({ accept: ["permission_undeclared"] })).toMatchObject({
    exitCode: 0,
    created: 0,
    totals: { new: 0, changed: 0, deleted: 1 },
  });
  expect(await dump()).toEqual(after);

  const verify = () =>
    verifyImport(service.auth, { ...usual, connection: service.database.connection, source: project.source });
  expect(await verify()).toMatchObject({ missing: 0, different: [], reachAnother: [], isGood: true });
  // A field that is otherwise here though nobody decided or changed that.
  await service.database.query(
    "update latchkey.imported_users set prints = jsonb_set(prints, '{decided}', '[]') where old_id = $1",
    [String(first + 20)],
  );
  expect(await verify()).toMatchObject({ different: [`${first + 20}: username`], isGood: false });
});
