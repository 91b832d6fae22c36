import { execFile } from "node:child_process";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { AuthError, type AuthErrorCode } from "@latchkey/auth";
import { attemptLimits } from "@latchkey/auth/internal";
import { toTrpcError } from "@latchkey/server/internal";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { describe, expect, test } from "vitest";
import { parseSettings, type Settings } from "../../../api/src/environment.ts";
import { exitCodes } from "../../../api/src/exit-codes.ts";
import { limits } from "../../../api/src/limits.ts";
import { describeSettings } from "../../../api/src/settings-report.ts";
import { locate } from "../processes/bundle.ts";
import { codeIn, readPage, root, tablesOf } from "./documents.ts";

const defaults = parseSettings({});
const settings = Object.keys(describeSettings(defaults)) as (keyof Settings)[];

/** The settings of a table with their defaults as they are written; one default may stand for all of a row. */
async function readSettingsTable(path: string): Promise<[name: string, written: string | undefined][]> {
  const tables = tablesOf(await readPage(path));
  const rows = tables.find(([first]) => /^`[A-Z_]+`/.test(first?.[0] ?? "")) ?? [];
  return rows.flatMap(([names = "", written = ""]) => {
    const values = codeIn(written);
    return codeIn(names).map((name, index): [string, string | undefined] => [name, values[index] ?? values[0]]);
  });
}

describe("the settings in docs/settings.md", () => {
  const path = "docs/settings.md";

  test("are all that there are", async () => {
    const names = (await readSettingsTable(path)).map(([name]) => name);
    expect(names.sort()).toEqual([...settings].sort());
  });

  test("have the defaults that are written", async () => {
    for (const [name, written] of await readSettingsTable(path)) {
      const value = defaults[name as keyof Settings];
      if (written !== undefined) expect(parseSettings({ [name]: written }), name).toHaveProperty(name, value);
      else expect([undefined, []], name).toContainEqual(value);
    }
  });
});

test("the README tells the version and the day of the last benchmark", async () => {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const history = await readFile(join(root, "apps/bench/history.jsonl"), "utf8");
  const { day } = JSON.parse(history.trim().split("\n").at(-1) ?? "");
  const rows = new Map(tablesOf(await readPage("README.md")).flatMap((table) => table.map(([what, is]) => [what, is])));
  expect(rows.get("version")).toMatch(new RegExp(`^${version},`));
  expect(rows.get("last benchmark")).toContain(day);
});

test("the settings in docs/sessions.md have the defaults that are written", async () => {
  const tables = tablesOf(await readPage("docs/sessions.md"));
  const rows = tables.find(([first]) => first?.[0] === "`ACCESS_TOKEN_LIFETIME`") ?? [];
  expect(rows).toHaveLength(6);
  for (const [cell = "", written = ""] of rows) {
    const [name = ""] = codeIn(cell);
    const [value = ""] = codeIn(written);
    expect(parseSettings({ [name]: value }), name).toHaveProperty(name, defaults[name as keyof Settings]);
  }
});

test("the table in docs/errors.md has every reason, with its code, its status and what to do", async () => {
  const source = await readFile(join(root, "packages/auth/src/errors.ts"), "utf8");
  const [union = ""] = /AuthErrorCode =[^;]+;/.exec(source) ?? [];
  const reasons = [...union.matchAll(/"(\w+)"/g)].map(([, reason]) => reason);
  const tables = tablesOf(await readPage("docs/errors.md"));
  const rows = tables.find(([first]) => first?.[0] === "`invalid_credentials`") ?? [];

  expect(rows.map(([reason = ""]) => codeIn(reason)[0])).toEqual(reasons);
  for (const [reason = "", code = "", status, when, whatToDo] of rows) {
    expect([when, whatToDo], reason).not.toContain("");
    expect(whatToDo, reason).toBeDefined();
    const error = toTrpcError(new AuthError(codeIn(reason)[0] as AuthErrorCode, "…"));
    expect([error.code, String(getHTTPStatusCodeFromError(error))], reason).toEqual([codeIn(code)[0], status]);
  }
});

