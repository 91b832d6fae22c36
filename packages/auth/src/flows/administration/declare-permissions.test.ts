import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createAuth } from "../../create-auth.ts";
import { StartError } from "../../errors.ts";
import { createTestAuth, type TestAuth, testSecret } from "../../testing/index.ts";
import type { Administrator } from "../steps/authority.ts";

const password = "correct horse battery";

let service: TestAuth;
/** The service in another process. */
let second: Auth;
let root: Administrator;
beforeAll(async () => {
  service = await createTestAuth({ permissions: ["notes.note"] });
  second = await service.another();
  root = await signUp({ isSuperuser: true });
});
afterAll(() => service[Symbol.asyncDispose]());

let counter = 0;
async function signUp(rights: { isSuperuser?: boolean; permissions?: readonly string[] } = {}): Promise<Administrator> {
  const { auth, facts } = service;
  const username = `person${counter++}`;
  await auth.createUser({ username, password, isSuperuser: rights.isSuperuser ?? false });
  for (const permission of rights.permissions ?? []) await auth.operator.grant(username, { permission });
  const { token } = await auth.signIn({ username, password }, facts);
  return { ...(await auth.authenticate([`Bearer ${token}`])), facts };
}

const nameOf = ({ user }: Administrator) => user.username ?? user.id;
const signUpProgram = () => signUp({ permissions: ["auth.declare_permission"] });

/** An app that nobody has. */
const freshApp = () => `app${counter++}`;

const declare = (program: Administrator, app: string, permissions: readonly string[], prune?: boolean, auth?: Auth) =>
  (auth ?? service.auth).declarePermissions(program, {
    app,
    permissions: permissions.map((name) => `${app}.${name}`),
    prune,
  });

const heldBy = ({ user }: Administrator) => service.auth.findPermissions(user);
const taken = expect.objectContaining({ name: "AuthError", code: "identifier_taken" });
const invalid = expect.objectContaining({ name: "AuthError", code: "invalid_input" });

async function readPermissionsOf(app: string): Promise<string[]> {
  const rows = await service.database.query<{ permission: string }>(
    "select permission from latchkey.permissions where starts_with(permission, $1) order by 1",
    [`${app}.`],
  );
  return rows.map(({ permission }) => permission);
}

/** Connections that wait for a lock. */
async function countWaiting(): Promise<number> {
  const rows = await service.database.query(
    "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rows.length;
}

async function countEvents(app: string): Promise<number> {
  const rows = await service.database.query(
    "select from latchkey.audit_events where event = 'permissions_declared' and detail->>'app' = $1",
    [app],
  );
  return rows.length;
}

describe("what is no declaration is refused, and leaves nothing", () => {
  test.each([
    ["auth", ["auth.view_user"]],
    ["auth", []],
    ["Shop", ["Shop.order"]],
    ["shop\n", ["shop\n.order"]],
    ["", [".order"]],
    ["shop.order", ["shop.order.view_x"]],
    ["x".repeat(65), [`${"x".repeat(65)}.order`]],
    ["shop", ["shop.order", "auth.user"]],
    ["shop", ["shop.order", "shops.order"]],
    ["shop", ["shop"]],
    ["shop", ["shop.refund_"]],
    ["shop", ["shop.order\n"]],
    ["shop", [`shop.${"x".repeat(100)}`]],
    ["shop", ["shop.or'der"]],
  ])("%j with %j", async (app, permissions) => {
    const program = await signUpProgram();
    await expect(service.auth.declarePermissions(program, { app, permissions, prune: true })).rejects.toEqual(invalid);
    expect(await readPermissionsOf("shop")).toEqual([]);
    const apps = await service.database.query("select app from latchkey.permission_apps where declarer is not null");
    expect(apps).toEqual([]);
  });

  test("nothing at all, without `prune`", async () => {
    await expect(declare(await signUpProgram(), freshApp(), [])).rejects.toEqual(invalid);
  });
});

describe("an app has one declarer", () => {
  test("whoever declares it first; nobody else adds to it, takes from it or releases it", async () => {
    const [owner, thief, app] = [await signUpProgram(), await signUpProgram(), freshApp()];
    await declare(owner, app, ["refund_order"]);
    for (const [permissions, prune] of [
      [["steal_order"]],
      [["refund_order"]],
      [["steal_order"], true],
      [[], true],
    ] as const)
      await expect(declare(thief, app, permissions, prune)).rejects.toEqual(taken);
    await expect(declare(root, app, ["steal_order"])).rejects.toEqual(taken);
    expect(await readPermissionsOf(app)).toEqual([`${app}.refund_order`]);
  });

  test("not an app of the service's own, not even for a superuser", async () => {
    for (const program of [await signUpProgram(), root])
      for (const [permissions, prune] of [[["steal_note"]], [[], true]] as const)
        await expect(declare(program, "notes", permissions, prune)).rejects.toEqual(taken);
    expect(await readPermissionsOf("notes")).toHaveLength(4);
  });

  test("not an app of which there are permissions that were granted for something else", async () => {
    const app = freshApp();
    await service.database.query("insert into latchkey.permissions values ($1)", [`${app}.refund_order`]);
    await expect(declare(await signUpProgram(), app, ["refund_order"])).rejects.toEqual(taken);
    await service.auth.syncPermissions({ prune: true });
    expect(await declare(await signUpProgram(), app, ["refund_order"])).toMatchObject({
      added: [`${app}.refund_order`],
    });
  });

  test("of many that declare one app at the same moment one has it", async () => {
    for (let round = 0; round < 3; round += 1) {
      const app = freshApp();
      const programs = await Promise.all([1, 2, 3, 4].map(signUpProgram));
      const outcomes = await Promise.allSettled(
        programs.map((program, index) =>
          declare(program, app, [`do_thing${index}`], false, index % 2 ? second : undefined),
        ),
      );
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const outcome of outcomes) if (outcome.status === "rejected") expect(outcome.reason).toEqual(taken);
      expect(await readPermissionsOf(app)).toHaveLength(1);
    }
  });

  test("an account that is deleted keeps it from others until a superuser releases it", async () => {
    const [owner, heir, app] = [await signUpProgram(), await signUpProgram(), freshApp()];
    const person = await signUp();
    await declare(owner, app, ["refund_order"]);
    await service.auth.operator.grant(nameOf(person), { permission: `${app}.refund_order` });
    await service.auth.users.delete(root, owner.user.id);
    await expect(declare(heir, app, ["refund_order"])).rejects.toEqual(taken);
    await declare(root, app, [], true);
    expect(await declare(heir, app, ["refund_order"])).toMatchObject({ added: [`${app}.refund_order`] });
    expect(await heldBy(person)).toEqual([]);
  });

  test("20 at most", async () => {
    const owner = await signUpProgram();
    const apps = Array.from({ length: 21 }, freshApp);
    for (const app of apps.slice(0, 20)) await declare(owner, app, ["do_thing"]);
    await expect(declare(owner, apps[20] ?? "", ["do_thing"])).rejects.toEqual(invalid);
    await declare(owner, apps[0] ?? "", [], true);
    await declare(owner, apps[20] ?? "", ["do_thing"]);
  });
});

