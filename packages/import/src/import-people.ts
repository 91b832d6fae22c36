import { randomUUID } from "node:crypto";
import type { Auth, DatabaseOptions } from "@latchkey/auth";
import { type CountryCode, escapeMisleading, isCountryCode, type PhoneOptions } from "@latchkey/auth/import";
import { issueCodes } from "./issue.ts";
import { type Columns, createColumns, findUnknownFields, knownFields } from "./known-columns.ts";
import { type Source, SourceError } from "./old-row.ts";
import { readDecisions } from "./report/decisions-file.ts";
import { describeSummary, type Summary, summarize } from "./report/summary.ts";
import { tryReport, writeReport } from "./report/write-report.ts";
import { toPermission } from "./rules/permission-names.ts";
import { createPrinter, type PersonRules } from "./rules/read-person.ts";
import { type Applied, apply, complete, prepare } from "./run/apply.ts";
import { connect, isPooled } from "./run/connect.ts";
import { disableGone } from "./run/disable-gone.ts";
import { type Followed, followChanges } from "./run/follow-changes.ts";
import { createGroups, followGroups } from "./run/groups.ts";
import { keepUntold } from "./run/keep-untold.ts";
import { type Decision, listStrayDecisions, listUndeclared, plan } from "./run/plan.ts";
import { readAhead } from "./run/read-ahead.ts";
import { recordBlacklist } from "./run/record-blacklist.ts";
import { withRecordedIds } from "./run/recorded-ids.ts";
import { clearStaging, type Run, readPeople, stage } from "./run/staging.ts";
import { lockStaging } from "./run/staging-lock.ts";
import { guessKind, nameOfKind, openSource, type SourceKind, sourceKinds } from "./sources/open-source.ts";

export interface ImportOptions {
  /** `postgres://…`, `sqlite:file`, `users.csv`, `users.json`, `-`. */
  readonly source: string;
  readonly from?: string | undefined;
  /** The source's name here; its kind unless said. */
  readonly name?: string | undefined;
  /** Where the people go: the database of `auth`. */
  readonly connection: DatabaseOptions;
  readonly apply: boolean;
  readonly decisions?: string | undefined;
  readonly accept: readonly string[];
  readonly skipsUndecided: boolean;
  readonly report?: string | undefined;
  readonly phoneCountry?: string | undefined;
  readonly timezone: string;
  readonly map: Readonly<Record<string, string>>;
  readonly drop: readonly string[];
  readonly only?: readonly string[] | undefined;
  readonly limit?: number | undefined;
  readonly table?: string | undefined;
  readonly delimiter?: string | undefined;
  /** The file of a Firebase project's hash parameters. */
  readonly hashConfig?: string | undefined;
  readonly allowRaising: boolean;
  /** Whether accounts of people who are there no more are disabled. */
  readonly disableDeleted?: boolean | undefined;
  /** Whether webhooks are told of everybody who is brought or changed; nothing is told unless said. */
  readonly webhooks?: boolean | undefined;
  readonly passwordCost: number;
  readonly onProgress: (what: string, done: number, total: number | null) => void;
}

export interface ImportAnswer extends Summary {
  readonly text: string;
  readonly created: number;
  readonly followed: Followed | null;
  /** Permissions that groups lost here, or got, because they did so there: `group: permission`. */
  readonly groupsChanged: readonly string[];
  /** Accounts that were disabled because their people are there no more. */
  readonly disabled: number;
  /** Fields that the source has no column of any more, and that stay here as they are. */
  readonly untold: readonly string[];
  /** Ids in the file of decisions that nobody there has. */
  readonly strayDecisions: readonly string[];
  /** Permissions that people and groups have there, and that are not declared here. */
  readonly undeclared: readonly string[];
  /** 0 decided and done, 4 where rows are undecided. */
  readonly exitCode: 0 | 4;
}

type ImportingAuth = Pick<Auth, "importedUsers" | "profile">;

/**
 * Reads everybody in another system, plans, and, if told to, brings them over. Without `apply` nothing but the tables of the run is written.
 *
 * @throws SourceError for a source that is away or no source at all, and a wrong command
 */
