import type { Auth, Resealed } from "@latchkey/auth";
import { Command } from "commander";
import { exitCodes } from "../exit-codes.ts";
import { bringSchemaUpToDate, print, withAuth } from "./with-auth.ts";

interface Flags {
  readonly compromised?: true;
  readonly lost?: true;
  readonly json?: true;
}

/** `reseal`: brings everything under the first secret of LATCHKEY_SECRET, so that the others can be taken away. */
export function resealCommand(): Command {
  return new Command("reseal")
    .description("Bring everything under the first secret of LATCHKEY_SECRET; nobody is signed out unless you say so")
    .option("--compromised", "the other secrets are known to somebody: end every session and code of their time")
    .option("--lost", "no process has the old secret any more: replace what it sealed, and end every session")
    .option("--json", "print the answer as JSON")
    .action(async (flags: Flags) => {
      const { compromised = false, lost = false } = flags;
      const run = async (auth: Auth) => {
        const resealed = await auth.reseal({ compromised, lost });
        print(flags, resealed, describe(resealed));
        if (resealed.left > 0) process.exitCode = exitCodes.incomplete;
      };
      // What is lost need not be readable.
      await withAuth(run, lost ? { initialize: bringSchemaUpToDate } : {});
    });
}

function describe({ moved, made, sessionsEnded, challengesEnded, left }: Resealed): string {
  const lines = [
    moved + made === 0
      ? "Everything was under the first secret already."
      : `${made} keys were made and ${moved} were sealed anew.`,
    sessionsEnded + challengesEnded > 0 && `${sessionsEnded} sessions and ${challengesEnded} codes have ended.`,
    left === 0
      ? "Nothing is left under another secret: once every process has been restarted with the first one alone, it is gone."
      : `${left} keys are left that none of the secrets opens.`,
  ];
  return lines.filter((line) => typeof line === "string").join("\n");
}
