import type { TestAuth } from "@latchkey/auth/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Beginning, createBeginning } from "./testing/beginning.ts";
import type { OldProject } from "./testing/django-project.ts";
import { pbkdf2 } from "./testing/odd-people.ts";
import { runImport } from "./testing/run-import.ts";
import { usual } from "./testing/usual-options.ts";
import { verifyImport } from "./verify-import.ts";

let service: TestAuth;
let project: OldProject;
let beginning: Beginning;
const number = "0532 123 45 67";

beforeAll(async () => {
  beginning = await createBeginning(async ({ project }) => {
    await project.insert(
      { id: 1, username: "ada", password: pbkdf2("what ada types", "salt") },
      { id: 2, username: "bob", password: pbkdf2("what bob types", "pepper") },
    );
  });
});
afterAll(() => beginning[Symbol.asyncDispose]());

beforeEach(async () => {
  ({ project, service } = await beginning.copy());
});
afterEach(async () => {
  await service[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

const run = () => runImport({ project, service }, { accept: ["all"] });
const verify = () =>
  verifyImport(service.auth, { ...usual, connection: service.database.connection, source: project.source });
const numberOf = (id: number) => project.run(`update users_user set phone_number = '${number}' where id = ${id}`);
const signIn = (password: string) => service.auth.signIn({ username: number, password }, service.facts);

describe("a number of somebody there that another one has here", () => {
  test("who came with it and is gone there signs in that one alone, which is told and no fault", async () => {
    await numberOf(1);
    await run();
    const { user } = (await signIn("what ada types")) as { user: { id: string } };
    await project.run("delete from users_user where id = 1");
    await numberOf(2);
    await run();
    expect(await verify()).toMatchObject({
      gone: 1,
      reachAnother: [],
      takenHere: [],
      heldByGone: ["2: phoneNumber, which is 1's here"],
      isGood: true,
    });
    await expect(signIn("what ada types")).resolves.toMatchObject({ user: { id: user.id } });
    await expect(signIn("what bob types")).rejects.toMatchObject({ code: "invalid_credentials" });
  });

  test("who was given it here, and is gone there, is a fault", { tags: ["long"] }, async () => {
    await numberOf(2);
    await run();
    await project.run("delete from users_user where id = 1");
    await service.database.query("update latchkey.users set phone_number = null where username = 'bob'");
    await service.database.query("update latchkey.users set phone_number = '+905321234567' where username = 'ada'");
    expect(await verify()).toMatchObject({ reachAnother: ["2: phoneNumber"], heldByGone: [], isGood: false });
  });
});

test("another hash than there is a fault, unless its person has signed in or set a password here", async () => {
  await run();
  await service.auth.signIn({ username: "bob", password: "what bob types" }, service.facts);
  await service.database.query(
    "update latchkey.users set password = (select password from latchkey.users where username = 'bob')",
  );
  expect(await verify()).toMatchObject({ different: ["1: password"], isGood: false });
  await service.auth.operator.changePassword("ada", "chosen here by ada");
  expect(await verify()).toMatchObject({ different: [], isGood: true });
});

test("an address that whoever has rights here kept from their new username is no fault", {
  tags: ["long"],
}, async () => {
  const email = "info@firma.example";
  await project.insert({ id: 3, username: "1kaplan", email, is_staff: true }, { id: 4, username: "cem", email });
  await run();
  await project.run("update users_user set username = 'kaplan@firma.example' where id = 3");
  expect(await run()).toMatchObject({ followed: { kept: ["3: username"] } });
  expect(await verify()).toMatchObject({ different: [], isGood: true });
});

test("what a group has there and not here, and the other way round, is counted", async () => {
  const { database } = service;
  await database.query(
    "insert into latchkey.permissions (permission) values ('shop.add_order'), ('shop.publish_order'), ('shop.view_order')",
  );
  await project.run("insert into users_user_groups values (1, 1, 1)");
  await run();
  await database.query("insert into latchkey.group_permissions select id, 'shop.view_order' from latchkey.groups");
  await project.run("update auth_group_permissions set permission_id = 2 where permission_id = 1");
  await run();
  expect(await verify()).toMatchObject({ groupPermissionsMissing: 1, groupPermissionsAdded: 1, isGood: true });
});

test("a last round that broke off before its end is a fault, even where everybody is here, until the import is run again", async () => {
  expect(await verify()).toMatchObject({ isComplete: false, isGood: false, missing: 2 });
  await run();
  await service.clock.advance(60);
  await service.auth.importedUsers.startRound({ source: "django", startedAt: service.clock.now() });
  expect(await verify()).toMatchObject({ isComplete: false, isGood: false, missing: 0 });
  await run();
  expect(await verify()).toMatchObject({ isComplete: true, isGood: true });
});