test("the table in docs/audit-events.md has every event, with what its detail holds", async () => {
  const source = await readFile(join(root, "packages/auth/src/audit/audit-event.ts"), "utf8");
  const [union = ""] = /AuditEvent =.*?;\n\n/s.exec(source) ?? [];
  const events = [...union.matchAll(/readonly event: "(\w+)"(.*?)(?=readonly event:|$)/gs)].map(
    ([, event = "", rest = ""]) => [event, [...rest.matchAll(/readonly (\w+):/g)].map(([, detail]) => detail)] as const,
  );
  const tables = tablesOf(await readPage("docs/audit-events.md"));
  const rows = tables.find(([first]) => first?.[0] === "`user_created`") ?? [];

  expect(events.length).toBeGreaterThan(20);
  expect(rows.map(([event = ""]) => codeIn(event)[0])).toEqual(events.map(([event]) => event));
  for (const [index, [event, details]] of events.entries()) {
    expect(codeIn(rows[index]?.[2] ?? ""), event).toEqual(expect.arrayContaining([...details]));
  }
});

test("the reasons of a refused sign-in in docs/audit-events.md are those of the core", async () => {
  const source = await readFile(join(root, "packages/auth/src/audit/audit-event.ts"), "utf8");
  const [union = ""] = /SignInRefusal =[^;]+;/.exec(source) ?? [];
  const reasons = [...union.matchAll(/"(\w+)"/g)].map(([, reason]) => reason);
  const rows = tablesOf(await readPage("docs/audit-events.md")).flat();
  const [, , detail = ""] = rows.find(([event]) => event === "`sign_in_refused`") ?? [];
  expect(codeIn(detail).slice(2)).toEqual(reasons);
});

test("the table in docs/command-line.md has every command, with its arguments", async () => {
  const { stdout: help } = await promisify(execFile)(process.execPath, [locate("cli"), "--help"]);
  const commands = [...help.matchAll(/^ {2}([a-z][a-z-]+)((?: [<[][\w.]+[>\]])*)/gm)].map(
    ([, name, words = ""]) => `${name}${words.replace(" [options]", "")}`,
  );
  const tables = tablesOf(await readPage("docs/command-line.md"));
  const rows = tables.find(([first]) => first?.[0] === "`create-user`") ?? [];
  expect(rows.map(([command = ""]) => codeIn(command)[0])).toEqual(commands);
});

test("the exit codes in docs/command-line.md are those of the service", async () => {
  const tables = tablesOf(await readPage("docs/command-line.md"));
  const rows = tables.find(([first]) => first?.[0] === "0") ?? [];
  expect(rows.map(([code]) => Number(code))).toEqual([0, ...Object.values(exitCodes)]);
});

test("the tables in docs/schema.md are those of the schema, with their columns", async () => {
  const snapshot = await readFile(join(root, "packages/auth/src/storage/schema.snapshot.sql"), "utf8");
  const columns = new Set([...snapshot.matchAll(/^(\w+\.\w+) /gm)].map(([, column = ""]) => column));
  const [tables = [], ofUsers = []] = tablesOf(await readPage("docs/schema.md"));
  const written = tables.flatMap(([names = ""]) => codeIn(names));

  expect(written.sort()).toEqual([...new Set([...columns].map((column) => column.split(".")[0]))].sort());
  for (const name of ofUsers.flatMap(([names = ""]) => codeIn(names))) expect([...columns]).toContain(`users.${name}`);
});

test("the options of the packages in the docs are those of the code", async () => {
  const optionsIn = async (path: string, first: string) => {
    const tables = tablesOf(await readPage(path));
    return (tables.find(([row]) => row?.[0] === first) ?? []).flatMap(([names = ""]) => codeIn(names));
  };
  const membersOf = async (path: string, name: string) => {
    const source = await readFile(join(root, path), "utf8");
    const [, body = ""] = new RegExp(`interface ${name}\\b[^{]*\\{(.*?)\\n\\}`, "s").exec(source) ?? [];
    return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[?:(<]/gm)].map(([, member]) => member);
  };
  expect(await optionsIn("docs/server.md", "`basePath`")).toEqual(
    await membersOf("packages/server/src/http/fetch-handler.ts", "HttpOptions"),
  );
  expect((await optionsIn("docs/sdk.md", "`url`")).sort()).toEqual(
    (await membersOf("packages/client/src/auth-client.ts", "AuthClientOptions")).sort(),
  );
  const members = (await optionsIn("docs/sdk.md", "`api`")).map((member) => member.replace(/\(.*/, ""));
  expect(members.sort()).toEqual((await membersOf("packages/client/src/auth-client.ts", "AuthClient")).sort());
});

