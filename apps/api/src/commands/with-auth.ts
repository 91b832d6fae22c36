import { once } from "node:events";
import type { Auth, MigrationMode } from "@latchkey/auth";
import { readEnvironment } from "../environment.ts";
import { type OpenedAuth, type OpenOptions, openAuth } from "../open-auth.ts";

/** Runs a command on the core that the environment names, and lets go of the database afterwards whatever happens. */
export async function withAuth(
  run: (auth: Auth, opened: OpenedAuth) => Promise<void>,
  options: OpenOptions = {},
): Promise<void> {
  const opened = await openAuth(readEnvironment(), options);
  const { auth, close } = opened;
  process.once("SIGINT", () => process.stderr.write("latchkey: finishing; Ctrl-C again to break off\n"));
  try {
    await run(auth, opened);
  } finally {
    await close();
  }
}

/** For a command that sets right what a start would refuse: the schema alone, as far as `MIGRATE` says. */
export async function bringSchemaUpToDate(
  auth: Pick<Auth, "migrate" | "requireMigrated">,
  mode: MigrationMode,
): Promise<void> {
  if (mode === "auto") await auth.migrate();
  if (mode === "check") await auth.requireMigrated();
}

/** Prints an answer on standard output: JSON for a program, a sentence for a person. */
export function print({ json }: { readonly json?: true }, answer: unknown, sentence: string): void {
  process.stdout.write(`${json ? JSON.stringify(answer) : sentence}\n`);
}

/** Writes a piece of a long answer on standard output, at the pace of whoever reads it. */
export async function writeOut(text: string): Promise<void> {
  if (process.stdout.write(text) || process.stdout.errored) return;
  // Whoever listens for errors says what becomes of one.
  await once(process.stdout, "drain").catch(() => {});
}
