import { AsyncLocalStorage } from "node:async_hooks";
import type { Auth } from "@latchkey/auth";
import { createTestAuth, shareOut, type TestAuth } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listenToStatements, type Statement } from "./statements.ts";

/** A node of a plan that has been run. */
interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

const people = process.env.LATCHKEY_LONG === "1" ? 100_000 : 20_000;
/** Nine in ten of them come before this one. */
const deep = people * 0.9;
const deepDigits = String(deep).padStart(7, "0");
/** What ten of them begin with. */
const deepTen = deepDigits.slice(0, -1);
/** Their sizes. The members of `late` are the last by name, the others are anybody. */
const groups = { few: [1, 5], some: [2, 1_600], many: [3, people / 2], late: [4, 1_600] } as const;
const groupNames = Object.keys(groups) as (keyof typeof groups)[];
const groupId = (name: keyof typeof groups) => `00000000-0000-4000-8000-00000000000${groups[name][0]}`;
/** When half of the events were over. */
const middle = "2024-06-01T00:00:00Z";
const actor = "00000000-0000-4000-8000-0000000000aa";

let service: TestAuth;
let listened: Auth;
let busy: { release(): void }[] = [];
/** What the driver is told to run by the call that goes on, to the letter. What workers ask meanwhile is no call's. */
const calls = new AsyncLocalStorage<Statement[]>();
let lastUser: string;
let deepUser: string;

beforeAll(async () => {
  service = await createTestAuth();
  await fill();
  listened = await service.another();
  // Connections from before are not listened to, so they are kept busy.
  busy = await Promise.all(Array.from({ length: listened.pool.totalCount }, () => listened.pool.connect()));
  listenToStatements(listened, (statement) => calls.getStore()?.push(statement));
});
afterAll(async () => {
  for (const client of busy) client.release();
  await service[Symbol.asyncDispose]();
});

async function fill(): Promise<void> {
  const { query } = service.database;
  // What may be a name is the concern of other tests; here it would cost most of the time.
  for (const kind of ["username", "phone_number", "email"]) {
    await query(`alter table latchkey.users drop constraint users_${kind}_grammar`);
  }
  await query(`
    insert into latchkey.users (id, username, username_key, phone_number, email, email_key, password, is_staff, is_active)
    select uuidv7(), name, name, '+90532' || digits, digits || '@example.com', digits || '@example.com', '!',
      n % 1000 = 0, n % 40 <> 7
    from generate_series(1, ${people}) n, lpad(n::text, 7, '0') digits, concat('user', digits) name`);
  for (const name of groupNames) {
    const [id, size] = [groupId(name), groups[name][1]];
    await query("insert into latchkey.groups (id, name) values ($1, $2)", [id, name]);
    await query(
      `insert into latchkey.user_groups select id, $1 from latchkey.users
        order by ${name === "late" ? "username desc" : "md5(username)"} limit ${size}`,
      [id],
    );
  }
  await query(
    `insert into latchkey.audit_events (id, occurred_at, event, actor_id, subject_id, address)
    select uuidv7(), timestamptz '${middle}' + (n - ${people / 2}) * interval '20 minutes',
      (array['signed_in', 'sign_in_refused', 'signed_out'])[n % 3 + 1], $1, person.id, '192.0.2.1'
    from (select id, row_number() over (order by id) n from latchkey.users) person`,
    [actor],
  );
  await query(
    `insert into latchkey.audit_events (id, event, address)
    select uuidv7(), 'keys_rotated', '198.51.100.7' from generate_series(1, 5)`,
  );
  // People whose addresses are still to be taken out of the trail; none of them is in it.
  await query("insert into latchkey.erasures (user_id) select uuidv7() from generate_series(1, 5000)");
  await query("vacuum analyze");
  const ids = await query<{ id: string }>("select id from latchkey.users order by id desc limit 1 offset $1", [deep]);
  deepUser = ids[0]?.id ?? "";
  const [last] = await query<{ id: string }>("select id from latchkey.users order by id desc limit 1");
  lastUser = last?.id ?? "";
}

function scansOf(node: PlanNode): PlanNode[] {
  const below = (node.Plans ?? []).flatMap(scansOf);
  return node["Relation Name"] === undefined ? below : [node, ...below];
}

