import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { procedures as served } from "@latchkey/api/procedures";
import type { ProcedureMeta } from "@latchkey/server";
import type { AnyProcedure } from "@trpc/server";
import { z } from "zod";

const root = new URL("../../../", import.meta.url);

/** Where this package finds and puts things: the one place that knows. */
export const files = {
  /** Exports the type {@link files.routerType}, from which the answers are read. */
  router: fileURLToPath(new URL("apps/api/src/index.ts", root)),
  routerType: "ServiceRouter",
  document: fileURLToPath(new URL("docs/openapi.json", root)),
  manifest: new URL("package.json", root),
  /** Where the pages `procedures-*.md` are, with a section on each procedure, whose first command is the example. */
  docs: new URL("docs/", root),
} as const;

/** A procedure, as it says of itself when it runs. */
export interface Procedure {
  /** Such as `token.obtain`. */
  readonly name: string;
  readonly type: "query" | "mutation";
  readonly meta: ProcedureMeta;
  /** What it takes; null for nothing. */
  readonly input: z.ZodType | null;
}

/** Every procedure of the service, in its own order. */
export const procedures: readonly Procedure[] = Object.entries(served).flatMap(([name, members]) =>
  listIn(name, members),
);

/** The procedures of a group, and of the groups in it. */
function listIn(name: string, found: object): Procedure[] {
  if (isProcedure(found)) return [toProcedure(name, found._def)];
  return Object.entries(found).flatMap(([member, inner]) => listIn(`${name}.${member}`, inner));
}

function isProcedure(found: object): found is AnyProcedure {
  return "_def" in found;
}

function toProcedure(name: string, { type, inputs, meta }: AnyProcedure["_def"]): Procedure {
  const [input, ...more] = inputs;
  if (more.length > 0) throw new Error(`${name} has several inputs: write how they go together`);
  if (input !== undefined && !(input instanceof z.ZodType)) throw new Error(`The input of ${name} is no zod schema`);
  if (type === "subscription") throw new Error(`${name} is a subscription: write how it is called`);
  return { name, type, meta: (meta ?? {}) as ProcedureMeta, input: input ?? null };
}

export async function readVersion(): Promise<string> {
  return JSON.parse(await readFile(files.manifest, "utf8")).version;
}
