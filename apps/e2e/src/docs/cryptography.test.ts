import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { codeIn, readPage, root, tablesOf } from "./documents.ts";

/** What computes, draws or holds keys: packages, and what the platform has without one. */
const cryptography = [
  /(?:from|import\()\s*"(?:node:crypto|crypto|jose|otpauth|standardwebhooks|@node-rs\/[\w-]+|@simplewebauthn\/[\w-]+)[^"]*"/,
  /\bcrypto\.(?:subtle|getRandomValues|randomUUID)\b/,
  /\bwebcrypto\b/,
];

/** What is shipped: not tests, and not what tests are made with. */
const isShipped = (path: string) =>
  /\.(?:ts|tsx|js|mjs)$/.test(path) &&
  !/\.test(?:-d)?\.tsx?$|(?:^|\/)(?:node_modules|dist|testing|size|scripts)\/|\.d\.ts$/.test(path) &&
  !/^apps\/(?:e2e|bench|openapi|release)\//.test(path);

async function listSources(): Promise<string[]> {
  const folders = (await Promise.all(["packages", "apps"].map(listFolders))).flat();
  const found = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(folder, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath, entry.name))),
    ),
  );
  return found.flat().filter(isShipped).sort();
}

async function listFolders(group: string): Promise<string[]> {
  const entries = await readdir(join(root, group), { withFileTypes: true });
  const sources = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(root, group, name, "src"));
  const known = await Promise.all(
    sources.map((folder) =>
      readdir(folder).then(
        () => folder,
        () => null,
      ),
    ),
  );
  return known.filter((folder) => folder !== null);
}

async function usesCryptography(path: string): Promise<boolean> {
  const text = await readFile(join(root, path), "utf8");
  return cryptography.some((pattern) => pattern.test(text));
}

const named = async () =>
  new Set(
    codeIn((await readPage("docs/cryptography.md")).text).filter((code) => /^(?:packages|apps)\/\S+\.\w+$/.test(code)),
  );

test("every file that uses cryptography is named in docs/cryptography.md, and every one named there uses it", async () => {
  const sources = await listSources();
  expect(sources.length).toBeGreaterThan(400);
  const using: string[] = [];
  for (const path of sources) if (await usesCryptography(path)) using.push(path);
  expect(using.length).toBeGreaterThan(40);
  expect([...(await named())].sort()).toEqual(using.sort());
});

/** As the platform calls an algorithm, and as the page does. */
const asWritten = (name: string) => name.toUpperCase().replace(/^SHA(\d)/, "SHA-$1");

/** The algorithms that a source names where it hashes. */
async function hashesIn(path: string): Promise<string[]> {
  const calls = (await readFile(join(root, path), "utf8")).matchAll(/\b(?:createHash|createHmac|hash)\(\s*"([\w-]+)"/g);
  return [...new Set([...calls].map(([, name = ""]) => asWritten(name)))];
}

test("whatever a file hashes with stands in its row of docs/cryptography.md", async () => {
  const rows = tablesOf(await readPage("docs/cryptography.md")).flat();
  const missing: string[] = [];
  let found = 0;
  for (const path of await named()) {
    const row = rows
      .filter((cells) => cells.some((cell) => codeIn(cell).includes(path)))
      .flat()
      .join(" ");
    for (const name of await hashesIn(path)) {
      found += 1;
      if (!new RegExp(`${name}(?!\\d)`).test(row)) missing.push(`${path}: ${name}`);
    }
  }
  expect(found).toBeGreaterThan(15);
  expect(missing).toEqual([]);
});

/** The names in a list of a source, from its beginning to the first line that ends it. */
async function namesIn(path: string, from: RegExp): Promise<string[]> {
  const [, list = ""] = from.exec(await readFile(join(root, path), "utf8")) ?? [];
  return [...list.matchAll(/"([\w-]+)"/g)].map(([, name = ""]) => name);
}

test("the keys in docs/cryptography.md are all that there are, and those are renewed with LATCHKEY_SECRET that it says are", async () => {
  const page = await readPage("docs/cryptography.md");
  const keys = tablesOf(page).find(([first]) => first?.[0] === "`LATCHKEY_SECRET`") ?? [];
  const named = keys.flatMap(([key = ""]) => codeIn(key));
  const purposes = await namesIn("packages/auth/src/secrets.ts", /type KeyPurpose =([^;]*);/);
  const renewed = await namesIn("packages/auth/src/secret-keys/secret-keys.ts", /const renewed[^=]*= \[([^\]]*)\]/);
  const settings = await namesIn("apps/api/src/environment.ts", /const secretSettings[^=]*= \[([^\]]*)\];/);
  expect([purposes.length, renewed.length, settings.length].every((count) => count > 4)).toBe(true);
  expect([...purposes, ...settings].filter((name) => !named.includes(name))).toEqual([]);
  const ofRenewed = keys.find(([key = ""]) => codeIn(key).includes("refresh-tokens")) ?? [];
  expect(codeIn(ofRenewed[0] ?? "").sort()).toEqual(renewed.sort());
});
