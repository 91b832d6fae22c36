import { expect, test } from "vitest";
import { createAuth } from "../../create-auth.ts";
import { createTestAuth, createTestDatabase, testSecret } from "../../testing/index.ts";

const actions = ["add", "change", "delete", "view"];
const ofModel = (app: string, model: string) => actions.map((action) => `${app}.${action}_${model}`);
const core = [
  ...["auditevent", "group", "user"].flatMap((model) => ofModel("auth", model)),
  "auth.declare_permission",
  "auth.rotate_key",
  "auth.view_contact",
  "auth.view_service",
  "auth.view_setting",
];

async function readPermissions({ query }: Awaited<ReturnType<typeof createTestDatabase>>): Promise<string[]> {
  const rows = await query<{ permission: string }>("select permission from latchkey.permissions");
  return rows.map((row) => row.permission).sort();
}

test("a start creates the four permissions of each declared model, and the custom ones, by itself", async () => {
  await using test = await createTestAuth({ permissions: ["notes.note", "notes.publish_note"] });
  expect(await readPermissions(test.database)).toEqual(
    [...core, ...ofModel("notes", "note"), "notes.publish_note"].sort(),
  );
  expect(await test.auth.syncPermissions({ prune: false })).toEqual({ added: [], removed: [] });
});

test("many processes that start at once, each with its models in another order, all come up", async () => {
  await using database = await createTestDatabase();
  const models = Array.from({ length: 50 }, (_, index) => `shop.model${index}`);
  const processes = [models, models.toReversed(), models, models.toReversed()].map((declared) =>
    createAuth(database.connection, { secret: testSecret, permissions: declared }),
  );
  try {
    await Promise.all(processes.map((auth) => auth.initialize()));
    expect(await readPermissions(database)).toHaveLength(core.length + 200);
    for (let trial = 0; trial < 3; trial++) {
      await database.query("delete from latchkey.permissions");
      const answers = await Promise.all(processes.map((auth) => auth.syncPermissions({ prune: false })));
      expect(answers.flatMap(({ added }) => added)).toHaveLength(core.length + 200);
    }
  } finally {
    await Promise.all(processes.map((auth) => auth.close()));
  }
});

test("what is declared no longer stays until it is pruned, then goes with its grants, and that is written down", async () => {
  await using test = await createTestAuth({ permissions: ["notes.note"] });
  const later = await test.another({ permissions: ["shop.order"] });
  await later.createUser({ username: "alice", password: "correct horse battery" });
  await later.operator.grant("alice", { permission: "notes.add_note" });
  await later.operator.grant("alice", { permission: "shop.add_order" });
  expect(await later.syncPermissions({ prune: false })).toEqual({ added: [], removed: [] });
  expect(await readPermissions(test.database)).toContain("notes.add_note");

  const pruned = { added: [], removed: ofModel("notes", "note") };
  expect(await later.syncPermissions({ prune: true, isTrial: true })).toEqual(pruned);
  expect(await readPermissions(test.database)).toContain("notes.add_note");
  expect(await later.syncPermissions({ prune: true })).toEqual(pruned);
  expect(await readPermissions(test.database)).toEqual([...core, ...ofModel("shop", "order")].sort());
  const { token } = await later.signIn({ username: "alice", password: "correct horse battery" }, test.facts);
  const { user } = await later.authenticate([`Bearer ${token}`]);
  expect(await later.findPermissions(user)).toEqual(["shop.add_order"]);
  const events = await test.database.query(
    "select actor_id, subject_id, detail from latchkey.audit_events where event = 'permissions_pruned'",
  );
  expect(events).toEqual([{ actor_id: null, subject_id: null, detail: { permissions: ofModel("notes", "note") } }]);
});

test("many processes that prune at once delete each permission once", async () => {
  await using test = await createTestAuth({ permissions: ["notes.note"] });
  const others = await Promise.all([1, 2, 3].map(() => test.another({ permissions: [] })));
  const answers = await Promise.all(others.map((auth) => auth.syncPermissions({ prune: true })));
  expect(answers.flatMap(({ removed }) => removed).sort()).toEqual(ofModel("notes", "note"));
});

test.each(["notes", "Notes.note", "notes.no-te", "notes.publish_", "Notes.publish_note", "notes.note\n", ""])(
  "%j is no way to write a model or a permission",
  (permission) => {
    const declare = () => createAuth({}, { secret: testSecret, permissions: [permission] });
    expect(declare).toThrow(/is not written like app\./);
  },
);

test("nobody declares what is the core's own", () => {
  for (const permission of ["auth.user", "auth.view_user", "auth.impersonate_user"]) {
    const declare = () => createAuth({}, { secret: testSecret, permissions: [permission] });
    expect(declare).toThrow(/is among the core's own/);
  }
});

test("to prune what many people hold may take longer than a call", { tags: ["long"] }, async () => {
  await using test = await createTestAuth({ permissions: ["notes.note"] });
  const later = await test.another({ permissions: [] });
  await test.database.query(`create function public.take_long() returns trigger language plpgsql
    as $$ begin perform pg_sleep(2.5); return null; end $$`);
  await test.database.query(
    "create trigger take_long after delete on latchkey.permissions execute function public.take_long()",
  );
  expect(await later.syncPermissions({ prune: true })).toEqual({ added: [], removed: ofModel("notes", "note") });
});
