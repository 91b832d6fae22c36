import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { AuthError, type AuthErrorCode, attemptLimits } from "@latchkey/auth";
import { toTrpcError } from "@latchkey/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { describe, expect, test } from "vitest";
import { describeSettings, parseSettings, type Settings } from "../../../api/src/environment.ts";
import { limits } from "../../../api/src/limits.ts";
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

test("the few settings in README.md have the defaults that are written", async () => {
  const rows = await readSettingsTable("README.md");
  expect(rows).toHaveLength(5);
  for (const [name, written] of rows) {
    const value = defaults[name as keyof Settings];
    if (written !== undefined) expect(parseSettings({ [name]: written }), name).toHaveProperty(name, value);
    else expect([undefined, []], name).toContainEqual(value);
  }
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
  const number = (cell = "") => Number.parseInt(cell.replace(",", ""), 10);
  const successes = { forget: "reset", give_back: "not counted", count: "counted" };
  for (const [what = "", free, wait, longestWait, forgottenAfter, success] of rows) {
    const name = codeIn(what)[0] as keyof typeof attemptLimits;
    const { onSuccess, ...limit } = attemptLimits[name];
    const written = { free, wait, longestWait, forgottenAfter };
    expect(Object.fromEntries(Object.entries(written).map(([key, cell]) => [key, number(cell)])), name).toEqual(limit);
    if (success !== "—") expect(success, name).toBe(successes[onSuccess]);
  }
  const told = rows.map(([what = ""]) => codeIn(what)[0]);
  const inWords = ["account_strangers", "account_known_devices", "nobody"];
  expect([...told, ...inWords].sort()).toEqual(Object.keys(attemptLimits).sort());
  const { account_strangers: strangers, account_known_devices: everybody } = attemptLimits;
  expect(await readFile(join(root, "docs/rate-limits.md"), "utf8")).toContain(
    `${strangers.most} wrong passwords in a row from unrecognized devices and ${everybody.most} from all devices`,
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
  const threatsOf = async (path: string) => tablesOf(await readPage(path)).map((rows) => rows.map(([threat]) => threat));
  expect(await threatsOf("docs/internals/security.md")).toEqual(await threatsOf("docs/security.md"));
  for (const [threat = "", files = "", tests = "", ...more] of tablesOf(await readPage("docs/internals/security.md")).flat()) {
    expect(more, threat).toEqual([]);
    expect(codeIn(files).length, threat).toBeGreaterThan(0);
    expect(codeIn(tests).length, threat).toBeGreaterThan(0);
    for (const path of codeIn(tests)) expect(path).toMatch(/\.test\.ts$/);
    for (const path of [...codeIn(files), ...codeIn(tests)]) await access(join(root, path));
  }
});
