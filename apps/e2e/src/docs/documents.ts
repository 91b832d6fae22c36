import { glob, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's own folder. */
export const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** A page of the documentation. */
export interface Page {
  /** From the repository's root, such as `docs/api.md`. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
}

export interface CodeBlock {
  /** What stands after the fence, such as `ts`. */
  readonly language: string;
  readonly code: string;
}

/** Every page that is written for people. */
export async function readPages(): Promise<Page[]> {
  const inDocs = await readdir(join(root, "docs"), { recursive: true });
  const ofPackages: string[] = [];
  for await (const path of glob("packages/*/README.md", { cwd: root })) ofPackages.push(path);
  const paths = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "examples/README.md",
    ...inDocs.map((path) => join("docs", path)),
    ...ofPackages,
  ];
  return Promise.all(
    paths
      .filter((path) => path.endsWith(".md"))
      .sort()
      .map(readPage),
  );
}

export async function readPage(path: string): Promise<Page> {
  const text = await readFile(join(root, path), "utf8");
  const fences = text.matchAll(/^(?<indent> *)```(?<language>\w*)\n(?<code>.*?)^\k<indent>```$/gms);
  const blocks = [...fences].map(({ groups: { indent = "", language = "", code = "" } = {} }) => ({
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
  return { path, text, blocks };
}

/** The text without its code blocks. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(/^ *```.*?^ *```$/gms, "");
}

/** What stands between backticks in a text. */
export function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

/** The tables of a page, each as its rows without the head. */
export function tablesOf(page: Page): string[][][] {
  const tables = proseOf(page).matchAll(/^\|.*\|\n\| ?-[-| ]+\|\n((?:\|.*\|\n)+)/gm);
  return [...tables].map(([, rows = ""]) => rows.trim().split("\n").map(cellsOf));
}

function cellsOf(row: string): string[] {
  return row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

/** The anchors that a page's headings have on the web. */
export function anchorsOf(page: Page): string[] {
  return [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
