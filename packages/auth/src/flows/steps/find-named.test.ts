import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AuthError } from "../../errors.ts";
import { keyboardPairs, toOneKeyboard } from "../../identifiers/keyboards.ts";
import { createTestAuth } from "../../testing/index.ts";

const password = "correct horse battery";

type Test = Awaited<ReturnType<typeof createTestAuth>>;

/** Makes an account whose name is stored as the version before would have stored it. */
async function createAsBefore({ auth, database }: Test, username: string, stored: { key?: string; phone?: string }) {
  const { id } = await auth.createUser({ username: `u${crypto.randomUUID().slice(0, 8)}`, password });
  await database.query(
    "update latchkey.users set username = $2, username_key = coalesce($3, username_key), phone_number = $4 where id = $1",
    [id, username, stored.key ?? null, stored.phone ?? null],
  );
  return id;
}

async function signInAsChief({ auth, facts }: Test) {
  await auth.createUser({ username: "chief", password, isSuperuser: true });
  const { token } = await auth.signIn({ username: "chief", password }, facts);
  return { ...(await auth.authenticate([`Bearer ${token}`])), facts };
}

async function whoSignsIn({ auth, facts }: Test, username: string): Promise<string | null> {
  try {
    return (await auth.signIn({ username, password }, facts)).user.id;
  } catch (error) {
    if (error instanceof AuthError && error.code === "invalid_credentials") return null;
    throw error;
  }
}

const taken = (field: string) => ({
  code: "identifier_taken",
  issues: [{ path: [field], code: "taken", message: "belongs to another account" }],
});

describe("digits that are two numbers", () => {
  const refused = {
    code: "invalid_input",
    issues: [
      {
        path: [expect.any(String)],
        code: "ambiguous",
        message: "This can be read as more than one phone number: write it with + and the country code",
      },
    ],
  };

  test("are refused at sign-in, at writing, in lists and to the operator, whoever has them", async () => {
    await using test = await createTestAuth({ phones: { defaultCountry: "DE" } });
    const { auth, facts } = test;
    const { id } = await auth.createUser({ username: "anna", phoneNumber: "0151 23456789", password });
    for (const username of ["49 151 23456789", "49 151 23456780"]) {
      await expect(auth.signIn({ username, password }, facts)).rejects.toMatchObject(refused);
      const reset = { username, code: "x", newPassword: "another horse battery" };
      await expect(auth.resetPassword(reset, facts)).rejects.toMatchObject(refused);
      await expect(auth.createUser({ username: "berta", phoneNumber: username, password })).rejects.toMatchObject(
        refused,
      );
      await expect(auth.users.list({ phoneNumber: username, limit: 5 })).rejects.toMatchObject(refused);
      await expect(auth.operator.unlock(username)).rejects.toMatchObject(refused);
    }
    for (const username of ["0151 23456789", "+49 151 23456789", "0049 151 23456789"])
      expect(await whoSignsIn(test, username)).toBe(id);
  });
});

describe("a number that is stored as an older plan wrote it", () => {
  const forms = [
    ["+541123456789", "+5491123456789", "+54 9 11 2345-6789"],
    ["+5215512345678", "+525512345678", "+52 55 1234 5678"],
    ["+22507123456", "+2250707123456", "+225 07 07 12 34 56"],
    ["+22997123456", "+2290197123456", "+229 01 97 12 34 56"],
    ["+551181234567", "+5511981234567", "+55 11 98123-4567"],
    ["+841234567890", "+84834567890", "+84 83 456 7890"],
  ] as const;

  test("signs in in both forms, is listed by both, and is nobody else's in either", async () => {
    await using test = await createTestAuth();
    const { auth } = test;
    for (const [before, now, spelled] of forms) {
      const id = await createAsBefore(test, "x", { phone: before });
      for (const form of [before, now, spelled]) {
        expect([form, await whoSignsIn(test, form)]).toEqual([form, id]);
        const { users } = await auth.users.list({ phoneNumber: form, limit: 5 });
        expect(users.map((user) => user.id)).toEqual([id]);
        const another = { username: `n${crypto.randomUUID().slice(0, 8)}`, phoneNumber: form, password };
        await expect(auth.createUser(another)).rejects.toMatchObject(taken("phoneNumber"));
      }
    }
  });

  test("beside the line's present form each signs in as it is stored, and nobody as the other", async () => {
    await using test = await createTestAuth();
    const { auth } = test;
    const before = await createAsBefore(test, "x", { phone: "+551181234567" });
    const now = await createAsBefore(test, "y", { phone: "+5511981234567" });
    expect(await whoSignsIn(test, "+55 11 8123-4567")).toBe(before);
    expect(await whoSignsIn(test, "+55 11 98123-4567")).toBe(now);
    const { users } = await auth.users.list({ phoneNumber: "+55 11 8123-4567", limit: 5 });
    expect(users.map((user) => user.id).sort()).toEqual([before, now].sort());
  });

  test("goes on in its present form when its owner's number is written again", { tags: ["long"] }, async () => {
    await using test = await createTestAuth();
    const id = await createAsBefore(test, "x", { phone: "+5215512345678" });
    const updated = await test.auth.users.update(await signInAsChief(test), id, { phoneNumber: "+52 1 55 1234 5678" });
    expect(updated.phoneNumber).toBe("+525512345678");
    expect(await whoSignsIn(test, "+5215512345678")).toBe(id);
  });
});

