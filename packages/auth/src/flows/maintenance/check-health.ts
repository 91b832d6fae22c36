import { sql } from "kysely";
import { findLastSeal, findUnsealed, mayChangeEvents } from "../../audit/seal-store.ts";
import { listStreams } from "../../audit/stream-store.ts";
import { StartError } from "../../errors.ts";
import { withHostAlone } from "../../host-alone.ts";
import { isFresh, isFrozenBy } from "../../imported-users/imported-user.ts";
import { countAliases, countImported } from "../../imported-users/imported-user-store.ts";
import { findLastRound, listLastRounds } from "../../imported-users/round-store.ts";
import { kindInSql } from "../../passwords/hash-format.ts";
import type { Queries, Storage } from "../../storage/database.ts";
import { findFaults, findWeaknesses } from "../../storage/inspect-database.ts";
import { listAppliedMigrations } from "../../storage/migrate.ts";
import { findMissingIndexes } from "../../storage/online-indexes.ts";
import type { TokenAlgorithm } from "../../tokens/access-token.ts";
import { indexesOf } from "../../users/profile.ts";
import { listPasswordKinds } from "../../users/user-store.ts";
import type { Core } from "../steps/core.ts";
import { type Reader, seesContact } from "../steps/masked-contact.ts";
import { examineNames } from "./check-names.ts";
import { countWeakHashes } from "./clear-weak-hashes.ts";

/** What an administrator wants to know before trusting an installation. */
export interface Health {
  readonly postgres: string;
  /** The newest migration. */
  readonly schema: string;
  readonly users: number;
  readonly signingKey: string;
  /** How new passwords are stored, what that takes, and how many accounts have another hash. */
  readonly passwords: string;
  /** Whether a secret that was replaced is still needed. */
  readonly secrets: string;
  /** Milliseconds by which the database's clock is ahead of this process's. */
  readonly clockDifference: number;
  /** Names of other systems that are kept for people without an account here, and what becomes of old tokens. */
  readonly importedUsers: string;
  /** Names of other systems by which people sign in that are no usernames here. */
  readonly aliases: string;
  readonly oldTokens: string;
  /** How far the audit trail is sealed, and what this role may do to it. */
  readonly auditTrail: string;
  /** What works, but should be mended. */
  readonly warnings: readonly string[];
}

/** Tokens are timed by the process and sessions by the database; beyond this many milliseconds apart they disagree. */
const largestClockDifference = 10_000;

/**
 * Refuses a database to which somebody has done what no connection can set right.
 *
 * @throws StartError
 */
export async function refuseFaults(db: Queries): Promise<void> {
  const [fault] = await findFaults(db);
  if (fault !== undefined) throw new StartError(fault);
}

/**
 * Looks the installation over. A reader who may not see numbers and addresses is told of people's names how many there are.
 *
 * @param storage the connections that calls use
 */
export async function checkHealth(
  core: Core,
  storage: Pick<Storage, "pool" | "prepare" | "isShared" | "isGiven">,
  reader?: Reader,
): Promise<Health> {
  const before = Date.now();
  const { rows } = await sql<{ version: string; now: Date; users: string }>`
    select current_setting('server_version') as version, clock_timestamp() as now,
      (select count(*) from latchkey.users) as users`.execute(core.db);
  const found = rows[0];
  const algorithm = await core.keyRing.findAlgorithm();
  const clockDifference = (found?.now.getTime() ?? 0) - Math.round((before + Date.now()) / 2);
  const secrets = await examineSecrets(core);
  const trail = await examineTrail(core.db);
  const isClockOff = Math.abs(clockDifference) > largestClockDifference;
  return {
    postgres: found?.version ?? "",
    schema: (await listAppliedMigrations(core.db)).at(-1) ?? "",
    users: Number(found?.users),
    signingKey: await describeSigningKey(core, algorithm),
    passwords: await describePasswords(core),
    secrets: secrets.said,
    clockDifference,
    ...(await examineImports(core, reader)),
    auditTrail: trail.said,
    warnings: [
      ...(isClockOff ? ["The clocks of this machine and of the database differ: set both by NTP."] : []),
      ...warnOfAlgorithm(algorithm, core.options.tokens.algorithm),
      ...secrets.warnings,
      ...(await warnOfWeakHashes(core)),
      ...trail.warnings,
      ...(await findWeaknesses(core.db, storage)),
      ...(await findMissingIndexes(core.db, indexesOf(core.profile))),
      ...(await warnOfImports(core)),
      ...(await examineNames(core, reader)),
    ],
  };
}

/** Whoever looks makes none. */
async function describeSigningKey({ findSigningKey }: Core, newest: TokenAlgorithm | null): Promise<string> {
  if (newest === null) return "none yet: the first start of the service makes one";
  const { kid, algorithm } = await findSigningKey();
  return `${algorithm} ${kid}`;
}

function warnOfAlgorithm(newest: TokenAlgorithm | null, setting: TokenAlgorithm): string[] {
  if (newest === null || newest === setting) return [];
  return [
    `TOKEN_ALGORITHM is ${setting} here, and the newest key is of ${newest}: the service runs with another setting, or has not been started with this one.`,
  ];
}

async function describePasswords({ db, passwords, options: { passwords: chosen } }: Core): Promise<string> {
  const { format, cost, memory, hashConcurrency } = chosen;
  const how =
    format === "argon2id"
      ? `argon2id, ${memory} MiB for each of ${hashConcurrency} at once, ${memory * hashConcurrency} MiB in all`
      : `${format}, cost ${cost}, ${hashConcurrency} at once`;
  passwords.countForeign(await listPasswordKinds(db, kindInSql));
  return `${how}; ${passwords.load().foreign} accounts have another hash until their next sign-in`;
}

