import type { Auth } from "@latchkey/auth";
import { Command } from "commander";
import { exitCodes } from "../exit-codes.ts";
import { bringSchemaUpToDate, print, withAuth } from "./with-auth.ts";

interface JsonFlag {
  readonly json?: true;
}

/** `sync-permissions`: every start adds what is declared; this shows it, and can take away what is not. */
export function syncPermissionsCommand(): Command {
  return new Command("sync-permissions")
    .description("Create the permissions of the declared models")
    .option("--prune", "delete permissions that no program declares any more, with every grant of them")
    .option("--yes", "that you mean it: without it --prune only prints what it would do")
    .option("--json", "print the answer as JSON")
    .action(async (flags: JsonFlag & { readonly prune?: true; readonly yes?: true }) => {
      const sync = async (auth: Auth) => {
        const isTrial = flags.prune === true && !flags.yes;
        const { added, removed } = await auth.syncPermissions({ prune: flags.prune ?? false, isTrial });
        const changes = [...added.map((name) => `+ ${name}`), ...removed.map((name) => `- ${name}`)];
        print(flags, { added, removed }, changes.join("\n") || "The permissions are as declared.");
        if (!isTrial || changes.length === 0) return;
        process.stderr.write("latchkey: Nothing was done. Who holds what is removed loses it: say --yes.\n");
        process.exitCode = exitCodes.usage;
      };
      // What a start refuses, an app that another program declares, is what this takes over.
      await withAuth(sync, flags.prune ? { initialize: bringSchemaUpToDate } : {});
    });
}

/** `purge`: what the service does by the hour, now. */
export function purgeCommand(): Command {
  return new Command("purge")
    .description(
      "Delete dead sessions, codes that have run out, audit events past their time, and counts of attempts that are forgotten",
    )
    .option("--json", "print the answer as JSON")
    .action(async (flags: JsonFlag) => {
      await withAuth(async (auth) => {
        const purged = await auth.purge();
        const { sessions, codes, auditEvents, throttles, accounts } = purged;
        const left = accounts > 0 ? ` Deleted ${accounts} accounts whose time had come.` : "";
        print(
          flags,
          purged,
          `Deleted ${sessions} sessions, ${codes} codes, ${auditEvents} audit events and ${throttles} counts of attempts.${left}`,
        );
      });
    });
}