describe("a name that is stored as one keyboard wrote it", () => {
  test("signs in from every keyboard, is listed by all, and is nobody else's", async () => {
    await using test = await createTestAuth();
    const { auth, facts } = test;
    const id = await createAsBefore(test, "علی", { key: "علی" });
    for (const name of ["علی", "علي", "على"]) {
      expect([name, await whoSignsIn(test, name)]).toEqual([name, id]);
      await expect(auth.createUser({ username: name, password })).rejects.toMatchObject(taken("username"));
      await expect(auth.register({ username: name, password }, facts)).rejects.toMatchObject(taken("username"));
    }
    const { users } = await auth.users.list({ username: "علی", limit: 5 });
    expect(users.map((user) => user.id)).toEqual([id]);
  });

  test("beside the same name of another keyboard each signs in by their own, and a third keyboard opens neither", {
    tags: ["long"],
  }, async () => {
    await using test = await createTestAuth();
    const persian = await createAsBefore(test, "علی", { key: "علی" });
    const arabic = await createAsBefore(test, "علي", { key: "علي" });
    expect(await whoSignsIn(test, "علی")).toBe(persian);
    expect(await whoSignsIn(test, "علي")).toBe(arabic);

    const first = await createAsBefore(test, "كیف", { key: "کیف" });
    await createAsBefore(test, "كيف", { key: "كىف" });
    expect(await whoSignsIn(test, "کیف")).toBe(first);
    expect(await whoSignsIn(test, "كيف")).toBe(null);
  });

  test("of two who register one name from two keyboards at once, one gets it", async () => {
    await using test = await createTestAuth();
    const { auth, facts } = test;
    const registered = await Promise.allSettled(
      ["علی", "علي", "على", "عل\u06cc"].map((username) => auth.register({ username, password }, facts)),
    );
    expect(registered.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("keeps its own name when it is changed to what another keyboard writes", { tags: ["long"] }, async () => {
    await using test = await createTestAuth();
    const id = await createAsBefore(test, "علی", { key: "علی" });
    await test.auth.users.update(await signInAsChief(test), id, { username: "علي" });
    expect(await whoSignsIn(test, "علی")).toBe(id);
  });
});

test("doctor lists lines and names of two accounts, numbers that are not valid any more, and what was read wrongly", async () => {
  await using test = await createTestAuth();
  await createAsBefore(test, "good", { phone: "+905321234567" });
  await createAsBefore(test, "alone", { phone: "+5215512345678" });
  // The tests' own server has weaknesses, which are told first.
  const { warnings: others } = await test.auth.checkHealth();
  expect(others.join()).not.toMatch(/number|username|line/);

  await createAsBefore(test, "old", { phone: "+551181234567" });
  await createAsBefore(test, "new", { phone: "+5511981234567" });
  await createAsBefore(test, "gone", { phone: "+901111111111" });
  await createAsBefore(test, "misread", { phone: "+494915299944187" });
  await createAsBefore(test, "علی", { key: "علی" });
  await createAsBefore(test, "علي", { key: "علي" });
  await createAsBefore(test, "کیف", { key: "کیف" });
  await createAsBefore(test, "كىف", { key: "كىف" });
  expect((await test.auth.checkHealth()).warnings.slice(others.length)).toEqual([
    "One phone line has two accounts; take it from the one that is not its owner's: old (+551181234567) and new (+5511981234567).",
    "One username has two accounts that differ by the keyboard only; rename one: علی and علي; کیف and كىف.",
    "A phone number was perhaps read wrongly; ask its owner and correct it: misread (+494915299944187, perhaps +4915299944187).",
    "A phone number is not valid any more; its owner signs in with it, and may have another by now: gone (+901111111111).",
  ]);
});

test("the database reads names of two keyboards as the code does", async () => {
  await using test = await createTestAuth();
  const letters = [...keyboardPairs.flat(), "ا", "a", "\u0654", "\u0301", "ก"];
  const names = fc.sample(fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 6 }), 500);
  const keys = names.map((name) => name.normalize("NFKC"));
  const rows = await test.database.query(
    "select coalesce(latchkey.one_keyboard(key), key) as folded from unnest($1::text[]) with ordinality as of (key, place) order by place",
    [keys],
  );
  expect(rows.map(({ folded }) => folded)).toEqual(keys.map(toOneKeyboard));
});

test("looking for a name of another keyboard reads an index", async () => {
  await using test = await createTestAuth();
  const rows = await test.database.query(
    "explain select id from latchkey.users where latchkey.one_keyboard(username_key) = 'علي'",
  );
  expect(JSON.stringify(rows)).toContain("users_one_keyboard");
});
