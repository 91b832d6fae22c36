import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { codeIn, readPage, root } from "./documents.ts";

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