export async function importPeople(auth: ImportingAuth, options: ImportOptions): Promise<ImportAnswer> {
  return withStagedPeople(auth, options, async ({ run, source, columns, decisions, phones, untold }) => {
    await requireStaged(run, options.only ?? [], source);
    await plan(run, {
      ...options,
      phones,
      decisions,
      groups: source.groups,
      ambiguousPermissions: source.ambiguousPermissions,
      unknownColumns: columns.undecided().filter(({ filled }) => filled > 0),
    });
    return finish(auth, { run, source, untold, stray: await listStrayDecisions(run) }, options);
  });
}

/** What was read of a source, in the staging tables. */
export interface StagedPeople {
  readonly run: Run;
  readonly source: Source;
  readonly columns: Columns;
  readonly decisions: readonly Decision[];
  readonly phones: PhoneOptions;
  /** Fields of which the source said something the last time, and has no column now. */
  readonly untold: readonly string[];
}

/** Reads everybody of a source into the staging tables, for a piece of work, and empties them afterwards. */
export async function withStagedPeople<T>(
  auth: ImportingAuth,
  options: ImportOptions,
  work: (staged: StagedPeople) => Promise<T>,
): Promise<T> {
  const kind = findKind(options);
  const phones = { defaultCountry: readCountry(options.phoneCountry) };
  requireTimezone(options.timezone);
  requireCodes(options.accept);
  const decisions = options.decisions === undefined ? [] : await readDecisions(options.decisions);
  const ownFields = new Map(auth.profile.ownFields.map(({ name, schema }) => [name, schema]));
  const columnRules = withDecidedColumns(options, decisions, [...ownFields.keys()]);
  const both = options.drop.find((column) => Object.hasOwn(options.map, column));
  if (both !== undefined) throw new SourceError(`${both} is both mapped and dropped: look at --map and --drop.`);
  const [noField] = findUnknownFields(columnRules);
  if (noField !== undefined)
    throw new SourceError(
      `--map: there is no field ${noField}. There are ${[...knownFields, ...ownFields.keys()].join(", ")}.`,
    );
  const columns = createColumns(columnRules);
  await using lent = await lend(options, requireName(options.name ?? nameOfKind(kind)));
  const { run } = lent;
  await using lock = await lockStaging(run, options.connection);
  if (!lock) throw new SourceError("Another import is under way on this database: wait for its end, or stop it.", 3);
  const opened = await openSource(options.source, kind, {
    ...options,
    idColumn: findIdColumn(options.map),
    isRead: (column) => columns.fieldOf(column) !== null,
  });
  try {
    await clearStaging(run);
    const source = await withRecordedIds(run, opened, options.apply);
    const rules = { phones, timezone: options.timezone, columns, ownFields, print: createPrinter(await readKey(run)) };
    const untold = await stageAll(run, source, rules, options);
    return await work({ run, source, columns, decisions, phones, untold });
  } finally {
    await opened.close();
    await clearStaging(run).catch(() => {});
  }
}

async function finish(
  auth: ImportingAuth,
  {
    run,
    source,
    untold,
    stray,
  }: Pick<StagedPeople, "run" | "source" | "untold"> & { readonly stray: readonly string[] },
  options: ImportOptions,
): Promise<ImportAnswer> {
  const planned = await summarize(run, { place: source.place, isApplied: false });
  // What is asked of the source as a whole concerns everybody, so that nobody can be left out for it.
  const isOpen = options.skipsUndecided ? planned.undecidedOfSource > 0 : planned.undecidedRows > 0;
  let applied: Applied | null = null;
  let followed: Followed | null = null;
  let groupsChanged: readonly string[] = [];
  let disabled = 0;
  if (options.apply && !isOpen) {
    if (options.report !== undefined)
      await tryReport(run, options.report, {
        summary: describeSummary(planned, ""),
        ...source,
      }).catch(tellUnchanged);
    const work = {
      auth,
      startedAt: source.startedAt,
      passwordCost: options.passwordCost,
      connection: options.connection,
      onProgress: (done: number, total: number) => options.onProgress("import", done, total),
    };
    const round = await prepare(run, work);
    groupsChanged = await followGroups(run, source.groups, options.allowRaising);
    await createGroups(run, source.groups);
    // Before anybody new comes, who may be called as somebody was until now.
    followed = await followChanges(run, {
      allowRaising: options.allowRaising,
      passwordCost: options.passwordCost,
      knownGroups: source.groups.map(({ name }) => name),
      knownPermissions: source.permissions.map(toPermission),
    });
    applied = await apply(run, round, work);
    await complete(work, round);
    await recordBlacklist(run, source, options.timezone);
    if (options.disableDeleted) disabled = await disableGone(run);
  }
  const created = applied?.created ?? 0;
  const summary = applied ? { ...planned, isApplied: true, totals: { ...planned.totals, new: created } } : planned;
  const behind = planned.totals.new - summary.totals.new;
  const text =
    describeSummary(summary, toNext(options, summary, isOpen)) +
    describeLeft({ applied, followed, groupsChanged, disabled, behind, untold, stray });
  if (options.report !== undefined) await writeReport(run, options.report, { summary: text, ...source });
  const isIncomplete = isOpen || behind > 0 || (applied?.outrun.length ?? 0) > 0;
  const undeclared = await listUndeclared(run);
  return {
    ...summary,
    text,
    created,
    followed,
    groupsChanged,
    disabled,
    untold,
    strayDecisions: stray,
    undeclared,
    exitCode: isIncomplete ? 4 : 0,
  };
}

