import { setTimeout as sleep } from "node:timers/promises";
import type { Auth, Config } from "@latchkey/auth";
import { Command, InvalidArgumentError } from "commander";
import { readEnvironment } from "../environment.ts";
import { exitCodes } from "../exit-codes.ts";
import type { OpenedAuth } from "../open-auth.ts";
import { print, withAuth } from "./with-auth.ts";

interface Flags {
  readonly wait: number;
  readonly json?: true;
}

/** Milliseconds between two looks whether indexes can be built. */
const pause = 1_000;

/** `migrate`: what a start with `MIGRATE=auto` does first, apart from it. */
export function migrateCommand(): Command {
  return new Command("migrate")
    .description("Bring the database's schema up to date, as the role that owns it; the service goes on meanwhile")
    .option("--wait <seconds>", "how long to wait for other transactions where indexes are missing", toSeconds, 120)
    .option("--json", "print the answer as JSON")
    .action(async (flags: Flags) => {
      let ran: readonly string[] = [];
      const initialize = async (auth: Auth<Config>) => {
        ran = await auth.migrate();
      };
      const report = async (auth: Auth<Config>, { ranOwn }: OpenedAuth) => {
        const isPooled = readEnvironment().PREPARED_STATEMENTS === "off";
        const missing = await buildIndexes(auth, isPooled ? 0 : flags.wait);
        const all = [...ran, ...ranOwn];
        const sentence = all.length > 0 ? `Ran ${all.join(", ")}.` : "The schema is up to date.";
        print(
          flags,
          { ran, ranOwn, missing },
          `${sentence}${missing.length > 0 ? describeMissing(missing, isPooled) : ""}`,
        );
        if (missing.length > 0) process.exitCode = exitCodes.incomplete;
      };
      await withAuth(report, { initialize, migrations: "auto" });
    });
}

/** Nobody else may build them where the service owns nothing. */
async function buildIndexes(auth: Pick<Auth, "buildIndexes">, seconds: number): Promise<readonly string[]> {
  const end = performance.now() + seconds * 1_000;
  for (;;) {
    const missing = await auth.buildIndexes();
    if (missing.length === 0 || performance.now() + pause > end) return missing;
    await sleep(pause);
  }
}

function describeMissing(missing: readonly string[], isPooled: boolean): string {
  const why = isPooled
    ? "with PREPARED_STATEMENTS=off none is built. Run it with PREPARED_STATEMENTS=on and a DATABASE_URL that no pooler stands before"
    : "a long transaction is under way, or this role does not own the tables. Run it again";
  return ` The indexes ${missing.join(", ")} are still missing, without which some lists are slow: ${why}.`;
}

function toSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,5}$/.test(text)) return seconds;
  throw new InvalidArgumentError("It is a number of seconds.");
}
