import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as immediate } from "node:timers/promises";
import { stagingTables } from "@latchkey/auth/import";
import type pg from "pg";
import copy from "pg-copy-streams";
import type { Issue } from "../issue.ts";
import { type OldRow, SourceError } from "../old-row.ts";
import { isKeepable, type PersonRules, type ReadPerson, readPerson } from "../rules/read-person.ts";

/** A run of the command: what it has read is under this id until it is done. */
export interface Run {
  readonly client: pg.ClientBase;
  readonly id: string;
  /** The source's name here. */
  readonly source: string;
  /** Whether a pooler stands before PostgreSQL, whose connections may be few. */
  readonly isPooled: boolean;
  /** Whether webhooks are told of the people whom it brings and changes. */
  readonly tellsWebhooks: boolean;
}

/** Does work in one transaction. */
export async function inTransaction<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query("begin");
  try {
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

/** Does once more what breaks because somebody takes a name while it is under way: the next time it is seen that it is taken. */
export async function onceMore<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "23505") return attempt();
    throw error;
  }
}

/** Empties what this run, and one before it that was killed, have left. What has no page has neither rows nor what is left of them. */
export async function clearStaging({ client }: Run): Promise<void> {
  const { rows } = await client.query<{ mayTruncate: boolean; isEmpty: boolean }>(
    `select bool_and(has_table_privilege(name, 'TRUNCATE')) as "mayTruncate", max(pg_relation_size(name::regclass)) = 0 as "isEmpty"
    from unnest($1::text[]) name`,
    [[...stagingTables]],
  );
  if (rows[0]?.isEmpty) return;
  if (rows[0]?.mayTruncate && (await truncated(client))) return;
  for (const table of stagingTables) await client.query(`delete from ${table}`);
}

/** Whether nobody else was reading: who asks for a name reads here, and everybody after them would wait with a statement that waits for them. */
async function truncated(client: pg.ClientBase): Promise<boolean> {
  const tables = stagingTables.join(", ");
  try {
    await inTransaction(client, async () => {
      await client.query(`lock table ${tables} in access exclusive mode nowait`);
      await client.query(`truncate ${tables}`);
    });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "55P03") return false;
    throw error;
  }
}

/** What is known of a person from the round before. */
interface Known {
  readonly oldId: string;
  readonly userId: string | null;
  readonly isDeleted: boolean;
  /** Whether the account has no username: what is one there may be a name of another kind here. */
  readonly isUnnamed: boolean;
  readonly prints: {
    readonly there?: Readonly<Record<string, string>>;
    /** Fields that are here otherwise because somebody decided so. */
    readonly decided?: readonly string[];
  };
}

export type PersonState =
  /** Comes over. */
  | "new"
  /** Is here, and nothing changed there. */
  | "settled"
  /** Is here, and something changed there. */
  | "changed"
  /** Was deleted here. */
  | "deleted";

interface Staged {
  readonly person: ReadPerson;
  readonly position: number;
  readonly state: PersonState;
  /** Fields that changed there since the last time. */
  readonly changed: readonly string[];
  readonly issues: readonly Issue[];
}

/** People between whose readings what was written of those before goes on its way. */
const readAtOnce = 100;

/**
 * Reads a batch of people by the rules.
 *
 * @throws SourceError where an id cannot be kept: stored with a change, it would be another's
 */
export async function readPeople(rows: readonly OldRow[], rules: PersonRules): Promise<ReadPerson[]> {
  const people: ReadPerson[] = [];
  for (const row of rows) {
    if (row.oldId === "" || !isKeepable(row.oldId))
      throw new SourceError(
        `The source has an id that cannot be kept, ${JSON.stringify(row.oldId.slice(0, 40))}: is it the right column? Nothing was changed.`,
      );
    people.push(readPerson(row, rules));
    if (people.length % readAtOnce === 0) await immediate();
  }
  return people;
}

/** Writes a batch of people to the staging tables. Answers whether something changed of any who are here. */
export async function stage(run: Run, people: readonly ReadPerson[], from: number): Promise<boolean> {
  const known = await findKnown(
    run,
    people.map(({ oldId }) => oldId),
  );
  const staged = people.map((person, index) => judge(person, known.get(person.oldId), from + index));
  await copyRows(
    run.client,
    `latchkey.import_people (${personColumns})`,
    staged.map((one) => toPersonLine(run, one)),
  );
  const issues = staged.flatMap(({ person, issues }) =>
    issues.map(({ code, field, value, other, proposal }) =>
      toLine([run.id, person.oldId, code, field, value, other, proposal]),
    ),
  );
  await copyRows(run.client, `latchkey.import_issues (${issueColumns})`, issues);
  return staged.some(({ state }) => state === "changed");
}

const issueColumns = "run_id, old_id, code, field, value, other, proposal";

