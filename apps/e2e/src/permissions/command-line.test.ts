import { shareOut, testSecret } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LiveServer } from "../live-server.ts";
import { startNotesServer } from "../notes/notes-server.ts";
import { obtainToken, password } from "../processes/accounts-by-cli.ts";
import { toDatabaseUrl } from "../processes/external-database.ts";
import { createInstallation, type Installation } from "../processes/installation.ts";
import { ask, outcomeOf } from "./call-as.ts";

let service: LiveServer;
let installation: Installation;
let admin: string;

/** The service runs all the while, in another process than commands: what these do must be in force on the next call. */
beforeAll(async () => {
  service = await startNotesServer();
  const settings = { DATABASE_URL: toDatabaseUrl(service.test.database.connection), LATCHKEY_SECRET: testSecret };
  installation = await createInstallation(settings, { keepsCommandLine: true });
  await installation.writeFile("latchkey.config.mjs", 'export default { permissions: ["notes.note"] };\n');
  await createUser("alice", { phoneNumber: "+905321234567" });
  for (const username of ["bob", "carol", "dave"]) await createUser(username);
  await createUser("Boss", { isSuperuser: true });
  admin = await obtainToken(service.url, "boss");
  const created = await ask(service, "groups.create", {
    input: { name: "Editors", permissions: ["notes.change_note"] },
    token: admin,
  });
  expect(created.status).toBe(200);
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const createUser = (username: string, more: object = {}) =>
  service.test.auth.createUser({ username, password, ...more });

/** Runs a command for its answer in JSON. */
async function answerOf(...args: readonly string[]) {
  const { code, stdout, stderr } = await installation.run([...args, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

const say = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await installation.run(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
};

const permissionsOf = async (token: string) => (await ask(service, "me.permissions", { token })).body;

describe("grant and revoke", () => {
  test("give and take a permission, in force on the next call of a service that runs", async () => {
    const token = await obtainToken(service.url, "alice");
    const create = () => ask(service, "notes.create", { input: { title: "a", body: "b" }, token });
    expect(outcomeOf(await create())).toBe("403 permission_denied");
    expect(await say("grant", "+90 532 123 45 67", "notes.add_note")).toBe("They now have: notes.add_note.\n");
    expect(outcomeOf(await create())).toBe("ok");
    expect(await answerOf("grant", "ALICE", "notes.add_note")).toEqual({ groups: [], permissions: ["notes.add_note"] });
    expect(await say("revoke", "alice", "notes.add_note")).toBe("They now have nothing.\n");
    expect(outcomeOf(await create())).toBe("403 permission_denied");
  });

  test("give and take a group", async () => {
    const token = await obtainToken(service.url, "bob");
    expect(await say("grant", "bob", "--group", "Editors")).toBe("They now have: group Editors.\n");
    expect(await permissionsOf(token)).toEqual(["notes.change_note"]);
    expect(await answerOf("revoke", "bob", "--group", "Editors")).toEqual({ groups: [], permissions: [] });
    expect(await permissionsOf(token)).toEqual([]);
  });

  for (const { tags, cases } of shareOut(
    [
      [["grant", "alice", "notes.fly_note"], "latchkey: permissions: names a permission that does not exist\n"],
      [["revoke", "alice", "notes.fly_note"], "latchkey: permissions: names a permission that does not exist\n"],
      [["grant", "alice", "--group", "Nobody"], "latchkey: There is no group of that name\n"],
      [["grant", "alice"], "error: name either a permission or a --group\nAdd --help to see what it takes.\n"],
      [
        ["grant", "nobody", "notes.add_note"],
        "latchkey: There is no user with that username, phone number or e-mail address\n",
      ],
      [
        ["revoke", "alice", "notes.add_note", "--group", "Editors"],
        "error: name either a permission or a --group\nAdd --help to see what it takes.\n",
      ],
      [["grant"], "error: missing required argument 'user'\nAdd --help to see what it takes.\n"],
    ],
    4,
  ))
    test.concurrent.each(cases)("%j ends with 2 and says why", { tags }, async (args, stderr) => {
      expect(await installation.run(args)).toMatchObject({ code: 2, stdout: "", stderr });
    });
});

describe("change-password", () => {
  test("gives another password, and ends the sessions on the next call", async () => {
    const token = await obtainToken(service.url, "carol");
    const change = (next: string, ...flags: readonly string[]) =>
      installation.run(["change-password", "carol", "--password-stdin", "--own-password", ...flags], { input: next });
    const signIn = (typed: string) => ask(service, "token.obtain", { input: { username: "carol", password: typed } });

    expect(await change("another good phrase")).toMatchObject({
      code: 0,
      stdout: "Changed the password; 1 sessions ended.\n",
      stderr: "",
    });
    expect(outcomeOf(await ask(service, "me.get", { token }))).toBe("401 session_ended");
    expect(outcomeOf(await signIn(password))).toBe("400 invalid_credentials");
    expect(outcomeOf(await signIn("another good phrase"))).toBe("ok");
    expect(await change("short", "--json")).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "latchkey: password: Use 8 characters or more\n",
    });
    expect(outcomeOf(await signIn("another good phrase"))).toBe("ok");
  });

  test("of an operator's choice is replaced before it opens anything, and so is one that others may know", {
    tags: ["long"],
  }, async () => {
    const signIn = (typed: string) => ask(service, "token.obtain", { input: { username: "carol", password: typed } });
    const run = await installation.run(["change-password", "carol", "--password-stdin"], { input: "out of a letter" });
    expect(run.stdout).toMatch(/^Changed the password; \d+ sessions ended\. They replace it at the next sign-in\.\n$/);
    const refused = await signIn("out of a letter");
    expect(outcomeOf(refused)).toBe("401 password_change_required");
    const input = { ticket: refused.body.data.ticket, newPassword: "a phrase of her own" };
    const { body } = await ask(service, "token.obtainByNewPassword", { input });
    expect(outcomeOf(await ask(service, "me.get", { token: body.token }))).toBe("ok");
    expect(await say("require-password-change", "carol")).toBe(
      "They replace their password at the next sign-in; 1 sessions ended.\n",
    );
    expect(outcomeOf(await ask(service, "me.get", { token: body.token }))).toBe("401 session_ended");
    expect(outcomeOf(await signIn("a phrase of her own"))).toBe("401 password_change_required");
  });

  test("of nobody ends with 2", { tags: ["long"] }, async () => {
    const run = await installation.run(["change-password", "nobody", "--password-stdin"], { input: password });
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining("There is no user with that username") });
  });
});

describe("list-users", () => {
  test("prints a line for each, and goes on where a page ended", async () => {
    const boss = "Boss\t-\tsuperuser\tactive\n";
    expect(await say("list-users", "--username", "BO")).toBe(`bob\t-\tuser\tactive\n${boss}`);
    const first = await say("list-users", "--username", "bo", "--limit", "1");
    const [, cursor = ""] = /^bob\t.*\nMore with --cursor (\S+)\n$/.exec(first) ?? [];
    expect(await say("list-users", "--username", "bo", "--cursor", cursor)).toBe(boss);
  });

  test("prints a number, and says of none that there are none", { tags: ["long"] }, async () => {
    expect(await say("list-users", "--username", "ali")).toBe("alice\t+905321234567\tuser\tactive\n");
    expect(await say("list-users", "--username", "zz")).toBe("There are none.\n");
  });

  test("prints a page as JSON, without what is stored of a password", async () => {
    const { users, nextCursor } = await answerOf("list-users", "--limit", "2");
    expect(users).toMatchObject([{ username: "Boss", isSuperuser: true }, {}]);
    expect(nextCursor).toEqual(expect.any(String));
    expect(JSON.stringify(users)).not.toMatch(/bcrypt|"password"/);
  });

  for (const { tags, cases } of shareOut(
    [
      ["--limit", "0"],
      ["--limit", "x"],
      ["--limit", "1001"],
      ["--cursor", "x"],
      ["--colour", "red"],
    ],
    5,
  ))
    test.concurrent.each(cases)("ends with 2 at %s %s", { tags }, async (...flags) => {
      expect(await installation.run(["list-users", ...flags])).toMatchObject({ code: 2, stdout: "" });
    });
});

describe("end-sessions", () => {
  test("signs a user out everywhere on the next call", async () => {
    const token = await obtainToken(service.url, "dave");
    expect(await say("end-sessions", "dave")).toBe("1 sessions ended.\n");
    expect(outcomeOf(await ask(service, "me.get", { token }))).toBe("401 session_ended");
    expect(await answerOf("end-sessions", "dave")).toEqual({ ended: 0 });
  });

  test("ends one session that list-sessions names, and no other", { tags: ["long"] }, async () => {
    const tokens = [await obtainToken(service.url, "dave"), await obtainToken(service.url, "dave")];
    const lines = (await say("list-sessions", "dave")).trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/^[0-9a-f-]{36}\t\d{4}-\d\d-\d\dT[\d:.]+Z\t127\.0\.0\.1\tnode$/);
    const { sessions } = await answerOf("list-sessions", "DAVE");
    expect(sessions.map(({ id }: { id: string }) => id)).toEqual(lines.map((line) => line.split("\t")[0]));
    const [, first] = sessions;
    expect(await say("end-sessions", "dave", "--session", first.id)).toBe("1 sessions ended.\n");
    const outcomes = await Promise.all(tokens.map(async (token) => outcomeOf(await ask(service, "me.get", { token }))));
    expect(outcomes).toEqual(["401 session_ended", "ok"]);
    expect(await installation.run(["end-sessions", "dave", "--session", first.id])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "latchkey: There is no such session of that user\n",
    });
    expect(await installation.run(["end-sessions", "dave", "--session", "1"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "error: --session is an id as list-sessions prints it\nAdd --help to see what it takes.\n",
    });
    expect(await answerOf("end-sessions", "dave")).toEqual({ ended: 1 });
    expect(await say("list-sessions", "dave")).toBe("They are signed in nowhere.\n");
  });
});

