import { createPostgresProject, type OldProject } from "@latchkey/import/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createInstallation, type Installation } from "./installation.ts";

let installation: Installation;
let project: OldProject;

beforeAll(async () => {
  installation = await createInstallation(
    { PHONE_DEFAULT_COUNTRY: "TR" },
    { isOnTestServer: true, keepsCommandLine: true },
  );
  project = await createPostgresProject();
  await project.insert({ id: 1, username: "ada" }, { id: 2, username: "1kaplan" });
});
afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

const secret = "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs";
const oneLine = /^latchkey: [^\n]+\n$/;

test.each<[what: string, args: readonly string[], code: number, told: RegExp]>([
  ["a source that is away", ["postgres://me:hidden-word@127.0.0.1:1/none"], 3, /cannot be reached/],
  ["half a CSV", ["half.csv", "--apply"], 2, /no whole CSV file/],
  ["a decision that is none", ["whole.csv", "--decisions", "decisions.csv"], 2, /"maybe" is no decision/],
  ["a kind that is not known", ["whole.csv", "--from", "xml"], 2, /--from xml is not known/],
])("%s is one line and its exit code", async (_what, args, code, told) => {
  await installation.writeFile("half.csv", 'id,username\n1,"ad');
  await installation.writeFile("whole.csv", "id,username\n1,ada\n");
  await installation.writeFile("decisions.csv", "old_id,code,field,decision\n1,phone_shared,phoneNumber,maybe\n");
  const outcome = await installation.run(["import", ...args]);
  expect(outcome).toMatchObject({ code, stdout: "" });
  expect(outcome.stderr).toMatch(oneLine);
  expect(outcome.stderr).toMatch(told);
  expect(outcome.stderr).not.toContain("hidden-word");
});

test("people are read from standard input too", async () => {
  const input = '{"id":1,"username":"piped_ada"}\n{"id":2,"username":"piped_bob"}\n';
  const outcome = await installation.run(["import", "-", "--from", "json", "--json"], { input });
  expect(outcome.code).toBe(0);
  expect(JSON.parse(outcome.stdout)).toMatchObject({
    place: "standard input",
    totals: { read: 2, new: 2 },
    isApplied: false,
  });
  expect(await installation.run(["import", "-"], { input })).toMatchObject({ code: 2 });
});

test("a database of ours that is away is one line, with 3", async () => {
  await installation.writeFile("whole.csv", "id,username\n1,ada\n");
  const variables = { DATABASE_URL: "postgres://me:hidden-word@127.0.0.1:1/none", LATCHKEY_SECRET: secret };
  const outcome = await installation.run(["import", "whole.csv"], { variables });
  expect(outcome).toMatchObject({ code: 3, stdout: "" });
  expect(outcome.stderr).toMatch(oneLine);
  expect(outcome.stderr).not.toContain("hidden-word");
});

test("import verify says what it needs for tokens, and sends nothing before that", async () => {
  const verify = ["import", "verify", project.source, "--old-url", "http://127.0.0.1:1"];
  expect(await installation.run(verify)).toMatchObject({ code: 2, stderr: expect.stringContaining("--as") });
  const as = [...verify, "--as", "ada", "--password-stdin"];
  const without = await installation.run(as, { input: "of ada alone" });
  expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining("set LEGACY_SECRET_KEY and LEGACY_UNTIL") });
  const LEGACY_SECRET_KEY = "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s";
  const variables = { LEGACY_SECRET_KEY, LEGACY_UNTIL: "2999-01-01", TOKEN_PROFILE: "django" };
  const away = await installation.run(as, { input: "of ada alone", variables });
  expect(away).toMatchObject({ code: 3, stderr: expect.stringContaining("does not answer at http://127.0.0.1:1/") });
  expect(away.stderr).toMatch(oneLine);
  const elsewhere = [...as, "--old-sign-in", "http://example.test/token"];
  const refused = await installation.run(elsewhere, { input: "of ada alone", variables });
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("that --old-url does not name") });
});