describe("a declaration", () => {
  test("again, or by many processes at once, changes nothing and is written down once", async () => {
    const [owner, app] = [await signUpProgram(), freshApp()];
    const answers = await Promise.all(
      [1, 2, 3, 4].map((process) =>
        declare(owner, app, ["order", "refund_order"], true, process % 2 ? second : undefined),
      ),
    );
    const all = ["add", "change", "delete", "refund", "view"].map((action) => `${app}.${action}_order`);
    expect(answers.flatMap(({ added }) => added).sort()).toEqual(all);
    expect(answers.flatMap(({ removed }) => removed)).toEqual([]);
    expect(await declare(owner, app, ["order", "refund_order"], true)).toEqual({ added: [], removed: [] });
    expect(await countEvents(app)).toBe(1);
  });

  test("without `prune` takes nothing away, since another version of the program may still run", {
    tags: ["long"],
  }, async () => {
    const [owner, app] = [await signUpProgram(), freshApp()];
    await declare(owner, app, ["refund_order"]);
    expect(await declare(owner, app, ["pack_order"])).toEqual({ added: [`${app}.pack_order`], removed: [] });
    expect(await readPermissionsOf(app)).toEqual([`${app}.pack_order`, `${app}.refund_order`]);
  });

  test("is all or nothing: beyond 500 permissions none of it is there", async () => {
    const [owner, app] = [await signUpProgram(), freshApp()];
    const models = (from: number) => Array.from({ length: 100 }, (_, index) => `model${from + index}`);
    await declare(owner, app, models(0));
    await expect(declare(owner, app, models(100))).rejects.toEqual(invalid);
    expect(await readPermissionsOf(app)).toHaveLength(400);
    await declare(owner, app, models(100), true);
    expect(await readPermissionsOf(app)).toHaveLength(400);
  });

  test("is given to people by name and by group, and a superuser holds it", async () => {
    const [owner, person, app] = [await signUpProgram(), await signUp(), freshApp()];
    const [refund, pack] = [`${app}.refund_order`, `${app}.pack_order`];
    await declare(owner, app, ["refund_order", "pack_order"]);
    await service.auth.users.setPermissions(root, person.user.id, [refund]);
    const { id } = await service.auth.groups.create(root, { name: app, permissions: [pack] });
    await service.auth.users.setGroups(root, person.user.id, [id]);
    expect(await heldBy(person)).toEqual([pack, refund]);
    expect(await heldBy(root)).toEqual(expect.arrayContaining([pack, refund]));
    expect(await heldBy(owner)).toEqual(["auth.declare_permission"]);
    const giving = service.auth.users.setPermissions(owner, (await signUp()).user.id, [refund]);
    await expect(giving).rejects.toMatchObject({ code: "permission_denied" });
  });
});

