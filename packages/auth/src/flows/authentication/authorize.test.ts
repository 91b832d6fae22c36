import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestAuth, type TestAuth } from "../../testing/index.ts";

const password = "correct horse battery";

let service: TestAuth;
beforeAll(async () => {
  service = await createTestAuth({ permissions: ["notes.note"] });
});
afterAll(() => service[Symbol.asyncDispose]());

const denied = expect.objectContaining({ code: "permission_denied" });

test("whoever is inactive holds nothing, be it granted or as a superuser", async () => {
  const { auth } = service;
  const alice = await auth.createUser({ username: "alice", password });
  await auth.operator.grant("alice", { permission: "notes.add_note" });
  const root = await auth.createUser({ username: "root_", password, isSuperuser: true });
  await auth.authorize(alice, "notes.add_note");
  await auth.authorize(root, "notes.add_note");
  for (const user of [alice, root]) {
    const inactive = { ...user, isActive: false };
    expect(await auth.findPermissions(inactive)).toEqual([]);
    await expect(auth.authorize(inactive, "notes.add_note")).rejects.toEqual(denied);
  }
});

test("whoever holds one permission holds no other, nor one that looks like it", async () => {
  const { auth } = service;
  const bob = await auth.createUser({ username: "bob", password });
  await auth.operator.grant("bob", { permission: "notes.change_note" });
  for (const other of [
    "notes.add_note",
    "notes.change_not",
    "notes.change_note ",
    "Notes.change_note",
    "",
    "__proto__",
  ]) {
    await expect(auth.authorize(bob, other as never)).rejects.toEqual(denied);
  }
});

test("people who ask at the same moment each get what is theirs", async () => {
  const { auth } = service;
  const names = Array.from({ length: 10 }, (_, index) => `asker${index}`);
  const people = await Promise.all(names.map((username) => auth.createUser({ username, password })));
  const rights = ["notes.add_note", "notes.change_note", "notes.delete_note", "notes.view_note"];
  await Promise.all(
    names.flatMap((name, index) =>
      rights.slice(0, index % 5).map((permission) => auth.operator.grant(name, { permission })),
    ),
  );
  const held = await Promise.all(people.map((user) => auth.findPermissions(user)));
  expect(held).toEqual(names.map((_, index) => rights.slice(0, index % 5)));
});
