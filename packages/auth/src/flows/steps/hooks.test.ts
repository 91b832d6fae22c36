import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Auth } from "../../auth.ts";
import type { Config } from "../../config.ts";
import { HookRefusal } from "../../errors.ts";
import type { HookEvent, HookName } from "../../hooks/hooks.ts";
import { createTestAuth, type TestAuth } from "../../testing/index.ts";
import type { Administrator } from "./authority.ts";

const password = "correct horse battery";
const newPassword = "battery horse correct";

/** What was told, in order. */
let told: { hook: HookName; event: HookEvent & Record<string, unknown> }[] = [];
/** What the hooks do beside noting what they are told. */
let behave: (event: HookEvent & Record<string, unknown>, hook: HookName) => unknown = () => {};
let failures: { hook: HookName; error: unknown }[] = [];

const note = (hook: HookName) => async (event: HookEvent) => {
  told.push({ hook, event: event as never });
  await behave(event as never, hook);
};

let service: TestAuth<Config>;
let auth: Auth<Config>;
let admin: Administrator;
beforeAll(async () => {
  service = await createTestAuth({
    profile: { nickname: z.string().max(80).nullable() },
    on: {
      userCreated: note("userCreated"),
      userUpdated: note("userUpdated"),
      userDeleted: note("userDeleted"),
      signedIn: note("signedIn"),
      passwordChanged: note("passwordChanged"),
    },
    onError: (error, { hook }) => failures.push({ hook, error }),
  });
  auth = service.auth;
  await service.database.query(
    "create table public.told (hook text, user_id uuid references latchkey.users on delete set null)",
  );
  await auth.createUser({ username: "root_", password, isSuperuser: true });
  const { token } = await auth.signIn({ username: "root_", password }, service.facts);
  admin = { ...(await auth.authenticate([`Bearer ${token}`])), facts: service.facts };
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(() => {
  told = [];
  failures = [];
  behave = () => {};
});

let counter = 0;
async function signUp() {
  const username = `person${counter++}`;
  const before = behave;
  behave = () => {};
  const { token, user } = await auth.register({ username, password }, service.facts);
  behave = before;
  told = [];
  return { username, user, caller: await auth.authenticate([`Bearer ${token}`]) };
}

const insert = async ({ transaction, user }: HookEvent & Record<string, unknown>, hook: HookName) =>
  transaction.query("insert into public.told (hook, user_id) values ($1, $2)", [hook, (user as { id: string }).id]);
const stored = () => service.database.query<{ hook: string }>("delete from public.told returning hook");
const code = (wanted: string) => expect.objectContaining({ code: wanted });
const count = async (text: string, values: unknown[] = []) =>
  Number((await service.database.query<{ count: string }>(`select count(*) from ${text}`, values))[0]?.count);

test("each hook is told of what it is for, with the user as they are then and where the call came from", async () => {
  const { facts } = service;
  const { user } = await auth.register({ username: "told", password, nickname: "T" } as never, facts);
  const { token } = await auth.signIn({ username: "told", password }, facts);
  const caller = await auth.authenticate([`Bearer ${token}`]);
  await auth.updateProfile(caller, { nickname: "N" } as never, facts);
  await auth.changePassword(caller, { currentPassword: password, newPassword }, facts);
  const { setPasswordCode } = await auth.users.createPasswordCode(admin, user.id);
  await auth.resetPassword({ username: "told", code: setPasswordCode, newPassword: password }, facts);
  await auth.operator.changePassword("told", newPassword);
  await auth.users.update(admin, user.id, { city: "Ankara" });
  await auth.users.update(admin, user.id, { isActive: false });
  await auth.users.delete(admin, user.id);
  await auth.users.create(admin, { username: "told_too" });
  await auth.createUser({ username: "told_three", password });

  const of = (id: string) => expect.objectContaining({ id });
  expect(told.map(({ hook, event: { transaction: _, ...event } }) => ({ hook, ...event }))).toEqual([
    {
      hook: "userCreated",
      user: expect.objectContaining({ id: user.id, nickname: "T" }),
      by: "registration",
      request: facts,
    },
    { hook: "signedIn", user: of(user.id), session: of(caller.session.id), request: facts },
    {
      hook: "userUpdated",
      user: expect.objectContaining({ nickname: "N" }),
      fields: ["nickname"],
      by: "owner",
      request: facts,
    },
    { hook: "passwordChanged", user: expect.objectContaining({ nickname: "N" }), by: "owner", request: facts },
    { hook: "passwordChanged", user: expect.objectContaining({ nickname: "N" }), by: "code", request: facts },
    { hook: "passwordChanged", user: of(user.id), by: "command_line", request: null },
    {
      hook: "userUpdated",
      user: expect.objectContaining({ city: "Ankara" }),
      fields: ["city"],
      by: "administrator",
      request: facts,
    },
    {
      hook: "userUpdated",
      user: expect.objectContaining({ isActive: false }),
      fields: ["isActive"],
      by: "administrator",
      request: facts,
    },
    { hook: "userDeleted", user: expect.objectContaining({ id: user.id, nickname: "N" }), request: facts },
    {
      hook: "userCreated",
      user: expect.objectContaining({ username: "told_too" }),
      by: "administrator",
      request: facts,
    },
    {
      hook: "userCreated",
      user: expect.objectContaining({ username: "told_three" }),
      by: "command_line",
      request: null,
    },
  ]);
  expect(JSON.stringify(told)).not.toMatch(/pbkdf2|bcrypt|correct/);
});

test("what a hook writes is there with what it was told, and never without", async () => {
  behave = insert;
  await auth.register({ username: "written", password }, service.facts);
  expect(await stored()).toEqual([{ hook: "userCreated" }]);
  behave = async (event, hook) => {
    await insert(event, hook);
    throw new HookRefusal("not today");
  };
  const refused = auth.register({ username: "unwritten", password }, service.facts);
  await expect(refused).rejects.toMatchObject({ code: "refused_by_hook", message: "not today" });
  expect(await stored()).toEqual([]);
  expect(await count("latchkey.users where username = 'unwritten'")).toBe(0);
  expect(
    await count(
      "latchkey.audit_events where event = 'user_created' and subject_id not in (select id from latchkey.users)",
    ),
  ).toBe(1);
});

describe("a hook that refuses", () => {
  const refusing = () => {
    behave = () => {
      throw new HookRefusal("You are not invited");
    };
  };

  test("undoes a sign-in: no session, no lastLogin, and the refusal is in the audit trail", async () => {
    const { username, user } = await signUp();
    refusing();
    await expect(auth.signIn({ username, password }, service.facts)).rejects.toMatchObject({
      code: "refused_by_hook",
      message: "You are not invited",
    });
    expect(await count("latchkey.sessions where user_id = $1", [user.id])).toBe(1);
    const events = await service.database.query(
      "select event, detail from latchkey.audit_events where subject_id = $1 order by id",
      [user.id],
    );
    expect(events.at(-1)).toMatchObject({ event: "sign_in_refused", detail: { because: "hook" } });
  });

  test("uses up none of a person's attempts, however often", { tags: ["long"] }, async () => {
    const { username, caller } = await signUp();
    refusing();
    for (let attempt = 0; attempt < 30; attempt++) {
      await expect(auth.signIn({ username, password }, service.facts)).rejects.toEqual(code("refused_by_hook"));
      const change = auth.changePassword(caller, { currentPassword: password, newPassword }, service.facts);
      await expect(change).rejects.toEqual(code("refused_by_hook"));
    }
    behave = () => {};
    expect(await auth.signIn({ username, password }, service.facts)).toMatchObject({ user: { username } });
  });

  test("uses up none of the registrations of an address", { tags: ["long"] }, async () => {
    refusing();
    const facts = { ...service.facts, address: "198.51.100.7" };
    for (let attempt = 0; attempt < 30; attempt++) {
      const refused = auth.register({ username: `refused${attempt}`, password }, facts);
      await expect(refused).rejects.toEqual(code("refused_by_hook"));
    }
    behave = () => {};
    await auth.register({ username: "let_in", password }, facts);
  });

  test("undoes a change of a profile, of a password and of another's account, and an account that was made", async () => {
    const { username, user, caller } = await signUp();
    refusing();
    const refused = code("refused_by_hook");
    await expect(auth.updateProfile(caller, { city: "X" }, service.facts)).rejects.toEqual(refused);
    await expect(auth.users.update(admin, user.id, { city: "X", isStaff: true })).rejects.toEqual(refused);
    const change = auth.changePassword(caller, { currentPassword: password, newPassword }, service.facts);
    await expect(change).rejects.toEqual(refused);
    await expect(auth.users.create(admin, { username: "never_made" })).rejects.toEqual(refused);
    await expect(auth.createUser({ username: "never_made", password })).rejects.toEqual(refused);
    behave = () => {};
    expect(await auth.signIn({ username, password }, service.facts)).toMatchObject({
      user: { city: null, isStaff: false },
    });
    await auth.createUser({ username: "never_made", password });
  });

  test("cannot prevent a reset, a disabling or a deletion, and what it wrote there is undone and told of", async () => {
    const { username, user } = await signUp();
    const { setPasswordCode } = await auth.users.createPasswordCode(admin, user.id);
    behave = async (event, hook) => {
      if (hook !== "userDeleted") await insert(event, hook);
      throw new HookRefusal("never");
    };
    await auth.resetPassword({ username, code: setPasswordCode, newPassword }, service.facts);
    await auth.operator.changePassword(username, password);
    await auth.users.update(admin, user.id, { isActive: false, city: "X" });
    await auth.users.delete(admin, user.id);
    expect(failures.map(({ hook }) => hook)).toEqual([
      "passwordChanged",
      "passwordChanged",
      "userUpdated",
      "userDeleted",
    ]);
    expect(failures.every(({ error }) => error instanceof HookRefusal)).toBe(true);
    expect(await stored()).toEqual([]);
    expect(await count("latchkey.users where id = $1", [user.id])).toBe(0);
  });
});

describe("a hook that fails", () => {
  const failing: Readonly<Record<string, typeof behave>> = {
    "with an error of its own": () => {
      throw new Error("canary");
    },
    "by throwing no error": () => {
      throw "canary";
    },
    "by a statement that PostgreSQL refuses": ({ transaction }) =>
      transaction.query("insert into public.told values ('x', 'canary')"),
    "by a statement whose failure it hides": ({ transaction }) => transaction.query("canary").catch(() => {}),
    "by a statement that it does not wait for": ({ transaction }) => void transaction.query("canary"),
    "by never answering": () => new Promise(() => {}),
    "by a statement that takes too long": ({ transaction }) => transaction.query("select pg_sleep(10)"),
    "by ending the transaction": ({ transaction }) => transaction.query("commit"),
    "by beginning another": ({ transaction }) => transaction.query(" BEGIN"),
  };
  test.each(Object.entries(failing))("%s undoes what it was told, within a second or two", async (_, failure) => {
    const { username, user, caller } = await signUp();
    // Counted from the hook on, by the clock that its limit goes by: the machine may be busy before and after.
    let isLate = false;
    const noteLateness = () => {
      isLate = true;
    };
    behave = (event, hook) => {
      setTimeout(noteLateness, 2_000).unref();
      return failure(event, hook);
    };
    const refused = auth.signIn({ username, password }, service.facts);
    await expect(refused).rejects.toMatchObject({
      code: "hook_failed",
      message: expect.not.stringContaining("canary"),
    });
    expect(isLate).toBe(false);
    expect(await count("latchkey.sessions where user_id = $1", [user.id])).toBe(1);
    await expect(auth.updateProfile(caller, { city: "X" }, service.facts)).rejects.toEqual(code("hook_failed"));
    behave = () => {};
    expect(await auth.signIn({ username, password }, service.facts)).toMatchObject({ user: { city: null } });
  });
});

describe("a hook that calls the core", () => {
  const refused = { code: "hook_failed", cause: { message: expect.stringContaining("called Latchkey itself") } };

  test("is refused at once, whether it waits for what its own transaction holds or not", async () => {
    const { username, user, caller } = await signUp();
    behave = (_, hook) =>
      hook === "userUpdated"
        ? auth.users.update(admin, user.id, { city: "Ankara" })
        : auth.operator.grant(username, { permission: "auth.view_user" });
    await expect(auth.updateProfile(caller, { firstName: "X" }, service.facts)).rejects.toMatchObject(refused);
    await expect(auth.register({ username: "granted", password }, service.facts)).rejects.toMatchObject(refused);
    behave = () => {};
    expect((await auth.users.get(user.id)).user).toMatchObject({ firstName: "", city: null });
  });

  test("is refused also beyond its time, so that nothing is changed that is not undone", async () => {
    const { user, caller } = await signUp();
    const gate = Promise.withResolvers<void>();
    let late: Promise<unknown> = Promise.resolve();
    behave = () => {
      late = gate.promise.then(() => auth.users.update(admin, user.id, { city: "Ankara" }));
      return late;
    };
    await expect(auth.updateProfile(caller, { firstName: "X" }, service.facts)).rejects.toEqual(code("hook_failed"));
    gate.resolve();
    await expect(late).rejects.toThrow("called Latchkey itself");
    behave = () => {};
    expect((await auth.users.get(user.id)).user).toMatchObject({ firstName: "", city: null });
  });

  test("takes no connection from others, however many there are at once", async () => {
    behave = () => auth.operator.grant("root_", { permission: "auth.view_user" });
    const all = Array.from({ length: 24 }, (_, at) =>
      auth.register({ username: `at_once_${at}`, password }, { ...service.facts, address: `203.0.113.${at}` }),
    );
    for (const { status, ...outcome } of await Promise.allSettled(all))
      expect({ status, ...outcome }).toMatchObject({ status: "rejected", reason: refused });
  });

  test("may do so later", async () => {
    const { username, user } = await signUp();
    const gate = Promise.withResolvers<void>();
    let later: Promise<unknown> = Promise.resolve();
    behave = () => {
      later = gate.promise.then(() => auth.users.get(user.id));
    };
    await auth.signIn({ username, password }, service.facts);
    gate.resolve();
    expect(await later).toMatchObject({ user: { id: user.id } });
  });
});

test("a hook reaches nothing any more once it has answered", async () => {
  const { username } = await signUp();
  let kept: HookEvent | undefined;
  behave = (event) => {
    kept = event;
  };
  await auth.signIn({ username, password }, service.facts);
  await expect(kept?.transaction.query("select 1")).rejects.toThrow("its transaction is over");
});

test("a hook's own limit of time is not that of what follows in the transaction, nor of the next call", async () => {
  const { username } = await signUp();
  behave = async ({ transaction }) => {
    const { rows } = await transaction.query("select current_setting('statement_timeout') as snake_case");
    expect(rows).toEqual([{ snake_case: "500ms" }]);
  };
  await auth.signIn({ username, password }, service.facts);
  const { rows } = await auth.pool.query("select current_setting('statement_timeout') as timeout");
  expect(rows).toEqual([{ timeout: "20s" }]);
});

test("where nobody listens for failures, the hook's failure is a warning and no more", async () => {
  const warned = Promise.withResolvers<Error>();
  process.once("warning", warned.resolve);
  await using plain = await createTestAuth({
    on: {
      passwordChanged: () => {
        throw new Error("canary");
      },
    },
  });
  await plain.auth.createUser({ username: "alice", password });
  expect(await plain.auth.operator.changePassword("alice", newPassword)).toBe(0);
  expect((await warned.promise).message).toContain("passwordChanged failed: Error: canary");
});