/** How many rows a scan looked at. */
function rowsOf(scan: PlanNode): number {
  return Math.round((scan["Actual Rows"] + (scan["Rows Removed by Filter"] ?? 0)) * scan["Actual Loops"]);
}

/** What the statements of a call scan, and the most rows that one scan looks at. */
async function explain(run: (auth: Auth) => Promise<unknown>): Promise<{ kinds: string[]; rows: number }> {
  const ran: Statement[] = [];
  await calls.run(ran, () => run(listened));
  const plans: PlanNode[] = [];
  for (const { text, values } of ran.filter(({ text }) => /^\s*(with|select|update|delete)\b/.test(text))) {
    const [row] = await service.database.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(
      `explain (analyze, timing off, format json) ${text}`,
      values,
    );
    if (row) plans.push(row["QUERY PLAN"][0].Plan);
  }
  const scans = plans.flatMap(scansOf);
  const kinds = scans.map((scan) => `${scan["Node Type"]} on ${scan["Relation Name"]}`);
  return { kinds, rows: Math.max(...scans.map(rowsOf)) };
}

const cursorOf = (kind: string, position: string) =>
  Buffer.from(JSON.stringify([kind, position])).toString("base64url");

type UserQuery = Omit<Parameters<Auth["users"]["list"]>[0], "limit">;

const searches: Readonly<Record<string, Pick<UserQuery, "username" | "phoneNumber" | "email">>> = {
  everybody: {},
  "a username to the letter": { username: `USER${deepDigits}` },
  "the beginning of ten usernames": { username: `user${deepTen}` },
  "the beginning of all usernames": { username: "User" },
  "a phone number to the digit": { phoneNumber: `+90 532 ${deepDigits}` },
  "the beginning of ten phone numbers": { phoneNumber: `+90 532 ${deepTen}` },
  "the beginning of all phone numbers": { phoneNumber: "+90" },
  "an e-mail address to the letter": { email: `${deepDigits}@example.com` },
  "the beginning of ten e-mail addresses": { email: deepTen },
  "the beginning of all e-mail addresses": { email: "0" },
};

const marks = [undefined, true, false];

/** Everybody or a search, of all or of a group, with each filter and without, on the first page or a deep one. */
function* formsOf(search: string): Generator<[title: string, query: UserQuery]> {
  for (const group of [undefined, ...groupNames]) {
    for (const isActive of marks) {
      for (const isStaff of marks) {
        for (const depth of ["first", "deep"]) {
          const cursor = depth === "deep" ? deepCursorOf(searches[search]) : undefined;
          const query = { ...searches[search], ...(group && { groupId: groupId(group) }), isActive, isStaff, cursor };
          yield [
            `${depth} page of ${group ?? "all"}, active ${isActive ?? "or not"}, staff ${isStaff ?? "or not"}`,
            query,
          ];
        }
      }
    }
  }
}

/** Where nine in ten of those who are listed have been passed. */
function deepCursorOf(search: UserQuery = {}): string {
  if (search.username) return cursorOf("username", `user${deepDigits}`);
  if (search.phoneNumber) return cursorOf("phoneNumber", `+90532${deepDigits}`);
  if (search.email) return cursorOf("email", `${deepDigits}@example.com`);
  return cursorOf("id", deepUser);
}

type EventQuery = Omit<Parameters<Auth["listAuditEvents"]>[0], "limit">;

const eventForms: [title: string, make: () => EventQuery][] = [
  ["the first page", () => ({})],
  ["of one user", () => ({ userId: lastUser })],
  ["of one name, nearly everywhere", () => ({ event: "signed_in" })],
  ["of one name, nearly nowhere", () => ({ event: "keys_rotated" })],
  ["of a name that there is not", () => ({ event: "nothing" })],
  ["of one name of one user", () => ({ userId: lastUser, event: "signed_in" })],
  ["from an address, nearly everywhere", () => ({ address: "192.0.2.1" })],
  ["from an address, nearly nowhere", () => ({ address: "198.51.100.7" })],
  ["from an address that there is not", () => ({ address: "203.0.113.1" })],
  ["of before a time in the middle", () => ({ until: new Date(middle) })],
  ["of an hour in the middle", () => ({ from: new Date(middle), until: new Date(Date.parse(middle) + 3_600_000) })],
  ["of one name and before a time", () => ({ event: "signed_in", until: new Date(middle) })],
  ["of before everything", () => ({ until: new Date(0) })],
];