describe("list-pending-changes and stop-pending-change", () => {
  test("say that nothing waits, and refuse what is no change", async () => {
    expect(await say("list-pending-changes", "dave")).toBe("Nothing waits.\n");
    expect(await answerOf("list-pending-changes", "dave")).toEqual({ changes: [], resetHeldUntil: null });
    const unknown = await installation.run(["stop-pending-change", "dave", "01900000-0000-7000-8000-000000000000"]);
    expect(unknown).toMatchObject({ code: 2, stderr: "latchkey: There is no such change, or it is done\n" });
    const malformed = await installation.run(["stop-pending-change", "dave", "1"]);
    expect(malformed).toMatchObject({ code: 2, stdout: "" });
    expect(malformed.stderr).toContain("the change is an id as list-pending-changes prints it");
  });
});

describe("create-password-code", () => {
  test("prints a code that sets a password over HTTP; until then nothing changes", { tags: ["long"] }, async () => {
    await createUser("erin");
    const token = await obtainToken(service.url, "erin");
    const printed = await say("create-password-code", "erin");
    const [code = "", sentence] = printed.split("\n");
    expect(sentence).toMatch(/^For password\.reset, once, until \d{4}-\d\d-\d\dT[\d:.]+Z\.$/);
    expect(outcomeOf(await ask(service, "me.get", { token }))).toBe("ok");
    const reset = async (typed: string) =>
      outcomeOf(
        await ask(service, "password.reset", {
          input: { username: "erin", code: typed, newPassword: "another good phrase" },
        }),
      );
    const { setPasswordCode, expiresAt } = await answerOf("create-password-code", "ERIN");
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
    expect(await reset(code)).toBe("400 code_invalid");
    expect(await reset(setPasswordCode)).toBe("ok");
    expect(outcomeOf(await ask(service, "me.get", { token }))).toBe("401 session_ended");
  });

  test("helps the last superuser, whom nobody else can help, and refuses a disabled account", {
    tags: ["long"],
  }, async () => {
    expect(await say("create-password-code", "boss")).toMatch(/^[0-9A-Z-]{35}\n/);
    const { body } = await ask(service, "users.list", { input: { username: "carol" }, token: admin });
    const input = { id: body.users[0].id, changes: { isActive: false } };
    expect(outcomeOf(await ask(service, "users.update", { input, token: admin }))).toBe("ok");
    expect(await installation.run(["create-password-code", "carol"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "latchkey: user: is a disabled account: enable it first\n",
    });
    expect(await installation.run(["create-password-code", "nobody"])).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("sync-permissions and purge", () => {
  test("sync-permissions prints what it adds, and with --prune what it takes away", async () => {
    expect(await say("sync-permissions")).toBe("The permissions are as declared.\n");
    expect(await answerOf("sync-permissions", "--prune")).toEqual({ added: [], removed: [] });
    expect(await installation.run(["sync-permissions", "--force"])).toMatchObject({ code: 2 });
  });

  test("purge prints how much it deleted", { tags: ["long"] }, async () => {
    expect(await say("purge")).toBe("Deleted 0 sessions, 0 codes, 0 audit events and 0 counts of attempts.\n");
    expect(await answerOf("purge")).toEqual({
      notices: 0,
      accounts: 0,
      erased: 0,
      parked: 0,
      staged: 0,
      sessions: 0,
      codes: 0,
      auditEvents: 0,
      throttles: 0,
    });
  });
});

test("a database that is not there ends with 3, whatever the command", { tags: ["long"] }, async () => {
  const variables = { DATABASE_URL: "postgres://latchkey:hunter2@127.0.0.1:1/latchkey" };
  const commands = [["list-users"], ["purge"], ["sync-permissions"], ["grant", "a", "notes.add_note"]];
  for (const { code, stdout, stderr } of await Promise.all(
    commands.map((args) => installation.run(args, { variables, isApart: true })),
  )) {
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).not.toContain("hunter2");
  }
});

test("what was done at the command line is in the audit trail, in nobody's name", async () => {
  const { body } = await ask(service, "audit.list", { input: { event: "permissions_set" }, token: admin });
  expect(body.events[0]).toMatchObject({ actorId: null, address: null, requestId: null });
});

describe("names, standing and groups", () => {
  const outcome = async (username: string) =>
    outcomeOf(await ask(service, "token.obtain", { input: { username, password } }));

  test("a person is renamed, gets another phone number and loses it, and is found by it meanwhile", async () => {
    await createUser("ivan");
    expect(await say("change-user", "ivan", "--username", "Ivana", "--phone", "+90 532 000 11 22")).toBe(
      "They are now: Ivana, +905320001122.\n",
    );
    expect(await outcome("ivan")).toBe("400 invalid_credentials");
    expect(await outcome("+90 532 000 11 22")).toBe("ok");
    const { users } = await answerOf("list-users", "--phone", "+90 (532) 000 11 22");
    expect(users).toMatchObject([{ username: "Ivana" }]);
    expect(await answerOf("change-user", "+905320001122", "--no-phone")).toMatchObject({ phoneNumber: null });
    expect((await answerOf("list-users", "--phone", "+90 532 000")).users).toEqual([]);
    expect(await outcome("ivana")).toBe("ok");
  });

  test("a person who is disabled is out on the next call, and back when enabled", { tags: ["long"] }, async () => {
    await createUser("frank");
    const token = await obtainToken(service.url, "frank");
    expect(await say("disable", "frank")).toBe("They are signed out and may not sign in.\n");
    expect(outcomeOf(await ask(service, "me.get", { token }))).toMatch(/^401 (account_disabled|session_ended)$/);
    expect(await outcome("frank")).toBe("400 invalid_credentials");
    expect(await say("enable", "frank")).toBe("They may sign in again.\n");
    expect(await outcome("frank")).toBe("ok");
  });

  test("a person is deleted, and nobody by a command without --yes", async () => {
    await createUser("grace");
    expect((await installation.run(["delete-user", "grace"])).code).toBe(2);
    expect(await outcome("grace")).toBe("ok");
    expect(await say("delete-user", "grace", "--yes")).toBe("Deleted.\n");
    expect(await outcome("grace")).toBe("400 invalid_credentials");
  });

  test("a group is made, changed in each way, given, and deleted, in force on the next call", async () => {
    await createUser("heidi");
    const token = await obtainToken(service.url, "heidi");
    expect(await say("create-group", "Helpers", "notes.add_note")).toBe("Helpers\tnotes.add_note\n");
    await say("grant", "heidi", "--group", "Helpers");
    expect(await permissionsOf(token)).toEqual(["notes.add_note"]);
    await say("change-group", "Helpers", "notes.view_note", "notes.change_note");
    expect(await permissionsOf(token)).toEqual(["notes.change_note", "notes.view_note"]);
    expect(await say("change-group", "Helpers", "--name", "Hands")).toBe("Hands\tnotes.change_note notes.view_note\n");
    expect(await say("change-group", "Hands", "--no-permissions")).toBe("Hands\t-\n");
    expect(await permissionsOf(token)).toEqual([]);
    expect(await say("delete-group", "Hands", "--yes")).toBe("Deleted.\n");
    expect((await answerOf("list-groups")).groups).not.toContainEqual(expect.objectContaining({ name: "Hands" }));
  });

  for (const { tags, cases } of shareOut(
    [
      [["change-user", "alice"], "error: name what to change"],
      [["change-user", "alice", "--username", "bob"], "latchkey: username: belongs to another account"],
      [["change-user", "alice", "--phone", "12"], "latchkey: phoneNumber: "],
      [["disable", "boss"], "latchkey: The last active superuser can be neither removed nor demoted"],
      [["delete-user", "boss", "--yes"], "latchkey: The last active superuser can be neither removed nor demoted"],
      [["disable", "nobody"], "latchkey: There is no user with that username"],
      [["create-group", "Editors"], "latchkey: name: belongs to another group"],
      [["create-group", "Fliers", "notes.fly_note"], "latchkey: permissions: names a permission that does not exist"],
      [["change-group", "Editors"], "error: name permissions or a --name"],
      [
        ["change-group", "Editors", "notes.add_note", "--no-permissions"],
        "error: name permissions or say --no-permissions",
      ],
      [["change-group", "Nobody", "--name", "x"], "latchkey: There is no group of that name"],
      [["delete-group", "Editors"], "error: required option '--yes' not specified"],
    ],
    6,
  ))
    test.concurrent.each(cases)("%j is refused and changes nothing", { tags }, async (args, said) => {
      const { code, stdout, stderr } = await installation.run(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain(said);
    });
});

test("an app that another program declared keeps commands from starting, and sync-permissions --prune takes it over", {
  tags: ["long"],
}, async () => {
  const all = ["add", "change", "delete", "view"].map((action) => `notes.${action}_note`);
  await service.test.database.query(
    "update latchkey.permission_apps set declarer = (select id from latchkey.users where username_key = 'boss') where app = 'notes'",
  );
  for (const args of [["sync-permissions"], ["list-users"]]) {
    const { code, stdout, stderr } = await installation.run(args);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(
      /^latchkey: Another program declares the permissions of notes: .*sync-permissions --prune`\n$/,
    );
  }
  expect(await installation.run(["sync-permissions", "--prune", "--json"])).toMatchObject({
    code: 2,
    stdout: `${JSON.stringify({ added: all, removed: all })}\n`,
    stderr: "latchkey: Nothing was done. Who holds what is removed loses it: say --yes.\n",
  });
  expect(await answerOf("sync-permissions", "--prune", "--yes")).toEqual({ added: all, removed: all });
  expect(await say("sync-permissions")).toBe("The permissions are as declared.\n");
});
