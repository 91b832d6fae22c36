import { setTimeout as delay } from "node:timers/promises";
import { AuthError, isStorageUnavailable, StartError } from "@latchkey/auth";
import { escapeMisleading } from "@latchkey/auth/internal";
import type { Verified, VerifiedTokens } from "@latchkey/import";
import { Command, InvalidArgumentError } from "commander";
import { readEnvironment, type Settings } from "../environment.ts";
import { exitCodes } from "../exit-codes.ts";
import { type OpenedAuth, openAuth } from "../open-auth.ts";
import { showRate } from "../progress-rate.ts";
import { readCurrentPassword } from "./password-input.ts";
import { print } from "./with-auth.ts";

interface Flags {
  readonly from?: string;
  readonly source?: string;
  readonly apply?: true;
  readonly follow?: number;
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
  readonly hashConfig?: string;
  readonly allowRaising?: true;
  readonly disableDeleted?: true;
  readonly webhooks?: true;
  readonly declarePermissions?: true;
  readonly json?: true;
}

const toList = (text: string, before: readonly string[] = []) => [...before, ...text.split(",").filter(Boolean)];

/** Reads `--map`. */
export function toMap(text: string, before: Readonly<Record<string, string>> = {}) {
  const [, column, field] = /^([^=]+)=([A-Za-z][A-Za-z0-9]*)$/.exec(text) ?? [];
  if (column === undefined || field === undefined) throw new InvalidArgumentError("Write it as COLUMN=FIELD.");
  if (Object.hasOwn(before, column) && before[column] !== field)
    throw new InvalidArgumentError(`It is said twice what ${column} is.`);
  return { ...before, [column]: field };
}

function toCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It is a whole number, 1 or more.");
  return Number(text);
}

function toSeconds(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})(s|m)$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError("Write it as 30s or 5m.");
  return Number(count) * (unit === "m" ? 60 : 1);
}

function toSkip(text: string): "skip" {
  if (text !== "skip") throw new InvalidArgumentError("There is skip alone.");
  return text;
}

/** `import`: people of another system, with what they sign in with. A dry run unless it is told to apply. */
export function importCommand(): Command {
  return new Command("import")
    .description("Bring people over from another system; without --apply, only tell what would come of it")
    .argument("<source>", "postgres://…, mysql://…, sqlite:FILE, users.csv, users.json, or - for standard input")
    .option(
      "--from <kind>",
      "django, simplejwt, csv, json, supabase, better-auth, firebase, auth0 or keycloak, where the source does not say it by its name",
    )
    .option("--source <name>", "what the other system is called here; its kind unless said")
    .option("--apply", "do it")
    .option("--follow <interval>", "with --apply: go on, such as every 30s, until stopped", toSeconds)
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
    .option("--hash-config <file>", "the hash parameters of a Firebase project, as its console shows them")
    .option("--allow-raising", "follow over there who was enabled or given more rights, too")
    .option("--disable-deleted", "disable the accounts of people who are there no more")
    .option("--webhooks", "tell webhooks of everybody who is brought or changed; nothing is told otherwise")
    .option("--declare-permissions", "print what to declare in latchkey.config.ts for the permissions of there")
    .option("--json", "print the answer as JSON")
    .action(async (source: string, flags: Flags, command: Command) => {
      if (flags.follow !== undefined && !flags.apply) command.error("error: --follow needs --apply");
      if (flags.follow !== undefined && source === "-")
        command.error("error: --follow needs a source that can be read again, and not standard input");
      const settings = readEnvironment();
      // Read only when it is wanted: drivers of sources are of no use to the service.
      const { importPeople } = await import("@latchkey/import");
      const { auth, connection, close } = await openAuth(settings);
      try {
        const importOnce = async () => {
          const progress = showRate();
          return importPeople(auth, {
            ...toOptions(flags, settings),
            connection,
            source,
            onProgress: progress.show,
          })
            .finally(progress.end)
            .catch(toOneLine);
        };
        const { text, ...rest } = await importOnce();
        const declared = flags.declarePermissions ? describePermissions(rest.undeclared) : "";
        print(flags, rest, `${declared}${text.trimEnd()}${describeCountry(flags, settings)}`);
        const exitCode =
          flags.follow === undefined || rest.exitCode !== 0
            ? rest.exitCode
            : await follow(importOnce, flags.follow, flags);
        if (exitCode !== 0) process.exitCode = exitCodes.incomplete;
      } finally {
        await close();
      }
    })
    .addCommand(verifyCommand())
    .addCommand(undoCommand());
}

function describePermissions(undeclared: readonly string[]): string {
  if (undeclared.length === 0) return "Every permission of there is declared.\n\n";
  const lines = undeclared.map((permission) => `    ${JSON.stringify(permission)},\n`);
  return `For latchkey.config.ts, so that these are granted too:\n\n  permissions: [\n${lines.join("")}  ],\n\n`;
}

