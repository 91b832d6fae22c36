import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { ConfigOf } from "../../config.ts";
import { createAuth } from "../../create-auth.ts";
import { createTestAuth, type TestAuth, testSecret } from "../../testing/index.ts";
import { indexed } from "../../users/own-field.ts";

const password = "correct horse battery";
const profile = {
  nickname: z.string().max(80).nullable(),
  theme: z.enum(["light", "dark"]).default("light"),
  department: indexed(z.string().max(40).nullable()),
  visits: indexed(z.int().default(0)),
  settings: z.strictObject({ tags: z.array(z.string().max(20)).max(1_000) }).nullable(),
  preferences: z.record(z.string(), z.record(z.string(), z.string().max(20))).nullable(),
};

let service: TestAuth<ConfigOf<typeof profile, readonly []>>;
beforeAll(async () => {
  service = await createTestAuth({ profile });
});
afterAll(() => service[Symbol.asyncDispose]());

let counter = 0;
async function signUp(fields: Record<string, unknown> = {}) {
  const username = `person${counter++}`;
  const { token, user } = await service.auth.register({ username, password, ...fields }, service.facts);
  return { username, user, caller: await service.auth.authenticate([`Bearer ${token}`]) };
}

const invalid = (path: readonly (string | number)[]) =>
  expect.objectContaining({ code: "invalid_input", issues: [expect.objectContaining({ path })] });

test("own fields stand beside the built-in ones in every answer, typed, and with their defaults where nothing is stored", async () => {
  const { auth, facts } = service;
  const { user, caller, username } = await signUp({ nickname: "Ali" });
  const own = { nickname: "Ali", theme: "light", department: null, visits: 0, settings: null, preferences: null };
  expect(user).toMatchObject({ username, firstName: "", ...own });
  expectTypeOf(user.nickname).toEqualTypeOf<string | null>();
  expectTypeOf(user.theme).toEqualTypeOf<"light" | "dark">();
  expect(caller.user).toEqual(user);

  const signedIn = await auth.signIn({ username, password }, facts);
  expect(signedIn.user).toMatchObject(own);
  expect((await auth.refresh(signedIn.refreshToken, facts)).user).toMatchObject(own);
  expect((await auth.users.get(user.id)).user).toMatchObject(own);
  const { users } = await auth.users.list({ username, limit: 1 });
  expect(users).toMatchObject([own]);
  expect(user).not.toHaveProperty("profile");
});

test("a change touches what it names and nothing else, and a default that is left out is no change", async () => {
  const { auth, facts } = service;
  const { caller } = await signUp({ theme: "dark", nickname: "Ali" });
  const updated = await auth.updateProfile(caller, { department: "sales", firstName: "Ayşe" }, facts);
  expect(updated).toMatchObject({ theme: "dark", nickname: "Ali", department: "sales", firstName: "Ayşe" });
  const again = await auth.updateProfile(caller, { nickname: null, theme: undefined } as never, facts);
  expect(again).toMatchObject({ theme: "dark", nickname: null, department: "sales", firstName: "Ayşe" });
});

test("of many changes of different fields at once, on two processes, none is lost", async () => {
  const { auth, facts } = service;
  const other = await service.another();
  const { caller } = await signUp();
  const changes = [
    { nickname: "n" },
    { theme: "dark" as const },
    { department: "d" },
    { visits: 7 },
    { city: "Ankara" },
  ];
  for (let round = 0; round < 5; round++) {
    await auth.updateProfile(
      caller,
      { nickname: null, theme: "light", department: null, visits: 0, city: null },
      facts,
    );
    const all = changes.map((change, index) => [auth, other][index % 2]?.updateProfile(caller, change, facts));
    await Promise.all(all);
    const { user } = await auth.users.get(caller.user.id);
    expect(user).toMatchObject({ nickname: "n", theme: "dark", department: "d", visits: 7, city: "Ankara" });
  }
});