test("docs/core.md names every option of the core", async () => {
  const source = await readFile(join(root, "packages/auth/src/options.ts"), "utf8");
  const keysIn = (schema: string) => {
    const [, body = ""] =
      new RegExp(`const ${schema} = z\\s*\\.strictObject\\(\\{(.*?)\\n {0,2}\\}`, "s").exec(source) ?? [];
    return [...body.matchAll(/^ {2}(?: {2})?(\w+): /gm)].map(([, key = ""]) => key);
  };
  const [, own = ""] = /interface AuthOptions<.*?\{\n(.*?)\n\}/s.exec(source) ?? [];
  const options = [
    ...keysIn("optionsSchema"),
    ...[...own.matchAll(/^ {2}readonly (\w+)\?/gm)].map(([, key = ""]) => key),
  ];
  const parts = ["tokens", "passwords", "sessions", "codes"].flatMap((option) =>
    keysIn(`${option.replace(/s$/, "")}Options`).map((part) => `${option}.${part}`),
  );
  const tables = tablesOf(await readPage("docs/core.md"));
  const rows = tables.find(([first]) => first?.[0] === "`secret`") ?? [];
  const named = rows.flatMap(([names = ""]) => codeIn(names));

  expect(options.length).toBeGreaterThan(25);
  expect(parts.length).toBeGreaterThan(20);
  expect(options.filter((option) => !named.some((name) => name.split(".")[0] === option))).toEqual([]);
  expect(parts.filter((part) => !named.includes(part))).toEqual([]);
});

test("docs/core.md names every member of the core", async () => {
  const source = await readFile(join(root, "packages/auth/src/auth.ts"), "utf8");
  const [, body = ""] = /interface Auth<[^{]*\{(.*?)\n\}/s.exec(source) ?? [];
  const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[:(]/gm)].map(([, member]) => member);
  const tables = tablesOf(await readPage("docs/core.md"));
  const rows = tables.find(([first]) => first?.[0]?.startsWith("`initialize`")) ?? [];

  expect(members.length).toBeGreaterThan(30);
  expect(rows.flatMap(([names = ""]) => codeIn(names)).sort()).toEqual(members.sort());
});

test("docs/core.md names every option of the core", async () => {
  const source = await readFile(join(root, "packages/auth/src/options.ts"), "utf8");
  const membersOf = (beginning: string, indent: number) => {
    const [, body = ""] = new RegExp(`${beginning}[^{]*\\{(.*?)\\n {${indent - 2}}\\}`, "s").exec(source) ?? [];
    return [...body.matchAll(new RegExp(`^ {${indent}}(?:readonly )?(\\w+)\\??: `, "gm"))].map(([, name]) => name);
  };
  const passwords = membersOf("const passwordOptions", 2).map((name) => `passwords.${name}`);
  const options = [...membersOf("const optionsSchema", 4), ...membersOf("const rememberOptions", 2)];
  const tables = tablesOf(await readPage("docs/core.md"));
  const rows = tables.find(([first]) => first?.[0] === "`secret`") ?? [];
  const written = rows.flatMap(([names = ""]) => codeIn(names));

  expect(options.length).toBeGreaterThan(20);
  expect(passwords.length).toBeGreaterThan(5);
  const parts = written.flatMap((name) => name.split("."));
  expect(options.filter((name) => !parts.includes(name ?? ""))).toEqual([]);
  expect(passwords.filter((name) => !written.includes(name))).toEqual([]);
});

test("the pages of the import name every option of its commands", async () => {
  const source = await readFile(join(root, "apps/api/src/commands/import.ts"), "utf8");
  const options = new Set([...source.matchAll(/"(--[a-z-]+)[ "]/g)].map(([, option = ""]) => option));
  const pages = await Promise.all(["docs/import.md", "docs/migrating-from-django.md"].map(readPage));
  const named = new Set(pages.flatMap(({ text }) => text.match(/--[a-z-]+/g) ?? []));
  expect(options.size).toBeGreaterThan(20);
  expect([...options].filter((option) => !named.has(option))).toEqual([]);
});