/** Names are read by another rule at sign-in than here, where the service has another country. */
function describeCountry({ phoneCountry }: Flags, { PHONE_DEFAULT_COUNTRY: country }: Settings): string {
  if (phoneCountry === undefined || phoneCountry === country) return "";
  return `\n\nNumbers were read as those of ${phoneCountry}. Start the service with PHONE_DEFAULT_COUNTRY=${phoneCountry}, or who types a number without + and the country code is not found${country === undefined ? "" : ` (it is ${country} now)`}.`;
}

function toOptions(flags: Flags, settings: Settings) {
  return {
    ...flags,
    name: flags.source,
    apply: flags.apply ?? false,
    skipsUndecided: flags.undecided === "skip",
    allowRaising: flags.allowRaising ?? false,
    phoneCountry: flags.phoneCountry ?? settings.PHONE_DEFAULT_COUNTRY,
    timezone: flags.sourceTimezone,
    passwordCost: settings.PASSWORD_COST,
  };
}

interface VerifyFlags extends Flags {
  readonly oldUrl?: string;
  readonly oldSignIn: string;
  readonly oldPage: string;
  readonly oldNameField: string;
  readonly as?: string;
  readonly passwordStdin?: true;
}

/** `import verify`: what there is there and here, compared. The options are those of `import`. */
function verifyCommand(): Command {
  return new Command("verify")
    .description("Compare a source with what came of it: people, hashes, groups, and whom a name of there reaches here")
    .argument("<source>", "as of import")
    .option("--old-url <url>", "try tokens both ways with the old backend there, and nothing at any other address")
    .option("--old-sign-in <path>", "where it gives tokens for a name and a password", "/api/token/")
    .option("--old-page <path>", "a page of it that asks for a token", "/")
    .option("--old-name-field <name>", "what it calls the name that is sent with the password", "username")
    .option("--as <name>", "who signs in there and here: somebody of your own, without rights")
    .option("--password-stdin", "read their password from standard input instead of asking for it")
    .action(async (source: string, _own: unknown, command: Command) => {
      const flags = command.optsWithGlobals<VerifyFlags>();
      if (flags.oldUrl !== undefined && flags.as === undefined)
        command.error("error: say with --as who signs in there and here");
      const settings = readEnvironment();
      const { verifyImport } = await import("@latchkey/import");
      const { auth, connection, close } = await openAuth(settings);
      try {
        const options = { ...toOptions(flags, settings), connection, source, onProgress: () => {} };
        const verified = await verifyImport(auth, options).catch(toOneLine);
        const tokens = await tryTokens(auth, flags, { settings, connection });
        const answer = tokens === null ? verified : { ...verified, tokens };
        const lines = [describeVerified(verified), ...describeTokens(tokens)].join("\n");
        print(flags, answer, `${lines}${describeCountry(flags, settings)}`);
        if (!verified.isGood || tokens?.isGood === false) process.exitCode = exitCodes.incomplete;
      } finally {
        await close();
      }
    });
}

async function tryTokens(
  auth: OpenedAuth["auth"],
  flags: VerifyFlags,
  { settings, connection }: Pick<OpenedAuth, "connection"> & { readonly settings: Settings },
): Promise<VerifiedTokens | null> {
  const { oldUrl, oldSignIn, oldPage, oldNameField, as } = flags;
  if (oldUrl === undefined || as === undefined) return null;
  const { verifyTokens } = await import("@latchkey/import");
  const backend = { url: oldUrl, signInPath: oldSignIn, pagePath: oldPage, nameField: oldNameField };
  const person = { name: as, password: await readCurrentPassword(flags) };
  const onWait = () => void process.stderr.write("Waiting for a round that begins a minute after the token …\n");
  const options = { backend, person, source: settings.LEGACY_SOURCE, connection, onWait };
  return verifyTokens(auth, options).catch(toOneLine);
}

function describeTokens(tokens: VerifiedTokens | null): string[] {
  if (tokens === null) return [];
  const lines = tokens.tried.map(
    ({ what, isGood, told }) =>
      `${(isGood ? "good" : "REFUSED").padStart(9)}  ${what}${told === null ? "" : `: ${told}`}`,
  );
  return [...lines, tokens.isGood ? "Tokens are taken both ways." : "Not all tokens are taken."];
}

const reachNext = "           A fault: look at both accounts in the console, and give each the names that are theirs.";
const heldNext =
  "           No fault: each signs in that one alone, with their own password. Ask whose it is now; if it is not theirs, take it off that account in the console, and the other one can add it here.";

const columnsNext =
  "           Give the --map, --drop and --decisions of the import, or what became of them there is not compared.";

const breakNext = "The last round broke off before its end, or there was none: run the import again with --apply.";

const counted = {
  there: "people there",
  here: "accounts here that came from there",
  missing: "people there without an account here",
  changed: "changed there since the last import: their fields are compared after the next one",
  gone: "have an account here, and are there no more",
  groupsMissing: "memberships of groups there that they do not have here",
  permissionsMissing: "permissions there that they do not have here",
  groupPermissionsMissing: "permissions that groups have there and not here",
  groupPermissionsAdded: "permissions that groups have here and not there",
  decided: "fields that are otherwise here because that was decided",
  changedHere: "fields that were changed here since",
} satisfies Partial<Record<keyof Verified, string>>;

