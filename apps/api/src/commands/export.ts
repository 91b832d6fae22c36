import { Command, InvalidArgumentError } from "commander";
import { readEnvironment } from "../environment.ts";
import { openAuth } from "../open-auth.ts";
import { toMap, toOneLine } from "./import.ts";
import { writeOut } from "./with-auth.ts";

interface Flags {
  readonly to: "django";
  readonly source: string;
  readonly table?: string;
  readonly map: Readonly<Record<string, string>>;
}

function toDjango(text: string): "django" {
  if (text !== "django") throw new InvalidArgumentError("There is django alone.");
  return text;
}

/** `export`: what happened here, as statements for the system that people came from. */
export function exportCommand(): Command {
  return new Command("export")
    .description("Print the SQL that brings a Django project up to date with what was changed here; it holds hashes")
    .argument(
      "<source>",
      "the project's database, which is read for its columns: postgres://…, mysql://… or sqlite:FILE",
    )
    .requiredOption("--to <system>", "django", toDjango)
    .option("--source <name>", "what it was called at the import", "django")
    .option("--table <name>", "the table of users, where more than one could be it")
    .option("--map <column=field>", "what a column is here", toMap, {})
    .action(async (source: string, flags: Flags) => {
      const { exportToDjango } = await import("@latchkey/import");
      const { auth, connection, close } = await openAuth(readEnvironment());
      try {
        for await (const text of exportToDjango(auth, { ...flags, name: flags.source, source, connection }))
          await writeOut(text);
      } catch (error) {
        toOneLine(error);
      } finally {
        await close();
      }
    });
}