test("an administrator and the operator give own fields too", async () => {
  const { auth, facts } = service;
  const root = await auth.createUser({ username: "root_", password, isSuperuser: true, profile: { nickname: "Root" } });
  expect(root.nickname).toBe("Root");
  const { token } = await auth.signIn({ username: "root_", password }, facts);
  const admin = { ...(await auth.authenticate([`Bearer ${token}`])), facts };
  const { user } = await auth.users.create(admin, { username: "made", department: "hr" });
  expect(user.department).toBe("hr");
  const changed = await auth.users.update(admin, user.id, { nickname: "M", isStaff: true });
  expect(changed).toMatchObject({ nickname: "M", department: "hr", isStaff: true });
});

describe("what PostgreSQL cannot keep, or would be shown as something else, is refused with its path, never with a failure:", () => {
  test.each([
    ["NUL", { nickname: "a\0b" }, ["nickname"]],
    ["half a surrogate pair", { nickname: "\ud800" }, ["nickname"]],
    ["NUL deep inside", { settings: { tags: ["fine", "\0"] } }, ["settings", "tags", 1]],
    ["NUL in a key", { settings: { "a\0": 1 } }, ["settings"]],
    ["what is no number", { visits: Number.NaN }, ["visits"]],
    ["what is no JSON", { nickname: 5n }, ["nickname"]],
    ["more than 16 KB together", { settings: { tags: Array.from({ length: 1_000 }, () => "x".repeat(20)) } }, []],
  ])("%s", async (_, fields, path) => {
    const { auth, facts } = service;
    const { caller } = await signUp();
    await expect(auth.updateProfile(caller, fields as never, facts)).rejects.toEqual(invalid(path));
    await expect(signUp(fields)).rejects.toEqual(invalid(path));
  });

  test("nor are controls, and what turns the direction of text", async () => {
    const { auth, facts } = service;
    const { caller } = await signUp();
    const misleading = [
      [{ nickname: "\u001b[2J" }, ["nickname"]],
      [{ settings: { tags: ["fine", "\u202egnp.exe"] } }, ["settings", "tags", 1]],
      [{ settings: { "a\nb": 1 } }, ["settings"]],
    ] as const;
    for (const [fields, path] of misleading)
      await expect(auth.updateProfile(caller, fields as never, facts)).rejects.toEqual(invalid([...path]));
  });

  test("nor are keys that transformers refuse to write, at any depth", async () => {
    const { auth, facts } = service;
    const { caller } = await signUp();
    for (const key of ["__proto__", "constructor", "prototype"]) {
      const nested = JSON.parse(`{"a": {"${key}": "x"}}`);
      await expect(auth.updateProfile(caller, { preferences: nested }, facts)).rejects.toEqual(
        invalid(["preferences", "a"]),
      );
      const flat = JSON.parse(`{"${key}": {"a": "x"}}`);
      await expect(auth.updateProfile(caller, { preferences: flat }, facts)).rejects.toEqual(invalid(["preferences"]));
    }
  });

  test("and lines, tabs, quotes and any script are kept as they are", async () => {
    const nickname = "\t\n'\"\\$1 {} 🦊 שלום";
    const { caller } = await signUp({ nickname });
    expect(caller.user.nickname).toBe(nickname);
  });
});

test("a key in snake case inside a value is kept as it is", async () => {
  const { auth, facts, database } = service;
  const { caller } = await signUp();
  const tagged = { settings: { tags: ["snake_case_stays"] } };
  expect(await auth.updateProfile(caller, tagged, facts)).toMatchObject(tagged);
  await database.query(
    `update latchkey.users set profile = '{"settings": {"snake_key": 1, "tags": []}}' where id = $1`,
    [caller.user.id],
  );
  expect((await auth.users.get(caller.user.id)).user.settings).toEqual({ tags: [] });
});

test("a field that is declared no longer is not shown, and is there again once it is declared again", async () => {
  const { caller } = await signUp({ nickname: "kept" });
  await using without = await openWith({});
  const { user } = await without.auth.users.get(caller.user.id);
  expect(user).not.toHaveProperty("nickname");
  expect((await service.auth.users.get(caller.user.id)).user.nickname).toBe("kept");
});