describe("what was withdrawn", () => {
  test("loses its grants, by name and by group, before it is declared again", async () => {
    const [owner, person, app] = [await signUpProgram(), await signUp(), freshApp()];
    const refund = `${app}.refund_order`;
    await declare(owner, app, ["refund_order", "pack_order"]);
    await service.auth.users.setPermissions(root, person.user.id, [refund, `${app}.pack_order`]);
    const group = await service.auth.groups.create(root, { name: app, permissions: [refund] });
    await service.auth.users.setGroups(root, person.user.id, [group.id]);
    expect(await declare(owner, app, ["pack_order"], true)).toEqual({ added: [], removed: [refund] });
    await declare(owner, app, ["pack_order", "refund_order"]);
    expect(await heldBy(person)).toEqual([`${app}.pack_order`]);
    expect((await service.auth.groups.get(group.id)).permissions).toEqual([]);
  });

  test("is given by nobody who held it before, also when it is declared again while it is being given", async () => {
    const [owner, app] = [await signUpProgram(), freshApp()];
    const refund = `${app}.refund_order`;
    await declare(owner, app, ["refund_order"]);
    const person = await signUp({ permissions: ["notes.add_note"] });
    const giver = await signUp({ permissions: ["auth.change_user", "notes.add_note", refund] });
    const redeclare = async () => {
      await declare(owner, app, [], true, second);
      await declare(owner, app, ["refund_order"], false, second);
    };
    const client = await service.auth.pool.connect();
    try {
      await client.query("begin");
      await client.query("select from latchkey.user_permissions where user_id = $1 for update", [person.user.id]);
      // It has seen that there is such a permission and that the giver holds it, and waits for the row.
      const giving = service.auth.users.setPermissions(giver, person.user.id, [refund]);
      await expect.poll(countWaiting).toBe(1);
      let isDone = false;
      const declaring = redeclare().finally(() => {
        isDone = true;
      });
      await expect.poll(async () => isDone || (await countWaiting()) === 2).toBe(true);
      await client.query("commit");
      await Promise.all([giving, declaring]);
    } finally {
      client.release();
    }
    expect([await heldBy(person), await heldBy(giver)]).toEqual([[], ["auth.change_user", "notes.add_note"]]);
  });

  test("leaves the app free for somebody else once all is withdrawn", { tags: ["long"] }, async () => {
    const [owner, other, app] = [await signUpProgram(), await signUpProgram(), freshApp()];
    await declare(owner, app, ["refund_order"]);
    await declare(owner, app, [], true);
    await declare(other, app, ["refund_order"]);
    await expect(declare(owner, app, ["refund_order"])).rejects.toEqual(taken);
  });
});

describe("the service's own", () => {
  test("start and prune leave alone what another program declares, until its account is deleted", async () => {
    const [owner, person, app] = [await signUpProgram(), await signUp(), freshApp()];
    const refund = `${app}.refund_order`;
    await declare(owner, app, ["refund_order"]);
    await service.auth.operator.grant(nameOf(person), { permission: refund });
    await service.auth.initialize();
    await service.auth.syncPermissions({ prune: true });
    expect(await heldBy(person)).toEqual([refund]);
    await service.auth.users.delete(root, owner.user.id);
    expect((await service.auth.syncPermissions({ prune: true })).removed).toEqual([refund]);
    expect(await heldBy(person)).toEqual([]);
  });

  test("start refuses to share an app with another program, and prune takes it over without its grants", {
    tags: ["long"],
  }, async () => {
    const [owner, person, app] = [await signUpProgram(), await signUp(), freshApp()];
    const view = `${app}.view_order`;
    await declare(owner, app, ["order"]);
    await service.auth.operator.grant(nameOf(person), { permission: view });
    const options = { secret: testSecret, permissions: ["notes.note", `${app}.order`], passwords: { cost: 4 } };
    const next = createAuth(service.database.connection, options);
    try {
      const refusal = await next.initialize().catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(StartError);
      expect(refusal).toMatchObject({ message: expect.stringContaining(`declares the permissions of ${app}:`) });
      expect(await heldBy(person)).toEqual([view]);
      const all = ["add", "change", "delete", "view"].map((action) => `${app}.${action}_order`);
      const { added, removed } = await next.syncPermissions({ prune: true });
      expect([added, removed]).toEqual([all, expect.arrayContaining(all)]);
      await next.initialize();
      expect(await heldBy(person)).toEqual([]);
      await expect(declare(owner, app, [], true)).rejects.toEqual(taken);
    } finally {
      await next.close();
    }
  });
});
