import { execFile } from "node:child_process";
import { access, readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { locate } from "../processes/bundle.ts";
import { anchorsOf, codeIn, proseOf, readPage, readPages, root } from "./documents.ts";

const pages = await readPages();

/** The files of a folder that people wrote. */
async function findSources(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = entries.map((entry) => {
    const path = join(folder, entry.name);
    if (/^(node_modules|dist|build|\..*)$/.test(entry.name)) return [];
    if (entry.isDirectory()) return findSources(path);
    return /\.(tsx?|mjs|md|json)$/.test(entry.name) ? [path] : [];
  });
  return (await Promise.all(found)).flat();
}

const exists = (path: string) =>
  access(join(root, path)).then(
    () => true,
    () => false,
  );

test("every link within the repository leads somewhere", async () => {
  const links = pages.flatMap((page) =>
    [...proseOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].map(([, to = "", anchor]) => ({
      from: page.path,
      to: to === "" ? page.path : relative(".", join(dirname(page.path), to)),
      anchor,
    })),
  );
  const broken = await Promise.all(
    links.map(async ({ from, to, anchor }) => {
      if (!(await exists(to))) return [`${from}: ${to}`];
      const isThere = anchor === undefined || anchorsOf(await readPage(to)).includes(anchor);
      return isThere ? [] : [`${from}: ${to}#${anchor}`];
    }),
  );

  expect(links.length).toBeGreaterThan(20);
  expect(broken.flat()).toEqual([]);
});

test("every file and folder that a page names is there", async () => {
  const named = pages.flatMap((page) =>
    codeIn(proseOf(page))
      .filter((code) => /^(apps|packages|examples|docs|\.ci)\/[\w./-]+$/.test(code) && !code.includes("NNNN"))
      .map((path) => ({ page: page.path, path })),
  );
  const missing = await Promise.all(
    named.map(async ({ page, path }) => ((await exists(path)) ? [] : [`${page}: ${path}`])),
  );

  expect(named.length).toBeGreaterThan(100);
  expect(missing.flat()).toEqual([]);
});

test("every script and every command that a page names is there", async () => {
  const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const { bin } = JSON.parse(await readFile(join(root, "apps/api/package.json"), "utf8"));
  const { stdout: help } = await promisify(execFile)(process.execPath, [locate("cli"), "--help"]);
  const commands = [...help.matchAll(/^ {2}([a-z][a-z-]+)/gm)].map(([, command]) => command);
  const text = pages.map((page) => page.text).join("\n");
  const named = (pattern: RegExp) => new Set([...text.matchAll(pattern)].map(([, name]) => name));
  const namedScripts = named(/\bpnpm@12 ([a-z][\w:-]*)/g);
  const namedCommands = named(/(?:pnpm@12 |`)latchkey ([a-z][\w-]*)/g);

  expect(namedScripts.size).toBeGreaterThan(2);
  expect([...namedScripts].filter((name) => !Object.keys({ ...scripts, ...bin }).includes(String(name)))).toEqual([]);
  expect(namedCommands.size).toBeGreaterThan(3);
  expect([...namedCommands].filter((name) => !commands.includes(name))).toEqual([]);
});

test("every page of the docs that the code names is there", async () => {
  const sources = ["packages", "apps", "examples"].map((folder) => findSources(join(root, folder)));
  const files = (await Promise.all(sources)).flat();
  const named = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, "utf8");
      return [...text.matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([path]) => ({ file: relative(root, file), path }));
    }),
  );
  const missing = await Promise.all(
    named.flat().map(async ({ file, path }) => ((await exists(path)) ? [] : [`${file}: ${path}`])),
  );

  expect(named.flat().length).toBeGreaterThan(10);
  expect(missing.flat()).toEqual([]);
});

test("the index has a link to every page, and every page is short enough to read", async () => {
  const index = await readPage("docs/README.md");
  const inDocs = pages.filter(({ path }) => /^docs\/(?!decisions\/|README)/.test(path));
  const missing = inDocs.filter(({ path }) => !index.text.includes(`(${relative("docs", path)})`));
  // How long the table of a standard is, is the standard's to say.
  const written = inDocs.filter(({ path }) => path !== "docs/internals/asvs.md");
  const long = written.filter(({ text }) => text.split("\n").length > 310);

  expect(inDocs.length).toBeGreaterThan(30);
  expect(missing.map(({ path }) => path)).toEqual([]);
  expect(long.map(({ path }) => path)).toEqual([]);
});

test("the line that refuses another PostgreSQL sends people to a heading that is there", async () => {
  const source = await readFile(join(root, "packages/embedded-postgres/src/folder.ts"), "utf8");
  const [, heading, path = ""] = /follow "([^"]+)" in (docs\/[\w-]+\.md)/.exec(source) ?? [];
  expect((await readPage(path)).text).toContain(`\n## ${heading}\n`);
});

test("the README leads from two commands to a sign-in, then into one's own server, React, Next.js and other languages, in that order", async () => {
  const { text } = await readPage("README.md");
  const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading = ""]) => heading);
  const way = [
    "Start",
    "Sign in within 60 seconds",
    "Or inside your own tRPC server",
    "React",
    "Next.js",
    "Other languages",
  ];
  expect(headings.filter((heading) => way.includes(heading))).toEqual(way);
  const [, start = ""] = text.split("## Start\n");
  expect(start.split("\n## ")[0]?.match(/^npx -y pnpm@12 \w+/gm)).toEqual([
    "npx -y pnpm@12 start",
    "npx -y pnpm@12 test",
  ]);
  for (const example of ["react-vite", "next", "own-server"]) expect(text).toContain(`(examples/${example})`);
});
