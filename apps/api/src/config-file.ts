import { access, realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { StartError } from "@latchkey/auth";
import type { LatchkeyConfig } from "@latchkey/server";
import { readRedirectClients } from "@latchkey/server/internal";
import { z } from "zod";

/** The names under which it is looked for where the process is started, and then where the program is. */
const names = ["latchkey.config.ts", "latchkey.config.js", "latchkey.config.mjs"];

/** What a team declares of its own, and the file that says so. */
export interface ConfigFile {
  /** Null when there is none. */
  readonly path: string | null;
  readonly config: LatchkeyConfig;
}

/** Only what is there at all: whether each part can be, the core says. */
const configSchema = z.strictObject({
  profile: z.record(z.string(), z.unknown()).optional(),
  permissions: z.array(z.string()).optional(),
  on: z
    .record(
      z.string(),
      z.custom((value) => typeof value === "function", "is not a function"),
    )
    .optional(),
  messages: z
    .strictObject({ senders: z.unknown().optional(), texts: z.unknown().optional(), limits: z.unknown().optional() })
    .optional(),
  webhooks: z
    .strictObject({
      endpoints: z.record(
        z.string().min(1).max(255),
        z.custom((value) => typeof value === "function", "is not a function"),
      ),
    })
    .optional(),
  pages: z
    .strictObject({
      name: z.string().min(1).max(60),
      logo: z.string(),
      colour: z.string(),
      home: z.string(),
      texts: z.record(z.string(), z.record(z.string(), z.string().or(z.record(z.string(), z.string())))),
    })
    .partial()
    .optional(),
  clients: z.unknown().optional(),
  migrations: z.strictObject({ schema: z.string(), all: z.record(z.string(), z.unknown()) }).optional(),
});

/**
 * Reads `latchkey.config.ts` (or `.js`, `.mjs`) of the folder where the process was started or, without one, where the program is; or the file
 * that `LATCHKEY_CONFIG` names.
 *
 * @param audiences what tokens may be for, where that is known: an app's must be one of them
 * @throws StartError in one line with the file's path: it is not there, it throws, or it has no default export that could be one
 */
export async function readConfigFile(named: string | undefined, audiences?: readonly string[]): Promise<ConfigFile> {
  const path = named === undefined ? await findConfigFile() : resolve(named);
  if (path === null) return { path, config: {} };
  if (!(await exists(path))) throw new StartError(`${path}: LATCHKEY_CONFIG names this file, and it is not there`);
  const loaded: unknown = await import(pathToFileURL(path).href).catch((cause: unknown) => {
    throw toConfigError(path, cause);
  });
  const config = (loaded as { readonly default?: unknown }).default;
  if (config === undefined) {
    throw new StartError(`${path}: has no default export; write export default defineLatchkeyConfig({ … })`);
  }
  const { error } = configSchema.safeParse(config);
  if (error) throw toConfigError(path, error);
  try {
    readRedirectClients((config as LatchkeyConfig).clients, audiences);
  } catch (cause) {
    throw toConfigError(path, cause);
  }
  // Its parts are functions and schemas of a team's own, which the core looks at.
  return { path, config: config as LatchkeyConfig };
}

/** What is wrong with a config file, in one line with its path. */
export function toConfigError(path: string, cause: unknown): StartError {
  return new StartError(`${path}: ${describe(cause)}`, { cause });
}

function describe(cause: unknown): string {
  if (cause instanceof z.ZodError) {
    return cause.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(" ")).join("; ");
  }
  const text = cause instanceof Error ? cause.message || cause.name : String(cause);
  return text.trim().replaceAll(/\s*\n\s*/g, " ");
}

async function findConfigFile(): Promise<string | null> {
  for (const folder of [process.cwd(), await findProgramFolder()])
    for (const name of names) if (await exists(join(folder, name))) return join(folder, name);
  return null;
}

/** A timer or a shell starts commands in whatever folder it is in. */
const findProgramFolder = async () => dirname(await realpath(process.argv[1] ?? "."));

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