async function warnOfWeakHashes(core: Core): Promise<string[]> {
  const { count, until } = await countWeakHashes(core);
  if (count === 0) return [];
  const them = `${count} accounts have an MD5 or SHA-1 of another system within bcrypt`;
  if (until === null)
    return [`${them}: set LEGACY_HASHES_UNTIL to a day from which their owners choose a new password.`];
  return [`${them}, which signs them in until ${until.toISOString().slice(0, 10)}; then they choose a new password.`];
}

/** Says what is still sealed with a secret that is to be removed. */
async function examineSecrets({ keyRing, secretKeys, options }: Core) {
  const given = options.secrets.length;
  const seals = [await keyRing.countSeals(), await secretKeys.count()];
  const total = (name: "first" | "others") => seals.reduce((sum, seal) => sum + seal[name], 0);
  const [first, others] = [total("first"), total("others")];
  const said =
    given === 1 ? `one, which seals ${first} keys` : `${given}: the first seals ${first} keys, the others ${others}`;
  const warnings = [
    others > 0 &&
      `${others} keys are still sealed with a secret behind the first: once every process has both, run "latchkey reseal".`,
    given > 1 && others === 0 && "The secrets behind the first seal nothing any more: take them away.",
  ].filter((warning) => typeof warning === "string");
  return { said, warnings };
}

/** Seconds after which an event without a seal is told of. */
const longestUnsealed = 900;

/** Events that are counted. */
const mostUnsealed = 10_000;

async function examineTrail(db: Queries) {
  const [last, unsealed, rights] = [
    await findLastSeal(db),
    await findUnsealed(db, mostUnsealed),
    await mayChangeEvents(db),
  ];
  const late = (await listStreams(db)).filter(({ age }) => age > longestUnsealed);
  const sealed = last ? `${last.number} seals, the last of ${last.sealedAt.toISOString()}` : "no seals yet";
  const count = unsealed.count < mostUnsealed ? unsealed.count : `${mostUnsealed} or more`;
  const role = rights.isOwner ? "owns the events" : rights.mayChange ? "may change events" : "may only add events";
  return {
    said: `${sealed}; ${count} events wait for one; this role ${role}`,
    warnings: [
      last &&
        unsealed.age > longestUnsealed &&
        `The audit trail has not been sealed since ${unsealed.since?.toISOString()}: no process of this version runs, or a transaction has been open for long.`,
      ...late.map(
        ({ name, waitingSince }) =>
          // What the operator is told is passed on.
          `AUDIT_STREAM has not told ${withHostAlone(name)} of events since ${waitingSince?.toISOString()}: the log says why, or delete its row of latchkey.audit_streams if it is used no more.`,
      ),
      rights.mayChange &&
        !rights.isOwner &&
        'This role may change and delete audit events: run what "latchkey grants --role …" prints again.',
    ].filter((warning) => typeof warning === "string"),
  };
}

async function examineImports(
  core: Core,
  reader: Reader,
): Promise<Pick<Health, "importedUsers" | "aliases" | "oldTokens">> {
  const [rounds, counts] = await Promise.all([listLastRounds(core.db), countImported(core.db)]);
  const sources = rounds.map(({ source, beganAt }) => {
    const { people = 0, accounts = 0, deleted = 0 } = counts[source] ?? {};
    const age = describeAge(core.options.clock.now().getTime() - beganAt.getTime());
    return `${source}: ${people} names reserved, ${accounts} with an account, ${deleted} deleted here; last round ${age} ago`;
  });
  const until = core.options.django?.acceptTokensUntil;
  const isOver = until && until <= core.options.clock.now();
  const oldTokens = until ? `${isOver ? "were" : "are"} accepted until ${until.toISOString()}` : "are not accepted";
  const isWhole = await seesContact(core, reader);
  const aliases = await Promise.all(rounds.map(({ source }) => describeAliases(core, source, isWhole)));
  return { importedUsers: sources.join("; ") || "none", aliases: aliases.flat().join("; ") || "none", oldTokens };
}

async function describeAliases({ db }: Core, source: string, isWhole: boolean): Promise<string[]> {
  const { count, first } = await countAliases(db, source);
  // A name of another system may well be an e-mail address.
  if (count > 0 && !isWhole) return [`${source}: ${count}`];
  return count === 0 ? [] : [`${source}: ${count}: ${first.join(", ")}${count > first.length ? ", …" : ""}`];
}

function describeAge(milliseconds: number): string {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`;
}

async function warnOfImports({ db, options: { django, tokens, clock } }: Core): Promise<string[]> {
  if (!django) return [];
  const { source, frozenAt, acceptTokensUntil } = django;
  const round = await findLastRound(db, source);
  const isFrozen = isFrozenBy(round?.beganAt ?? null, frozenAt);
  if (!round)
    return [
      `No round of LEGACY_SOURCE=${source} is complete: none of its tokens is accepted, and nobody is known to it.`,
    ];
  return [
    acceptTokensUntil &&
      acceptTokensUntil <= clock.now() &&
      "LEGACY_UNTIL is over: take it away, and LEGACY_SECRET_KEY where TOKEN_PROFILE does not need it.",
    frozenAt && !isFrozen && `LEGACY_FROZEN_AT does not count yet: no complete round of ${source} began after it.`,
    tokens.profile === "django" &&
      !isFrozen &&
      !isFresh(round.beganAt, clock.now()) &&
      `The last round of ${source} is older than five minutes: ${source} does not accept the tokens that are issued now.`,
  ].filter((warning) => typeof warning === "string");
}