function tellUnchanged(error: unknown): never {
  if (error instanceof SourceError) throw new SourceError(`${error.message}. Nothing was changed.`, error.exitCode);
  throw error;
}

interface Done {
  readonly applied: Applied | null;
  readonly followed: Followed | null;
  readonly groupsChanged: readonly string[];
  readonly disabled: number;
  /** People who were planned and did not come over. */
  readonly behind: number;
  readonly untold: readonly string[];
  readonly stray: readonly string[];
}

/** What was not done for a reason that showed only while it was done. */
function describeLeft({ applied, followed, groupsChanged, disabled, behind, untold, stray }: Done): string {
  const list = (items: readonly string[]) =>
    `${items.slice(0, 10).map(escapeMisleading).join(", ")}${items.length > 10 ? ", …" : ""}`;
  const outrun = applied?.outrun ?? [];
  const kept = followed?.kept ?? [];
  return [
    stray.length > 0
      ? `${stray.length} ids in the file of decisions are nobody's there: ${list(stray)}. Has a spreadsheet changed them?\n`
      : "",
    untold.length > 0
      ? `The source says nothing of these any more, and they stay here as they are: ${list(untold)}\n`
      : "",
    behind > 0
      ? `${behind} did not come over: an account was linked to them, or deleted, meanwhile. Run the command again.\n`
      : "",
    outrun.length > 0
      ? `${outrun.length} came over without a name that was taken here meanwhile: ${list(outrun)}\n`
      : "",
    kept.length > 0 ? `${kept.length} fields stay as they are here: ${list(kept)}\n` : "",
    groupsChanged.length > 0
      ? `${groupsChanged.length} permissions of groups were taken or given as there: ${list(groupsChanged)}\n`
      : "",
    disabled > 0 ? `${disabled} accounts were disabled, whose people are there no more.\n` : "",
  ].join("");
}

function toNext({ apply, report, skipsUndecided }: ImportOptions, summary: Summary, isOpen: boolean): string {
  if (isOpen) {
    const where =
      report === undefined ? "Write them down with --report DIR" : `Fill the last column of ${report}/decisions.csv`;
    const refused = apply ? "Nothing was changed. " : "";
    const ways = `${where}, and give it with --decisions; or accept proposals with --accept CODE,…`;
    return skipsUndecided
      ? `${refused}${summary.undecidedOfSource} of them have no old id: they are about no single person, so nobody can be left out for them. ${ways}.`
      : `${refused}${ways}; or leave those people out with --undecided skip.`;
  }
  if (!summary.isApplied) return "Nothing was changed. Do it with --apply.";
  return "Done. The same command again brings over what is new and what changed.";
}

function findKind({ source, from }: ImportOptions): SourceKind {
  const kind = from ?? guessKind(source);
  const found = sourceKinds.find((known) => known === kind);
  if (found) return found;
  throw new SourceError(
    kind === null
      ? `Say what the source is with --from: ${sourceKinds.join(", ")}.`
      : `--from ${kind} is not known. There are ${sourceKinds.join(", ")}.`,
  );
}

function readCountry(country: string | undefined): CountryCode | undefined {
  if (country === undefined || isCountryCode(country)) return country;
  throw new SourceError(`--phone-country ${country} is no country: give two capital letters, such as TR.`);
}

function requireName(name: string): string {
  if (/^[a-z][a-z0-9_-]{0,62}$/.test(name)) return name;
  throw new SourceError(`--source ${name} is no name of a source: a lower-case letter, then letters, digits, - and _.`);
}