/** Bitmap scans read by an index too. */
const byIndex = /^(Index|Index Only|Bitmap Heap) Scan on /;

/** A page of 25 reads 26 rows, and of users one more for each standing; of events more, where a filter passes two of three by. */
const mostRows = { users: 26 + 3, events: 150 };

describe(`of ${people} users`, () => {
  // In the ordinary run half of the forms of each third search: with each group and filter the one page or the other.
  const halves = Object.keys(searches).flatMap((search) => [0, 1].map((half) => [search, half] as const));
  for (const { tags, cases } of shareOut(halves, 6))
    test.each(cases)(
      "every list of %s is read by indexes, and no more of it than is shown (half %i)",
      { tags },
      async (search, half) => {
        for (const [title, query] of [...formsOf(search)].filter(
          (_, index) => Math.floor((index + 1) / 2) % 2 === half,
        )) {
          const { kinds, rows } = await explain((auth) => auth.users.list({ ...query, limit: 25 }));
          expect(kinds, title).not.toEqual([]);
          for (const kind of kinds) expect(kind, title).toMatch(byIndex);
          expect(rows, title).toBeLessThanOrEqual(mostRows.users);
        }
      },
    );

  // How many rows are read is looked at in every run; on a machine that is full, times say little.
  test.each([
    { ranges: "one range of an index", times: 3, count: 1 },
    { ranges: "two, as a filter by one mark alone asks for,", times: 4, count: 2 },
  ])(
    "a list that is $ranges takes less than $times times as long as one row by its key",
    { tags: ["long"], timeout: 180_000 },
    async ({ times, count }) => {
      const { auth } = service;
      const single = () => auth.pool.query("select * from latchkey.users where id = $1", [lastUser]);
      const slow: [title: string, ratio: number][] = [];
      for (const [title, query] of timedForms().filter(([, query]) => countRanges(query) === count)) {
        const ratio = await compare(() => auth.users.list({ ...query, limit: 25 }), single, times);
        if (ratio >= times) slow.push([title, ratio]);
      }
      expect(slow).toEqual([]);
    },
  );
});

const countRanges = ({ isActive, isStaff }: UserQuery) =>
  (isActive === undefined) === (isStaff === undefined) ? 1 : 2;

/** Those that have the most to pass by: the rest reads no more of the same indexes. */
function timedForms(): [title: string, query: UserQuery][] {
  const broad = Object.keys(searches).filter((search) => /^everybody|of all/.test(search));
  return broad.flatMap((search) =>
    [...formsOf(search)]
      .filter(([title]) => /of (all|some|many),/.test(title) && !/staff false/.test(title))
      .filter(([title]) => search === "everybody" || title.startsWith("first"))
      .map(([title, query]): [string, UserQuery] => [`${search}: ${title}`, query]),
  );
}

const rounds = 40;

/**
 * How many times as long the first takes as the second, by turns, so that whatever else the machine does slows both alike. What
 * looks too long is measured again, since the machine may have been busy elsewhere.
 */
async function compare(run: () => Promise<unknown>, single: () => Promise<unknown>, limit: number): Promise<number> {
  let ratio = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 4 && ratio >= limit; attempt++) ratio = Math.min(ratio, await measure(run, single));
  return ratio;
}

async function measure(run: () => Promise<unknown>, single: () => Promise<unknown>): Promise<number> {
  const times = { run: [] as number[], single: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.single.push(await timeOf(single));
    times.run.push(await timeOf(run));
  }
  return median(times.run) / median(times.single);
}

async function timeOf(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

test.each(eventForms)(`of ${people} audit events, a page %s is read by an index`, async (_title, make) => {
  const { kinds, rows } = await explain((auth) => auth.listAuditEvents({ ...make(), limit: 25 }));
  expect(kinds).not.toEqual([]);
  for (const kind of kinds) expect(kind).toMatch(byIndex);
  expect(rows).toBeLessThanOrEqual(mostRows.events);
});