async function findKnown({ client, source }: Run, oldIds: readonly string[]): Promise<Map<string, Known>> {
  const { rows } = await client.query<Known>(
    `select i.old_id as "oldId", i.user_id as "userId", i.deleted_at is not null as "isDeleted", u.username is null as "isUnnamed", i.prints
    from latchkey.imported_users i left join latchkey.users u on u.id = i.user_id where i.source = $1 and i.old_id = any ($2)`,
    [source, oldIds],
  );
  return new Map(rows.map((row) => [row.oldId, row]));
}

/** The field of a person's print that an issue is about. */
const nameFields = ["username", "phoneNumber", "email"];

function judge(person: ReadPerson, known: Known | undefined, position: number): Staged {
  const rest = { person, position };
  if (known?.isDeleted) return { ...rest, state: "deleted", changed: [], issues: [] };
  if (!known?.userId) return { ...rest, state: "new", changed: [], issues: person.issues };
  const before = known.prints.there ?? {};
  const fields = new Set([...Object.keys(before), ...Object.keys(person.prints)]);
  // A kind says of a password that changed how: another word for the same one is no change.
  fields.delete("passwordKind");
  const changed = [...fields].filter((field) => before[field] !== person.prints[field]);
  if (changed.length === 0) return { ...rest, state: "settled", changed, issues: [] };
  const all = [...new Set([...changed, ...readTogether({ person, known, changed })])];
  // Whether it is the same person is found later: of another one all issues count.
  const mayBeAnother = changed.includes("dateJoined") || (changed.includes("password") && person.dateJoined === null);
  const issues = person.issues.filter(({ field }) => mayBeAnother || all.includes(field));
  return { ...rest, state: "changed", changed: all, issues };
}

/**
 * A username may be a name of another kind, such as a number: all names are read together where it changed. Where it is as it was, what it is
 * depends on the other two, unless somebody has decided about it.
 */
function readTogether({ person, known, changed }: Pick<Staged, "person" | "changed"> & { known: Known }) {
  if (changed.includes("username")) return person.username === null || known.isUnnamed ? nameFields : [];
  const isOfAnotherKind = person.username === null && person.prints.username !== undefined;
  const isDecided = known.prints.decided?.includes("username");
  return isOfAnotherKind && !isDecided && nameFields.some((field) => changed.includes(field)) ? ["username"] : [];
}

/** What becomes of people: each that there is of somebody. */
export async function listStates({ client, id }: Pick<Run, "client" | "id">): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ state: string }>(
    "select distinct state from latchkey.import_people where run_id = $1",
    [id],
  );
  return new Set(rows.map(({ state }) => state));
}

const personColumns = [
  "run_id, position, old_id, state, id, old_username, old_phone, username, username_key, phone_number, email, email_key",
  "password, is_weak, first_name, last_name, gender, country, city, state_name, is_approved_to_be_in_touch, is_active, is_staff",
  "is_superuser, date_joined, last_login, profile, groups, permissions, prints, changed, username_forms, phone_forms",
].join(", ");

function toPersonLine(run: Run, { person, position, state, changed }: Staged): string {
  return toLine([
    run.id,
    position,
    person.oldId,
    state,
    person.id,
    person.oldUsername,
    person.oldPhone,
    person.username,
    person.usernameKey,
    person.phoneNumber,
    person.email,
    person.emailKey,
    person.password,
    person.isWeak,
    person.firstName,
    person.lastName,
    person.gender,
    person.country,
    person.city,
    person.state,
    person.isApprovedToBeInTouch,
    person.isActive,
    person.isStaff,
    person.isSuperuser,
    person.dateJoined,
    person.lastLogin,
    JSON.stringify(person.profile),
    toArray(person.groups),
    toArray(person.permissions),
    JSON.stringify(person.prints),
    toArray(changed),
    toArray(person.usernameForms),
    toArray(person.phoneForms),
  ]);
}

const toArray = (items: readonly string[]) =>
  `{${items.map((item) => `"${item.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`).join(",")}}`;

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const needsEscape = /[\0\\\n\r\t]/;

/** It keeps no NUL, and what held one was told already. */
function toCell(value: string | number | boolean | null): string {
  if (value === null) return "\\N";
  const text = String(value);
  if (!needsEscape.test(text)) return text;
  return text.replaceAll("\0", "").replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? character);
}

/** A line of PostgreSQL's COPY. */
export const toLine = (values: readonly (string | number | boolean | null)[]): string =>
  `${values.map(toCell).join("\t")}\n`;

/** Writes lines to a table, all at once. */
export async function copyRows(client: pg.ClientBase, target: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const stream = client.query(copy.from(`copy ${target} from stdin`));
  await pipeline(Readable.from([lines.join("")]), stream);
}