function requireTimezone(timezone: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
  } catch {
    throw new SourceError(`--source-timezone ${timezone} is no time zone: give a name such as Europe/Istanbul.`);
  }
}

function requireCodes(accept: readonly string[]): void {
  const codes: readonly string[] = ["all", ...issueCodes];
  const unknown = accept.find((code) => !codes.includes(code));
  if (unknown !== undefined)
    throw new SourceError(`--accept: there is no code ${unknown}. There are ${codes.join(", ")}.`);
}

/** Of an id that is mistyped, the run would say that all is done. Who came over before may be gone there since. */
async function requireStaged({ client, id, source }: Run, only: readonly string[], { place }: Source): Promise<void> {
  const { rows } = await client.query<{ oldId: string }>(
    `select old_id as "oldId" from unnest($2::text[]) wanted (old_id)
    where not exists (select from latchkey.import_people p where p.run_id = $1 and p.old_id = wanted.old_id)
      and not exists (select from latchkey.imported_users i where i.source = $3 and i.old_id = wanted.old_id) limit 1`,
    [id, only, source],
  );
  if (rows[0])
    throw new SourceError(`${place} has nobody with the id ${rows[0].oldId}: look at --only. Nothing was changed.`);
}

const findIdColumn = (map: ImportOptions["map"]) => Object.entries(map).find(([, field]) => field === "id")?.[0];

function withDecidedColumns(
  { map, drop }: ImportOptions,
  decisions: Awaited<ReturnType<typeof readDecisions>>,
  ownFields: readonly string[],
) {
  const ofColumns = decisions.filter(({ code }) => code === "unknown_column");
  const mapped = ofColumns.flatMap(({ field, decision }) =>
    decision.startsWith("map:") ? [[field, decision.slice("map:".length)] as const] : [],
  );
  return { map: { ...Object.fromEntries(mapped), ...map }, drop, ownFields };
}

/** A connection of one's own, whose statements may take their time. */
async function lend({ connection, webhooks = false }: Pick<ImportOptions, "connection" | "webhooks">, source: string) {
  const lent = await connect(connection);
  const { client } = lent;
  const close = () => lent[Symbol.asyncDispose]();
  const pooled = await isPooled(client).catch((error: unknown) => close().then(() => Promise.reject(error)));
  const run: Run = { client, id: randomUUID(), source, isPooled: pooled, tellsWebhooks: webhooks };
  return { run, [Symbol.asyncDispose]: close };
}

async function readKey({ client }: Run): Promise<Buffer> {
  const { rows } = await client.query<{ key: Buffer }>("select key from latchkey.imported_name_key");
  return rows[0]?.key ?? Buffer.alloc(0);
}

/** What the staging tables say of two people of one id. */
function toTwice(error: unknown, { place }: Source): unknown {
  const isTwice = error instanceof Error && "constraint" in error && error.constraint === "import_people_pkey";
  if (!isTwice) return error;
  const [, oldId] = /\)=\([^,]+, (.*)\) already exists/s.exec("detail" in error ? String(error.detail) : "") ?? [];
  const which = oldId === undefined ? "" : `, ${JSON.stringify(oldId.slice(0, 40))}`;
  return new SourceError(`${place} has two people of one id${which}. Nothing was changed.`);
}

async function stageAll(
  run: Run,
  source: Source,
  rules: PersonRules & { readonly columns: Columns },
  { onProgress }: ImportOptions,
): Promise<string[]> {
  let read = 0;
  let isChanged = false;
  let writing = Promise.resolve();
  try {
    for await (const rows of readAhead(source.read())) {
      // The next ones are read while these are written.
      const people = await readPeople(rows, rules);
      await writing;
      writing = stage(run, people, read).then((one) => {
        isChanged ||= one;
      });
      writing.catch(() => {});
      read += rows.length;
      onProgress("read", read, null);
    }
  } finally {
    await writing.catch((error: unknown) => {
      throw toTwice(error, source);
    });
  }
  // An export that failed, or another database: whoever came over before would count as gone.
  if (read === 0) throw new SourceError(`${source.place} has nobody in it: is it the right one? Nothing was changed.`);
  const [missing] = rules.columns.missing();
  if (missing !== undefined)
    throw new SourceError(`${source.place} has no column ${missing}: look at --map and --drop. Nothing was changed.`);
  return isChanged ? keepUntold(run, [...rules.columns.told(), ...source.fieldsBeside]) : [];
}