function describeVerified(verified: Verified): string {
  const { unreadable, reachAnother, takenHere, heldByGone, different, unknownColumns, untold } = verified;
  const first = (ids: readonly string[]) =>
    ids.length > 0 ? `: ${ids.slice(0, 5).map(escapeMisleading).join(", ")}` : "";
  const counts = Object.entries(counted) as [keyof typeof counted, string][];
  return [
    ...counts.map(([key, what]) => `${String(verified[key]).padStart(9)}  ${what}`),
    `${String(unreadable.length).padStart(9)}  hashes that cannot be checked${first(unreadable)}`,
    `${String(different.length).padStart(9)}  fields that are otherwise here for no reason${first(different)}`,
    `${String(reachAnother.length).padStart(9)}  names of there that reach somebody else here${first(reachAnother)}`,
    ...(reachAnother.length > 0 ? [reachNext] : []),
    `${String(takenHere.length).padStart(9)}  names of there that an account has here that did not come from there${first(takenHere)}`,
    `${String(heldByGone.length).padStart(9)}  names of there that are here somebody's who is gone there${first(heldByGone)}`,
    ...(heldByGone.length > 0 ? [heldNext] : []),
    ...(unknownColumns.length > 0
      ? [
          `${String(unknownColumns.length).padStart(9)}  columns of which nothing was said${first(unknownColumns)}`,
          columnsNext,
        ]
      : []),
    ...(untold.length > 0
      ? [
          `${String(untold.length).padStart(9)}  fields of which the source says nothing any more; they are not compared${first(untold)}`,
        ]
      : []),
    ...(verified.isComplete ? [] : [breakNext]),
    verified.isGood ? "Everything fits." : "Something does not fit.",
  ].join("\n");
}

interface UndoFlags {
  readonly source?: string;
  readonly apply?: true;
  readonly json?: true;
}

/** `import undo`: people who came over and whom nobody has used. The options are those of `import`. */
function undoCommand(): Command {
  return new Command("undo")
    .description("Take back who came over from --source and was not used since; without --apply, only count them")
    .action(async (_own: unknown, command: Command) => {
      const flags = command.optsWithGlobals<UndoFlags>();
      const { source } = flags;
      if (source === undefined) command.error("error: say which source with --source");
      else await undo(source, flags);
    });
}

async function undo(source: string, flags: UndoFlags): Promise<void> {
  const { undoImport } = await import("@latchkey/import");
  const { connection, close } = await openAuth(readEnvironment());
  try {
    const undone = await undoImport({ connection, source, apply: flags.apply ?? false }).catch(toOneLine);
    const did = flags.apply ? "Deleted" : "Would delete";
    print(
      flags,
      undone,
      `${did} ${undone.deleted} accounts that came from ${source}; ${undone.kept} were used or changed here and stay.`,
    );
  } finally {
    await close();
  }
}

interface Round {
  readonly totals: { readonly new: number; readonly changed: number };
  readonly text: string;
  readonly exitCode: number;
}

/** Goes on until it is told to stop, or until a person has to decide something. Each round prints how long it took. */
async function follow(importOnce: () => Promise<Round>, seconds: number, flags: Flags): Promise<number> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  while (!stop.signal.aborted) {
    await delay(seconds * 1_000, undefined, { signal: stop.signal }).catch(() => {});
    if (stop.signal.aborted) break;
    const startedAt = performance.now();
    const round = await importOnce().catch(tellAway);
    if (round === null) continue;
    const { text, ...rest } = round;
    if (rest.exitCode !== 0) {
      print(flags, rest, text.trimEnd());
      return rest.exitCode;
    }
    const lag = seconds + Math.ceil((performance.now() - startedAt) / 1_000);
    const line = `${rest.totals.new} new, ${rest.totals.changed} changed, at most ${lag} s behind`;
    print(flags, { ...rest, lag }, `${new Date().toISOString()} ${line}`);
  }
  return 0;
}

/** A source or a database that is away now may be back at the next round. */
function tellAway(error: unknown): null {
  if (!(error instanceof StartError)) throw error;
  process.stderr.write(`${new Date().toISOString()} not followed: ${error.message} It is tried again.\n`);
  return null;
}

/** What is wrong with a source or a command is told in one line, and never as a defect. */
export function toOneLine(error: unknown): never {
  if (error instanceof Error && error.name === "SourceError" && "exitCode" in error) {
    const line = escapeMisleading(error.message);
    throw error.exitCode === exitCodes.cannotStart ? new StartError(line) : new AuthError("invalid_input", line);
  }
  if (isStorageUnavailable(error))
    throw new StartError(`The database is away: ${(error as Error).message}. Run the same command again; it goes on.`);
  throw error;
}
