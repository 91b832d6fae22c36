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
  const rows = tables.find(([first]) => first?.[0]?.startsWith("`HOST`")) ?? [];
  return rows.flatMap(([names = "", written = ""]) => {
    const values = codeIn(written);
    return codeIn(names).map((name, index): [string, string | undefined] => [name, values[index] ?? values[0]]);
  });
}

describe.each(["docs/operations.md", "README.md"])("the settings in %s", (path) => {
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

test("the table of errors has every reason, with its code and its status", async () => {
  const source = await readFile(join(root, "packages/auth/src/errors.ts"), "utf8");
  const [union = ""] = /AuthErrorCode =[^;]+;/.exec(source) ?? [];
  const reasons = [...union.matchAll(/"(\w+)"/g)].map(([, reason]) => reason);
  const tables = tablesOf(await readPage("docs/api.md"));
  const rows = tables.find(([first]) => first?.[0] === "`invalid_credentials`") ?? [];

  expect(rows.map(([reason = ""]) => codeIn(reason)[0])).toEqual(reasons);
  for (const [reason = "", code = "", status] of rows) {
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

test("the limits on guessing in docs/operations.md are those of the core", async () => {
  const tables = tablesOf(await readPage("docs/operations.md"));
  const rows = tables.find(([first]) => first?.[0]?.startsWith("`sign_in_name_and_address`")) ?? [];
  const number = (cell = "") => Number.parseInt(cell.replace(",", ""), 10);
  const successes = { forget: "forgets them", give_back: "is not counted", count: "counts" };
  for (const [what = "", allowed, firstDelay, longestWait, resetAfter, success] of rows) {
    const name = codeIn(what)[0] as keyof typeof attemptLimits;
    const { onSuccess, ...limit } = attemptLimits[name];
    const written = { allowed, firstDelay, longestWait, resetAfter };
    expect(Object.fromEntries(Object.entries(written).map(([key, cell]) => [key, number(cell)])), name).toEqual(limit);
    if (success !== "—") expect(success, name).toBe(successes[onSuccess]);
  }
  const told = rows.map(([what = ""]) => codeIn(what)[0]);
  const inWords = ["account_strangers", "account_known_devices", "nobody"];
  expect([...told, ...inWords].sort()).toEqual(Object.keys(attemptLimits).sort());
  const { account_strangers: strangers, account_known_devices: everybody } = attemptLimits;
  expect(await readFile(join(root, "docs/operations.md"), "utf8")).toContain(
    `${strangers.lockAfter} wrong passwords in a row from strangers and ${everybody.lockAfter} from everybody`,
  );
});

test("each threat in docs/security.md has a defence, and names files and tests that are there", async () => {
  const tables = tablesOf(await readPage("docs/security.md"));
  const rows = tables.flat();
  expect(rows.length).toBeGreaterThan(25);
  for (const [threat = "", defence, files = "", tests = "", ...more] of rows) {
    expect(more, threat).toEqual([]);
    expect(defence, threat).not.toBe("");
    expect(codeIn(files).length, threat).toBeGreaterThan(0);
    expect(codeIn(tests).length, threat).toBeGreaterThan(0);
    for (const path of codeIn(tests)) expect(path).toMatch(/\.test\.ts$/);
    for (const path of [...codeIn(files), ...codeIn(tests)]) await access(join(root, path));
  }
});
