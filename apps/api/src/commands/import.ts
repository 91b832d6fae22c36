import { AuthError, isStorageUnavailable, StartError } from "@latchkey/auth";
import { Command, InvalidArgumentError } from "commander";
import { readEnvironment } from "../environment.ts";
import { exitCodes } from "../exit-codes.ts";
import { showRate } from "../import/show-rate.ts";
import { openAuth } from "../open-auth.ts";
import { print } from "./with-auth.ts";

interface Flags {
  readonly from?: string;
  readonly source?: string;
  readonly apply?: true;
  readonly decisions?: string;
  readonly accept: readonly string[];
  readonly undecided?: "skip";
  readonly report?: string;
  readonly phoneCountry?: string;
  readonly sourceTimezone: string;
  readonly map: Readonly<Record<string, string>>;
  readonly drop: readonly string[];
  readonly only?: readonly string[];
  readonly limit?: number;
  readonly table?: string;
  readonly delimiter?: string;
  readonly allowRaising?: true;
  readonly json?: true;
}

const toList = (text: string, before: readonly string[] = []) => [...before, ...text.split(",").filter(Boolean)];

function toMap(text: string, before: Readonly<Record<string, string>> = {}) {
  const [, column, field] = /^([^=]+)=([A-Za-z][A-Za-z0-9]*)$/.exec(text) ?? [];
  if (column === undefined || field === undefined) throw new InvalidArgumentError("Write it as COLUMN=FIELD.");
  return { ...before, [column]: field };
}

function toCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It is a whole number, 1 or more.");
  return Number(text);
}

function toSkip(text: string): "skip" {
  if (text !== "skip") throw new InvalidArgumentError("There is skip alone.");
  return text;
}

/** `import`: people of another system, with what they sign in with. A dry run unless it is told to apply. */
export function importCommand(): Command {
  return new Command("import")
    .description("Bring people over from another system; without --apply, only tell what would come of it")
    .argument("<source>", "postgres://…, sqlite:FILE, users.csv, users.json, or - for standard input")
    .option("--from <kind>", "django, csv or json, where the source does not say it by its name")
    .option("--source <name>", "what the other system is called here; its kind unless said")
    .option("--apply", "do it")
    .option("--decisions <file>", "decisions.csv of a report, with its last column filled")
    .option("--accept <codes>", "accept what is proposed for these codes, or for all", toList, [])
    .option("--undecided <skip>", "leave out those of whom something is undecided; their names stay reserved", toSkip)
    .option("--report <folder>", "write summary.txt, decisions.csv, rows.jsonl and id-map.csv there")
    .option("--phone-country <country>", "whose national numbers are meant; PHONE_DEFAULT_COUNTRY unless said")
    .option("--source-timezone <zone>", "the zone of times without one", "UTC")
    .option("--map <column=field>", "what a column is here", toMap, {})
    .option("--drop <columns>", "columns that are left behind", toList, [])
    .option("--only <ids>", "bring over these people alone, by their ids there", toList)
    .option("--limit <count>", "bring over so many people at most", toCount)
    .option("--table <name>", "the table of users, where more than one could be it")
    .option("--delimiter <character>", "what separates the columns of a CSV file")
    .option("--allow-raising", "follow over there who was enabled or given more rights, too")
    .option("--json", "print the answer as JSON")
    .action(async (source: string, flags: Flags) => {
      const settings = readEnvironment();
      // Read only when it is wanted: drivers of sources are of no use to the service.
      const { importPeople } = await import("@latchkey/import");
      const { auth, connection, close } = await openAuth(settings);
      try {
        const progress = showRate();
        const answer = await importPeople(auth, {
          ...flags,
          connection,
          source,
          name: flags.source,
          apply: flags.apply ?? false,
          skipsUndecided: flags.undecided === "skip",
          allowRaising: flags.allowRaising ?? false,
          phoneCountry: flags.phoneCountry ?? settings.PHONE_DEFAULT_COUNTRY,
          timezone: flags.sourceTimezone,
          passwordCost: settings.PASSWORD_COST,
          onProgress: progress.show,
        }).catch(toOneLine);
        progress.end();
        const { text, ...rest } = answer;
        print(flags, rest, text.trimEnd());
        if (answer.exitCode !== 0) process.exitCode = exitCodes.incomplete;
      } finally {
        await close();
      }
    });
}

/** What is wrong with a source or a command is told in one line, and never as a defect. */
function toOneLine(error: unknown): never {
  if (error instanceof Error && error.name === "SourceError" && "exitCode" in error)
    throw error.exitCode === exitCodes.cannotStart
      ? new StartError(error.message)
      : new AuthError("invalid_input", error.message);
  if (isStorageUnavailable(error))
    throw new StartError(`The database is away: ${(error as Error).message}. Run the same command again; it goes on.`);
  throw error;
}
