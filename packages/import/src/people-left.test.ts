import { pbkdf2Sync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ImportOptions, importPeople } from "./import-people.ts";
import { createSqliteProject, type OldProject } from "./testing/django-project.ts";
import { usual } from "./testing/usual-options.ts";

const password = "correct horse battery";
const hash = `pbkdf2_sha256$1$salt$${pbkdf2Sync(password, "salt", 1, 32, "sha256").toString("base64")}`;

const people = [
  { id: 1, username: "selin" },
  { id: 2, username: "kemal", phone_number: "+90 532 000 00 01" },
  { id: 3, username: "kemal_baba", phone_number: "05320000001" },
  { id: 4, username: "Deniz", last_login: "2024-01-01 00:00:00+00" },
  { id: 5, username: "deniz", last_login: "2023-01-01 00:00:00+00" },
  { id: 6, username: "can", city: "x".repeat(300) },
].map((person) => ({ password: hash, ...person }));

let project: OldProject;
let service: TestAuth;
beforeAll(async () => {
  project = await createSqliteProject();
  service = await createTestAuth({ phones: { defaultCountry: "TR" } });
  await project.insert(...people);
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

const run = (options: Partial<ImportOptions>) =>
  importPeople(service.auth, {
    ...usual,
    connection: service.database.connection,
    source: project.source,
    ...options,
  });

type Reader = Parameters<typeof service.auth.users.listImported>[1];

/** Everybody of a kind, a page of one after the other. */
async function listAll(kind: "reserved" | "altered", reader?: Reader) {
  const found = [];
  for (let cursor: string | undefined, isLast = false; !isLast; ) {
    const page = await service.auth.users.listImported({ kind, cursor, limit: 1 }, reader);
    found.push(...page.users);
    cursor = page.nextCursor ?? undefined;
    isLast = cursor === undefined;
  }
  return found;
}

const ofPhone = (decision: string | null) => ({ code: "phone_shared", field: "phoneNumber", decision });
const ofName = (decision: string | null) => ({ code: "username_shared", field: "username", decision });
const ofCity = (decision: string | null) => ({ code: "profile_too_long", field: "city", decision });

test("who is left out is listed with why, and so is who came over without something, until that is decided otherwise", async () => {
  await run({ accept: ["profile_too_long", "permission_undeclared"], skipsUndecided: true });
  const left = { source: "django", userId: null, phoneNumber: null, state: "undecided" };
  expect(await listAll("reserved")).toEqual([
    { ...left, externalId: "2", username: "kemal", phoneNumber: "+90 532 000 00 01", issues: [ofPhone(null)] },
    { ...left, externalId: "3", username: "kemal_baba", phoneNumber: "05320000001", issues: [ofPhone(null)] },
    { ...left, externalId: "4", username: "Deniz", issues: [ofName(null)] },
    { ...left, externalId: "5", username: "deniz", issues: [ofName(null)] },
  ]);
  const can = { ...left, externalId: "6", username: "can", state: "came_over", issues: [ofCity("drop")] };
  expect(await listAll("altered")).toEqual([{ ...can, userId: expect.any(String) }]);

  await run({ accept: ["all"] });
  expect(await listAll("reserved")).toEqual([]);
  const altered = await listAll("altered");
  expect(altered.map(({ externalId, issues }) => [externalId, issues])).toEqual([
    ["2", [ofPhone("drop")]],
    ["3", [ofPhone("drop")]],
    // The one that signed in last keeps it; of what the other is called now nothing is kept here.
    ["5", [ofName("rename")]],
    ["6", [ofCity("drop")]],
  ]);
});

test("who is here and has something undecided follows all the rest, and is asked about it again", async () => {
  const again = (options: Partial<ImportOptions> = {}) => run({ accept: ["permission_undeclared"], ...options });
  const [selin] = await service.database.query<{ id: string }>(
    "select id from latchkey.users where username = 'selin'",
  );
  const read = () =>
    service.database.query(
      "select phone_number, username, is_active, city, password <> $2 as has_another_password from latchkey.users where id = $1",
      [selin?.id, hash],
    );
  const other = `pbkdf2_sha256$1$pepper$${pbkdf2Sync("another one", "pepper", 1, 32, "sha256").toString("base64")}`;
  const phone = (decision: string | null) => ({ code: "phone_unreadable", field: "phoneNumber", decision });
  const issuesOfSelin = async () => (await listAll("altered")).find(({ externalId }) => externalId === "1")?.issues;
  await project.run(`update users_user set is_active = false, city = 'Van', phone_number = 'x', username = 'selin_there',
    password = '${other}' where id = 1`);
  const followed = { phone_number: null, username: "selin", is_active: false, city: "Van", has_another_password: true };
  for (let round = 0; round < 2; round += 1) {
    const answer = await again({ skipsUndecided: true });
    expect(answer).toMatchObject({ exitCode: 0, created: 0, totals: { undecided: 0, changed: 1 }, undecidedRows: 1 });
    expect(answer.followed).toEqual({ people: round === 0 ? 1 : 0, kept: [] });
    expect(await read()).toEqual([followed]);
    expect(await issuesOfSelin()).toEqual([phone(null)]);
  }
  const folder = await mkdtemp(join(tmpdir(), "latchkey-skip-"));
  const decisions = join(folder, "decisions.csv");
  await writeFile(decisions, "old_id,code,field,decision\n1,phone_unreadable,phoneNumber,skip\n");
  expect(await again({ decisions })).toMatchObject({ exitCode: 0, totals: { changed: 1, skipped: 0 } });
  expect(await read()).toEqual([followed]);
  await rm(folder, { recursive: true });
  await project.run("update users_user set phone_number = null where id = 1");
  expect(await again()).toMatchObject({ exitCode: 0, followed: { people: 1 } });
  expect(await read()).toEqual([{ ...followed, username: "selin_there" }]);
  expect(await issuesOfSelin()).toBeUndefined();
  await project.run("update users_user set phone_number = 'y' where id = 1");
  await again({ skipsUndecided: true });
  await project.run("update users_user set phone_number = null where id = 1");
  expect(await again()).toMatchObject({ exitCode: 0, totals: { changed: 0 } });
  expect(await issuesOfSelin()).toBeUndefined();
  await project.run(`update users_user set username = 'selin' where id = 1`);
  expect(await run({ accept: ["all"] })).toMatchObject({ exitCode: 0, followed: { people: 1 } });
});

test("whose account is deleted here keeps the name from others, and it is not shown", async () => {
  const [can] = (await listAll("altered")).filter(({ externalId }) => externalId === "6");
  const admin = await service.auth.createUser({ username: "boss_here", password, isSuperuser: true });
  const session = await service.auth.signIn({ username: "boss_here", password }, service.facts);
  if (!("token" in session)) throw new Error("There is no session");
  const caller = await service.auth.authenticate([`Bearer ${session.token}`]);
  await service.auth.users.delete({ ...caller, facts: service.facts }, can?.userId ?? "");
  expect(admin.isSuperuser).toBe(true);
  expect(await listAll("reserved")).toEqual([
    expect.objectContaining({ externalId: "6", username: null, phoneNumber: null, userId: null, state: "deleted" }),
  ]);
});

test("whoever may not see numbers sees theirs masked, as usernames too, and a cursor of another list is refused", async () => {
  const user = await service.auth.createUser({ username: "reader_here", password });
  const reader = { user, facts: service.facts, held: ["auth.view_user"] };
  const numbers = (await listAll("altered", reader)).map(({ phoneNumber }) => phoneNumber);
  expect(numbers).toContain("+90•••01");
  expect(JSON.stringify(numbers)).not.toMatch(/\d{4}/);
  const { nextCursor } = await service.auth.users.list({ limit: 1 });
  await expect(
    service.auth.users.listImported({ kind: "altered", cursor: nextCursor ?? "", limit: 1 }),
  ).rejects.toMatchObject({ code: "invalid_input" });
});