test("--json answers what a program reads, --declare-permissions what a person pastes", async () => {
  const undecided = await installation.run(["import", project.source, "--json"]);
  expect(undecided.code).toBe(4);
  const answer = JSON.parse(undecided.stdout) as Record<string, unknown>;
  expect(answer).toMatchObject({
    exitCode: 4,
    created: 0,
    isApplied: false,
    totals: { read: 2, new: 2 },
    undeclared: ["shop.add_order", "shop.approve_order"],
  });
  const { stdout } = await installation.run(["import", project.source, "--declare-permissions"]);
  expect(stdout).toContain('  permissions: [\n    "shop.add_order",\n    "shop.approve_order",\n  ],\n');
});

test("--follow needs --apply, goes on round by round, also after the source was away, and ends with 4 when a person has to decide", {
  tags: ["long"],
}, async () => {
  const refused = await installation.run(["import", project.source, "--follow", "1s"]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--follow needs --apply") });
  const ofInput = await installation.run(["import", "-", "--from", "csv", "--apply", "--follow", "1s"], {
    input: "id,username\n1,read_once\n",
  });
  expect(ofInput).toMatchObject({ code: 2, stderr: expect.stringContaining("not standard input") });
  const accept = ["--accept", "permission_undeclared,username_grammar", "--apply", "--follow", "1s"];
  const following = installation.launchCommand(["import", project.source, ...accept]);
  const count = async () => {
    const rows = await installation.query<{ count: number }>("select count(*)::int as count from latchkey.users");
    return rows[0]?.count;
  };
  await expect.poll(() => count().catch(() => 0)).toBe(2);
  await project.insert({ id: 3, username: "bob" });
  await expect.poll(count).toBe(3);
  const allow = (isOpen: boolean) =>
    installation.query(`alter database "${new URL(project.source).pathname.slice(1)}" allow_connections ${isOpen}`);
  await allow(false);
  await expect
    .poll(following.stderr, { timeout: 20_000 })
    .toMatch(/^[-\dT:.]+Z not followed: The source .* cannot be reached: .* It is tried again\.$/m);
  await allow(true);
  await project.insert({ id: 4, username: "BOB" });
  const { code, stdout } = await following.outcome;
  expect(code).toBe(4);
  expect(stdout).toMatch(/1 new, 0 changed, at most \d+ s behind\n/);
  expect(stdout).toContain("username_taken_here, 1 undecided");
  expect(stdout).toContain("Nothing was changed.");
});

test("--follow with --json prints a line of JSON for each round, also for the one that ends it", {
  tags: ["long"],
}, async () => {
  const people = ["id,username", "1,followed_ada"];
  const write = (...more: readonly string[]) => {
    people.push(...more);
    return installation.writeFile("followed.csv", `${people.join("\n")}\n`);
  };
  const isHere = async (username: string) =>
    (await installation.query(`select from latchkey.users where username = '${username}'`)).length === 1;
  await write();
  const following = installation.launchCommand(["import", "followed.csv", "--apply", "--follow", "1s", "--json"]);
  await expect.poll(() => isHere("followed_ada"), { timeout: 20_000 }).toBe(true);
  await write("2,followed_bob");
  await expect.poll(() => isHere("followed_bob"), { timeout: 20_000 }).toBe(true);
  await write("3,FOLLOWED_ADA");
  const { code, stdout } = await following.outcome;
  expect(code).toBe(4);
  const rounds = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  expect(rounds[0]).toMatchObject({ created: 1, exitCode: 0 });
  expect(rounds).toContainEqual(expect.objectContaining({ created: 1, lag: expect.any(Number), exitCode: 0 }));
  expect(rounds.at(-1)).toMatchObject({ exitCode: 4, undecidedRows: 1 });
});

test("import undo and export by a name that no source has are one line, and name those that there are", async () => {
  await installation.writeFile("named.csv", "id,username\n1,named_ada\n");
  expect(await installation.run(["import", "named.csv", "--source", "named", "--apply"])).toMatchObject({ code: 0 });
  for (const args of [
    ["import", "undo", "--source", "jango"],
    ["export", project.source, "--to", "django", "--source", "jango"],
  ]) {
    const outcome = await installation.run(args);
    expect(outcome).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(oneLine) });
    expect(outcome.stderr).toMatch(/Nobody came from a source called jango. (The only one is|There are) .*\bnamed\b/);
  }
});
