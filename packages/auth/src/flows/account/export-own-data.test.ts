import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createTestAuth, type TestAuth } from "../../testing/index.ts";
import { personalTables, toldElsewhere } from "../steps/personal-records.ts";

const password = "correct horse battery";
let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  service = await createTestAuth();
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

async function open(username: string) {
  await auth.createUser({ username, password });
  const { token } = await auth.signIn({ username, password }, service.facts);
  return auth.authenticate([`Bearer ${token}`]);
}

describe("an export", () => {
  test("has every table that leads to a person: a new one is told, or said to be told elsewhere", async () => {
    const rows = await service.database.query<{ table_name: string }>(
      `select distinct table_name from (
        select table_name from information_schema.columns where table_schema = 'latchkey'
          and column_name in ('user_id', 'actor_id', 'subject_id', 'owner_id', 'declarer')
        union select c.conrelid::regclass::text from pg_constraint c where c.contype = 'f'
          and c.confrelid in ('latchkey.users'::regclass, 'latchkey.sessions'::regclass, 'latchkey.notices'::regclass)
      ) t`,
    );
    const names = new Set(rows.map(({ table_name }) => table_name.replace(/^latchkey\./, "")));
    const known = [...Object.keys(personalTables), ...Object.keys(toldElsewhere)];
    expect([...names].filter((name) => !known.includes(name))).toEqual([]);
  });

  test("hides every column that holds a hash or is sealed, and none that there is not", async () => {
    const columns = await service.database.query<{ table_name: string; column_name: string; data_type: string }>(
      "select table_name, column_name, data_type from information_schema.columns where table_schema = 'latchkey'",
    );
    for (const [table, { hides }] of Object.entries(personalTables)) {
      const own = columns.filter(({ table_name }) => table_name === table);
      const names = own.map(({ column_name }) => column_name);
      expect(names, table).toEqual(expect.arrayContaining([...hides]));
      const secret = own.filter(
        ({ data_type, column_name }) => data_type === "bytea" || /hash|secret|password$/.test(column_name),
      );
      for (const { column_name } of secret) expect(hides, `${table}.${column_name}`).toContain(column_name);
    }
  });

  test("is of its owner alone, who showed within ten minutes that it is them, and holds no secret", async () => {
    const [caller, other] = [await open("exported"), await open("somebody_else")];
    const { codes } = await auth.createRecoveryCodes(caller, service.facts);
    const { records, user, activity } = await auth.exportOwnData(caller);
    expect(user).toMatchObject({ username: "exported" });
    expect(records).toMatchObject({ users: [{ username: "exported" }], sessions: [{ user_agent: "test" }] });
    expect([records.recovery_codes?.length, records.notices?.length]).toEqual([10, 1]);
    expect(activity.map(({ event }) => event)).toContain("recovery_codes_created");
    const text = JSON.stringify(records);
    expect(text).not.toContain(other.user.id);
    for (const secret of ["bcrypt", ...codes.map((code) => code.replaceAll("-", ""))])
      expect(text).not.toContain(secret);
    await service.clock.advance(601);
    await expect(auth.exportOwnData(caller)).rejects.toMatchObject({ code: "reauthentication_required", maxAge: 600 });
  });

  test("is made by the operator by any name of the account", async () => {
    await open("told_by_operator");
    expect(await auth.operator.exportUser("told_by_operator")).toMatchObject({
      user: { username: "told_by_operator" },
      records: { users: [{ username: "told_by_operator" }] },
    });
    await expect(auth.operator.exportUser("nobody_at_all")).rejects.toMatchObject({ code: "not_found" });
  });
});
