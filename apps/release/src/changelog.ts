import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";

/** What somebody noted of a change, for the packages that it is of. */
export interface ReleaseNote {
  readonly packages: readonly string[];
  /** Markdown, of one or more paragraphs. */
  readonly text: string;
}

/** The notes in the folder `.changeset` that no release has told yet, by the names of their files. */
export async function readReleaseNotes(folder: string): Promise<ReleaseNote[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".md") && name !== "README.md").sort();
  return Promise.all(names.map(async (name) => toReleaseNote(await readFile(join(folder, name), "utf8"))));
}

function toReleaseNote(file: string): ReleaseNote {
  const [, head = "", text = ""] = file.match(/^---\n(.*?)\n?---\n(.*)$/s) ?? [];
  return { packages: Object.keys(parse(head) ?? {}), text: text.trim() };
}

/**
 * The changelog that goes into a tarball: what a package's own tells (an empty text where there is none yet), with the notes that no
 * release has told above it.
 */
export function toPackedChangelog(name: string, told: string, notes: readonly ReleaseNote[]): string {
  const untold = notes.filter(({ packages }) => packages.includes(name)).map(({ text }) => toItem(text));
  if (told && untold.length === 0) return told;
  const released = told.replace(/^# .*\n/, "").trim();
  const items = untold.length > 0 ? untold : ["Nothing was noted for this package."];
  return `${[`# ${name}`, "## Not released yet", ...items, ...(released ? [released] : [])].join("\n\n")}\n`;
}

const toItem = (text: string) => `- ${text.replace(/\n(?=[^\n])/g, "\n  ")}`;
