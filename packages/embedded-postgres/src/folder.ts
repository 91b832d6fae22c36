import { randomBytes } from "node:crypto";
import { access, chown, constants, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { EmbeddedPostgresError } from "./error.ts";
import {
  type Account,
  complaintIn,
  type Folder,
  isAlive,
  NO_LINK,
  type Outcome,
  OWN_SERVER,
  type Programs,
} from "./server.ts";
import { sharedBuffers } from "./shared-buffers.ts";

/** The major version of the installed packages: a data folder of another one cannot be opened. */
export const POSTGRES_MAJOR = "18";

/** The role and the database of the application. */
export const ROLE = "latchkey";

/**
 * Makes the data folder when it is missing.
 *
 * @throws EmbeddedPostgresError when it is a file, cannot be written, holds something that is not Latchkey's, or was made by another
 * major version of PostgreSQL.
 */
export async function openFolder(path: string): Promise<Folder> {
  const dataDir = resolve(path);
  const folder = layout(dataDir, join(dataDir, "postgres"));
  await makeFolder(dataDir).catch((error: unknown) => refuse(dataDir, error));
  const names = await readdir(dataDir).catch((error: unknown) => refuse(dataDir, error));
  const version = await readVersion(folder);
  if (version === undefined) refuseForeign(dataDir, names);
  else refuseOtherMajor(folder, version);
  const writtenTo = version === undefined ? dataDir : folder.home;
  await access(writtenTo, constants.W_OK).catch((error: unknown) => refuse(writtenTo, error));
  return folder;
}

async function makeFolder(path: string): Promise<void> {
  // The recursive form says ENOENT of a read-only file system; the plain one says what is wrong.
  await mkdir(path, { recursive: true }).catch(() => mkdir(path));
}

/** Whom the existing database belongs to, `undefined` before there is one. */
export async function findOwner({ data }: Folder): Promise<Account | undefined> {
  const facts = await stat(data).catch(() => undefined);
  return facts === undefined ? undefined : { uid: facts.uid, gid: facts.gid };
}

/**
 * Builds the database unless it is there. It is built aside and renamed into place, so that neither a crash nor a second
 * process doing the same leaves half of one: who comes second throws its own away.
 */
export async function buildDatabase(folder: Folder, programs: Programs, durable: boolean): Promise<void> {
  await removeLeftOvers(folder.dataDir);
  if ((await readVersion(folder)) !== undefined) return;
  const aside = join(folder.dataDir, `postgres.new-${process.pid}-${randomBytes(6).toString("hex")}`);
  await mkdir(aside, { mode: 0o700 }).catch((error: unknown) => refuse(folder.dataDir, error));
  try {
    await fill(layout(folder.dataDir, aside), programs, durable);
    await moveIntoPlace(aside, folder);
  } finally {
    await rm(aside, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** @throws EmbeddedPostgresError when the password is not there or belongs to another user. */
export async function readPassword(folder: Folder): Promise<string> {
  try {
    return (await readFile(folder.password, "utf8")).trim();
  } catch (error) {
    if (codeOf(error) === "EACCES") return refuse(folder.home, error);
    throw new EmbeddedPostgresError(`${folder.password} is missing: restore it from a backup of the data folder.`, {
      cause: error,
    });
  }
}

/** Turns what the operating system says about a path into a line for a person. */
export function refuse(path: string, cause: unknown): never {
  const code = codeOf(cause);
  const reason = REASONS[code];
  const message =
    reason === undefined
      ? `The data folder ${path} cannot be used (${code}): name another one, or ${OWN_SERVER}.`
      : `The data folder ${path} ${reason}, or ${OWN_SERVER}.`;
  throw new EmbeddedPostgresError(message, { cause });
}

const NOT_WRITABLE = "is not writable by this user: give it to this user, name another one";

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: "is a file: name a folder",
  ENOENT: "cannot be made: name one whose parent can be written",
  ENOTDIR: "is a file or lies below one: name a folder",
  EACCES: NOT_WRITABLE,
  EPERM: NOT_WRITABLE,
  EROFS: "is on a read-only file system: name one that can be written",
  ENOSPC: "is on a full disk: make room",
};

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

function layout(dataDir: string, home: string): Folder {
  return {
    dataDir,
    home,
    data: join(home, "data"),
    password: join(home, "password"),
    log: join(home, "server.log"),
  };
}

async function readVersion(folder: Folder): Promise<string | undefined> {
  try {
    return (await readFile(join(folder.data, "PG_VERSION"), "utf8")).trim();
  } catch (error) {
    return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR" ? undefined : refuse(folder.home, error);
  }
}

/** `lost+found` is what a freshly formatted volume holds. */
const OURS = /^(?:postgres\.new-.*|secret|lost\+found|\..*)$/;

function refuseForeign(dataDir: string, names: readonly string[]): void {
  const foreign = names.find((name) => !OURS.test(name));
  if (foreign === undefined) return;
  throw new EmbeddedPostgresError(
    `The data folder ${dataDir} holds something that is not Latchkey's (${JSON.stringify(foreign)}): name an empty or a new folder.`,
  );
}

function refuseOtherMajor(folder: Folder, version: string): void {
  if (version === POSTGRES_MAJOR) return;
  throw new EmbeddedPostgresError(
    `${folder.data} was made by PostgreSQL ${JSON.stringify(version)}, and this is PostgreSQL ${POSTGRES_MAJOR}: follow "Upgrading PostgreSQL" in docs/backup-and-upgrade.md.`,
  );
}

async function fill(aside: Folder, programs: Programs, durable: boolean): Promise<void> {
  const { account } = programs;
  if (account !== undefined) await chown(aside.home, account.uid, account.gid);
  const initdb = await programs.run("initdb", initdbArguments(aside.data, durable));
  if (initdb.code !== 0) throw cannotBuild(aside, initdb);
  await writeDurably(join(aside.data, "pg_hba.conf"), HOST_RULES, programs);
  const password = randomBytes(32).toString("base64url");
  await writeDurably(aside.password, `${password}\n`, programs);
  await createRoleAndDatabase(aside, programs, { password, durable });
}

/** Over the loopback, with the password, as the application's role: nobody else, the superuser included. */
const HOST_RULES = `host all ${ROLE} 127.0.0.1/32 scram-sha-256\n`;

function initdbArguments(data: string, durable: boolean): readonly string[] {
  // Statements that fail are the application's to report: logged here, they would carry personal data.
  const logging = ["timezone=UTC", "log_timezone=UTC", "log_min_messages=log", "log_checkpoints=off"];
  const settings = [...logging, `shared_buffers=${sharedBuffers()}MB`];
  return [
    `--pgdata=${data}`,
    "--username=postgres",
    "--auth=reject",
    "--encoding=UTF8",
    "--no-locale",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
    ...settings.map((setting) => `--set=${setting}`),
    ...(durable ? [] : ["--no-sync"]),
  ];
}

interface RoleOptions {
  readonly password: string;
  readonly durable: boolean;
}

async function createRoleAndDatabase(aside: Folder, programs: Programs, options: RoleOptions): Promise<void> {
  const { password, durable } = options;
  // Without -j, a line is a statement.
  const statements = [
    `create role ${ROLE} login createdb password '${password}'`,
    `create database ${ROLE} owner ${ROLE}`,
    "",
  ];
  const settings = ["-c", "exit_on_error=on", "-c", "log_min_error_statement=panic", ...(durable ? [] : ["-F"])];
  const args = ["--single", "-D", aside.data, ...settings, "postgres"];
  const outcome = await programs.run("postgres", args, statements.join("\n"));
  if (outcome.code !== 0) throw cannotBuild(aside, outcome);
}

function cannotBuild(folder: Folder, { output }: Outcome): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `PostgreSQL could not make its database in ${folder.dataDir} (${complaintIn(output)}): put that right, or ${OWN_SERVER}.`,
  );
}

async function writeDurably(path: string, text: string, { account }: Programs): Promise<void> {
  const { O_CREAT, O_TRUNC, O_WRONLY } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_TRUNC | NO_LINK, 0o600);
  try {
    await file.writeFile(text);
    if (account !== undefined) await file.chown(account.uid, account.gid);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function moveIntoPlace(aside: string, folder: Folder): Promise<void> {
  await syncFolder(aside);
  try {
    await rename(aside, folder.home);
  } catch (error) {
    if ((await readVersion(folder)) === undefined) refuse(folder.home, error);
  }
  await syncFolder(folder.dataDir);
}

/** Makes the names in a folder survive a power cut; Windows has no such thing and needs none. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/** Longer than any build takes: in a container, the next process may well get the id of the dead builder. */
const LEFT_OVER_AFTER_MS = 600_000;

async function removeLeftOvers(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    const builder = /^postgres\.new-(\d+)-/.exec(name)?.[1];
    if (builder === undefined) continue;
    const path = join(dataDir, name);
    if (await isLeftOver(path, Number(builder))) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

async function isLeftOver(path: string, builder: number): Promise<boolean> {
  if (!isAlive(builder)) return true;
  const facts = await stat(path).catch(() => undefined);
  return facts !== undefined && Date.now() - facts.mtimeMs > LEFT_OVER_AFTER_MS;
}
