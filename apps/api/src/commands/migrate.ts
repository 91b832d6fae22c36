import type { Auth, Config } from "@latchkey/auth";
import { Command } from "commander";
import type { OpenedAuth } from "../open-auth.ts";
import { print, withAuth } from "./with-auth.ts";

interface Flags {
  readonly json?: true;
}

/** `migrate`: what a start with `MIGRATE=auto` does first, apart from it. */
export function migrateCommand(): Command {
  return new Command("migrate")
    .description("Bring the database's schema up to date, as the role that owns it; the service goes on meanwhile")
    .option("--json", "print the answer as JSON")
    .action(async (flags: Flags) => {
      let ran: readonly string[] = [];
      const initialize = async (auth: Auth<Config>) => {
        ran = await auth.migrate();
      };
      const report = async (_auth: Auth<Config>, { ranOwn }: OpenedAuth) => {
        const all = [...ran, ...ranOwn];
        const sentence = all.length > 0 ? `Ran ${all.join(", ")}.` : "The schema is up to date.";
        print(flags, { ran, ranOwn }, sentence);
      };
      await withAuth(report, { initialize, migrations: "auto" });
    });
}