test("a stored value of another type than the field is shown as none, in every answer, and can be set anew", async () => {
  const { caller, username } = await signUp({ nickname: "text", department: "text" });
  await using changed = await openWith({ nickname: z.int().nullable(), department: indexed(z.int().default(3)) });
  const { auth } = changed;
  expect((await auth.users.get(caller.user.id)).user).toMatchObject({ nickname: null, department: 3 });
  const { token, user } = await auth.signIn({ username, password }, service.facts);
  expect(user).toMatchObject({ nickname: null, department: 3 });
  const again = await auth.authenticate([`Bearer ${token}`]);
  const updated = await auth.updateProfile(again, { nickname: 5 } as never, service.facts);
  expect(updated).toMatchObject({ nickname: 5, department: 3 });
});

async function openWith(fields: Record<string, z.ZodType>) {
  const auth = createAuth(service.database.connection, { secret: testSecret, passwords: { cost: 4 }, profile: fields });
  await auth.initialize();
  return { auth, [Symbol.asyncDispose]: () => auth.close() };
}

describe("users are listed by indexed fields", () => {
  const names = async (fields: Record<string, unknown>, more: object = {}) =>
    (await service.auth.users.list({ profile: fields, limit: 100, ...more })).users.map(({ username }) => username);

  test("by their value, the newest first, page by page, with the other filters, and with nothing stored", async () => {
    const { auth, database } = service;
    const department = "list'); drop table x; --";
    const people = [];
    for (let index = 0; index < 7; index++) people.push((await signUp({ department })).username);
    const newestFirst = people.toReversed();
    expect(await names({ department })).toEqual(newestFirst);
    const first = await auth.users.list({ profile: { department }, limit: 4 });
    const second = await auth.users.list({ profile: { department }, limit: 4, cursor: first.nextCursor ?? "" });
    expect([...first.users, ...second.users].map(({ username }) => username)).toEqual(newestFirst);
    expect(second.nextCursor).toBeNull();

    await database.query("update latchkey.users set is_active = false where username = $1", [people[3]]);
    expect(await names({ department }, { isActive: false })).toEqual([people[3]]);
    expect(await names({ department }, { username: people[2] })).toEqual([people[2]]);
    expect(await names({ department, visits: 1 })).toEqual([]);
    // A default is what is shown of those for whom nothing is stored.
    expect(await names({ department, visits: 0 })).toEqual(newestFirst);
    await database.query(`update latchkey.users set profile = profile || '{"visits": 0}' where username = $1`, [
      people[1],
    ]);
    expect(await names({ visits: 0, department })).toEqual(newestFirst);
    expect(await names({ department: "nobody's" })).toEqual([]);
    const nobody = (await auth.users.list({ profile: { department: null }, limit: 100 })).users;
    expect(nobody.length).toBeGreaterThan(0);
    expect(nobody.every((user) => user.department === null)).toBe(true);
  });

  test("by an index, which two processes that start at once make once, and again when it was broken off", async () => {
    const { database } = service;
    const indexes = () =>
      database.query<{ name: string; valid: boolean }>(
        `select c.relname as name, i.indisvalid as valid from pg_index i join pg_class c on c.oid = i.indexrelid
          where c.relname like 'users_profile%' order by 1`,
      );
    const made = await indexes();
    expect(made.map(({ valid }) => valid)).toEqual([true, true]);
    for (const { name } of made) await database.query(`drop index latchkey.${name}`);
    await Promise.all(Array.from({ length: 2 }, () => service.another()));
    expect(await indexes()).toEqual(made);
    // As one is left behind that was broken off.
    const name = made[0]?.name;
    await database.query(`drop index latchkey.${name}`);
    const failing = `create unique index concurrently ${name} on latchkey.users (standing)`;
    await expect(database.query(failing)).rejects.toThrow("could not create unique index");
    expect((await indexes()).map(({ valid }) => valid).sort()).toEqual([false, true]);
    await service.another();
    expect(await indexes()).toEqual(made);
  });
});