test("the hooks in docs/hooks.md are all that there are", async () => {
  const source = await readFile(join(root, "packages/auth/src/hooks/hooks.ts"), "utf8");
  const hooks = [...source.matchAll(/^ {2}(\w+)\?\($/gm), ...source.matchAll(/^ {2}(\w+)\?\(event/gm)].map(
    ([, name]) => name,
  );
  const tables = tablesOf(await readPage("docs/hooks.md"));
  const rows = tables.find(([first]) => first?.[0] === "`userCreated`") ?? [];
  expect(rows.map(([hook = ""]) => codeIn(hook)[0]).sort()).toEqual(hooks.sort());
});

test("the limits in docs/api.md are those of the service", async () => {
  const tables = tablesOf(await readPage("docs/api.md"));
  const rows = tables.find(([first]) => first?.[0] === "body") ?? [];
  const number = (what: string) =>
    Number.parseInt((rows.find(([name]) => name === what)?.[1] ?? "").replace(",", ""), 10);
  expect({
    body: number("body"),
    url: number("request target"),
    batch: number("calls in a batch"),
    headers: number("all headers together"),
    headersTimeout: number("time for the headers") * 1_000,
    requestTimeout: number("time for the whole request") * 1_000,
    keepAliveTimeout: number("idle connection") * 1_000,
  }).toEqual(limits);
});

test("the limits in docs/rate-limits.md are those of the core", async () => {
  const tables = tablesOf(await readPage("docs/rate-limits.md"));
  const rows = tables.find(([first]) => first?.[0]?.startsWith("`sign_in_name_and_address`")) ?? [];
  const number = (cell = "") => Number.parseInt(cell.replaceAll(",", ""), 10);
  const successes = { forget: "reset", give_back: "not counted", count: "counted" };
  for (const [what = "", allowed, firstDelay, longestWait, resetAfter, success] of rows) {
    const name = codeIn(what)[0] as keyof typeof attemptLimits;
    const { onSuccess, ...limit } = { lockAfter: undefined, ...attemptLimits[name] };
    const written = { allowed, firstDelay, longestWait, resetAfter };
    const lockAfter = limit.lockAfter === undefined ? undefined : 10;
    const inNumbers = Object.entries(written).map(([key, cell]) => [key, number(cell)]);
    expect({ ...Object.fromEntries(inNumbers), lockAfter }, name).toEqual(limit);
    if (success !== "—") expect(success, name).toBe(successes[onSuccess]);
  }
  const told = rows.map(([what = ""]) => codeIn(what)[0]);
  const factors = ["second_factor_strangers", "second_factor_known_devices"];
  const codes = ["code_strangers", "code_known_devices", "password_code"];
  const devices = ["sign_in_device", "hold_reset_device", "hold_reset_account"];
  const sessions = ["account_sessions", "second_factor_sessions"];
  const ofAccounts = ["account_strangers", "account_known_devices", "nobody"];
  const inWords = [...ofAccounts, ...devices, ...sessions, ...factors, ...codes];
  expect([...told, ...inWords].sort()).toEqual(Object.keys(attemptLimits).sort());
  const { account_strangers: strangers, account_known_devices: everybody } = attemptLimits;
  expect(await readFile(join(root, "docs/rate-limits.md"), "utf8")).toContain(
    `${strangers.lockAfter} wrong passwords in a row from unrecognized devices and ${everybody.lockAfter} from all devices`,
  );
  const { second_factor_strangers: guessers, second_factor_known_devices: all } = attemptLimits;
  expect((await readFile(join(root, "docs/rate-limits.md"), "utf8")).replaceAll("\n", " ")).toContain(
    `${guessers.lockAfter} wrong ones in a row from unrecognized devices and ${all.lockAfter} from all devices`,
  );
  const { code_strangers: ofCodes, code_known_devices: ofAllCodes } = attemptLimits;
  expect(await readFile(join(root, "docs/rate-limits.md"), "utf8")).toContain(
    `${ofCodes.lockAfter} wrong codes in a row from unrecognized devices and ${ofAllCodes.lockAfter} from all devices`,
  );
});

test("each threat in docs/security.md has a defence", async () => {
  const rows = tablesOf(await readPage("docs/security.md")).flat();
  expect(rows.length).toBeGreaterThan(25);
  for (const [threat = "", defence = "", ...more] of rows) {
    expect(more, threat).toEqual([]);
    expect(defence, threat).not.toBe("");
  }
});

test("docs/internals/security.md has the same threats, and names files and tests that are there", async () => {
  const threatsOf = async (path: string) =>
    tablesOf(await readPage(path)).map((rows) => rows.map(([threat]) => threat));
  expect(await threatsOf("docs/internals/security.md")).toEqual(await threatsOf("docs/security.md"));
  for (const [threat = "", files = "", tests = "", ...more] of tablesOf(
    await readPage("docs/internals/security.md"),
  ).flat()) {
    expect(more, threat).toEqual([]);
    expect(codeIn(files).length, threat).toBeGreaterThan(0);
    expect(codeIn(tests).length, threat).toBeGreaterThan(0);
    for (const path of codeIn(tests)) expect(path).toMatch(/\.test\.ts$/);
    for (const path of [...codeIn(files), ...codeIn(tests)]) await access(join(root, path));
  }
});
