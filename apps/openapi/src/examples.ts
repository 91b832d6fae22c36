import { readdir, readFile } from "node:fs/promises";
import { files } from "./service.ts";

/** The pages of the docs that have a section on each procedure. */
export async function readProcedurePages(): Promise<string> {
  const names = (await readdir(files.docs)).filter((name) => /^procedures-[\w-]+\.md$/.test(name)).sort();
  const pages = await Promise.all(names.map((name) => readFile(new URL(name, files.docs), "utf8")));
  return pages.join("\n");
}

/** Inputs from docs/procedures-*.md, by procedure: of the first command in its section that is answered 200 and has no shell variable in its body. */
export async function readExamples(): Promise<ReadonlyMap<string, unknown>> {
  const sections = (await readProcedurePages()).split(/^##+ /m);
  const found = sections.map((section): [string, unknown] => {
    const [, name = ""] = /^`([\w.]+)`\n/.exec(section) ?? [];
    return [name, findExample(section)];
  });
  return new Map(found.filter(([, example]) => example !== undefined));
}

function findExample(section: string): unknown {
  const [, commands = ""] = /```sh\n(.*?)```/s.exec(section) ?? [];
  const first = commands.split(/^# →/m)[0] ?? "";
  const [, input] = / -d '([^'$]*)'/.exec(first) ?? [];
  return input === undefined ? undefined : JSON.parse(input);
}
