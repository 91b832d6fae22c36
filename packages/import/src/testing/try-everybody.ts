import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import { expect } from "vitest";
import { type ImportOptions, importPeople } from "../import-people.ts";
import { verifyImport } from "../verify-import.ts";
import { membersOf, type OddPerson } from "./odd-people.ts";
import { usual } from "./usual-options.ts";

export interface OddCrowd {
  readonly source: string;
  readonly people: readonly OddPerson[];
  /** Of how many rounds of {@link makeOddPeople} they are. */
  readonly rounds: number;
}

const settings = { phones: { defaultCountry: "TR" } } as const;

/**
 * Imports people of every oddity with every proposal accepted, and tries every name that they typed there: it is theirs here too, or the
 * report says under which code it is not, and it never is another's. More runs change nothing.
 */
export async function tryEverybody(crowd: OddCrowd, goOn: (service: TestAuth) => Promise<void> = async () => {}) {
  await using service = await createTestAuth(settings);
  const folder = await mkdtemp(join(tmpdir(), "latchkey-odd-"));
  const run = (options: Partial<ImportOptions> = {}) =>
    importPeople(service.auth, {
      ...usual,
      connection: service.database.connection,
      source: crowd.source,
      accept: ["all"],
      ...options,
    });
  for (const member of membersOf(crowd.rounds))
    await service.auth.createUser({ ...member, password: "a member's own password" });

  const answer = await run({ report: folder });
  expect(answer).toMatchObject({ exitCode: 0, created: crowd.people.length });
  expect(await readCodes(folder), "codes in the report").toEqual(
    new Map(
      crowd.people.filter(({ told }) => told.length > 0).map(({ old, told }) => [String(old.id), [...told].sort()]),
    ),
  );
  await rm(folder, { recursive: true });
  await tryNames(service, crowd);

  const before = await dump(service);
  for (let round = 0; round < (crowd.rounds > 1 ? 5 : 1); round += 1) {
    await service.clock.advance(60);
    const totals = { settled: crowd.people.length, changed: 0, new: 0 };
    expect(await run({ accept: ["permission_undeclared"] })).toMatchObject({ exitCode: 0, created: 0, totals });
  }
  expect(await dump(service)).toEqual(before);
  const verified = await verifyImport(service.auth, {
    ...usual,
    connection: service.database.connection,
    source: crowd.source,
  });
  expect(verified).toMatchObject({
    missing: 0,
    changed: 0,
    reachAnother: [],
    unreadable: [],
    different: [],
    isGood: true,
  });
  await goOn(service);
}

/** The codes of each person, by their old id, in the report. */
async function readCodes(folder: string): Promise<Map<string, string[]>> {
  const text = await readFile(join(folder, "rows.jsonl"), "utf8");
  const rows = text
    .trim()
    .split("\n")
    .map((line): { oldId: string; issues?: readonly { readonly code: string }[] } => JSON.parse(line));
  return new Map(
    rows.flatMap(({ oldId, issues }) =>
      issues ? [[oldId, [...new Set(issues.map(({ code }) => code))].sort()] as const] : [],
    ),
  );
}

/** Tries every name that somebody typed there, from an address of their own; another password of everybody, or of one of each kind. */
async function tryNames(service: TestAuth, { people, rounds }: OddCrowd): Promise<void> {
  const owners = await readOwners(service);
  for (const { kind, old, password, signsInBy, losesName, isShutOut } of people) {
    const as = (username: string, typed = password) => signIn(service, username, typed, old.id);
    const about = `${kind}: ${old.id} ${JSON.stringify(old.username)}`;
    for (const name of signsInBy)
      expect(owners.get((await as(name)) ?? ""), `${about} by ${name}`).toBe(String(old.id));
    const lost = isShutOut ? [old.username] : losesName;
    for (const name of lost) expect(await as(name), `${about} by ${name}`).toBeNull();
    const isFirst = people.find((other) => other.kind === kind)?.old.id === old.id;
    if (rounds === 1 && !isFirst) continue;
    const [name = old.username] = signsInBy;
    expect(await as(name, `${password}.`), `${about} with another password`).toBeNull();
  }
}

async function signIn(service: TestAuth, username: string, password: string, n: number): Promise<string | null> {
  // Limits on guessing are not what this is about.
  const facts = { ...service.facts, address: `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}` };
  try {
    const answer = await service.auth.signIn({ username, password }, facts);
    return "user" in answer ? answer.user.id : null;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "invalid_credentials") return null;
    throw error;
  }
}

async function readOwners({ database }: TestAuth): Promise<Map<string, string>> {
  const rows = await database.query<{ user_id: string; old_id: string }>(
    "select user_id, old_id from latchkey.imported_users where user_id is not null",
  );
  return new Map(rows.map(({ user_id, old_id }) => [user_id, old_id]));
}

const dump = ({ database }: TestAuth) =>
  database.query(
    "select u::text || i::text as row from latchkey.users u left join latchkey.imported_users i on i.user_id = u.id order by u.id",
  );
