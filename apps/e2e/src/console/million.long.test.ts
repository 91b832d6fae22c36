import { openConsoleFiles } from "@latchkey/api/console-files";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, type Person } from "../permissions/accounts-in-core.ts";
import { ask } from "../permissions/call-as.ts";
import { fillBeforeIndexes } from "../production/large-database.ts";
import { openConsole } from "./console-site.ts";

const test = inBrowser(browserTest);
const people = 1_000_000;
/** Milliseconds that half of the calls may take at most. */
const most = 300;
const groupId = "00000000-0000-4000-8000-000000000001";

let live: LiveServer;
let boss: Person;
let someId: string;
beforeAll(async () => {
  live = await startLiveServer({ phones: { defaultCountry: "TR" } }, { console: openConsoleFiles() });
  boss = await createPerson(live.test, { username: "boss", isSuperuser: true, isStaff: true });
  await fill();
}, 1_200_000);
afterAll(() => live?.[Symbol.asyncDispose]());

async function fill(): Promise<void> {
  const { query } = live.test.database;
  // What may be a name is the concern of other tests; here it would cost most of the time.
  for (const kind of ["username", "phone_number", "email"])
    await query(`alter table latchkey.users drop constraint users_${kind}_grammar`);
  await fillBeforeIndexes(query, "users", () =>
    query(`
      insert into latchkey.users (id, username, username_key, phone_number, email, email_key, password, is_staff, is_active)
      select uuidv7(), name, name, '+90532' || digits, digits || '@example.com', digits || '@example.com', '!',
        n % 1000 = 0, n % 40 <> 7
      from generate_series(1, ${people}) n, lpad(n::text, 7, '0') digits, concat('user', digits) name`),
  );
  await query("insert into latchkey.groups (id, name) values ($1, 'many')", [groupId]);
  await query("insert into latchkey.user_groups select id, $1 from latchkey.users where username like 'user0%5'", [
    groupId,
  ]);
  await query("insert into latchkey.import_sources (source) values ('django')");
  await query(`
    insert into latchkey.imported_users (source, old_id, user_id, named_since, seen_at)
    select 'django', row_number() over (order by id), id, now(), now() from latchkey.users where username like 'user%7'`);
  await query("vacuum analyze");
  const rows = await query<{ id: string }>("select id from latchkey.users where username = 'user0500000'");
  someId = rows[0]?.id ?? "";
}

const searches: Readonly<Record<string, object>> = {
  everybody: {},
  "a username": { username: "user0654321" },
  "the beginning of ten usernames": { username: "USER065432" },
  "the beginning of all usernames": { username: "user" },
  "a number in another spelling": { phoneNumber: "0090 532 065 43 21" },
  "the beginning of all numbers": { phoneNumber: "+90" },
  "an address": { email: "0654321@Example.com" },
  "the beginning of all addresses": { email: "0" },
  "an id of another system": { externalId: "54321" },
  "those who are disabled": { isActive: false },
  staff: { isStaff: true },
  "a group of many": { groupId },
  "disabled staff of a group, by the beginning of all their names": {
    groupId,
    isStaff: true,
    isActive: false,
    username: "u",
  },
};

async function timeOf(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

async function median(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < 11; count += 1) times.push(await timeOf(run));
  return times.toSorted((a, b) => a - b)[5] ?? 0;
}

/** The median; of what is too long the least of some, since the machine may have been busy with something else. */
async function measure(run: () => Promise<unknown>): Promise<number> {
  let least = await median(run);
  for (let attempt = 1; attempt < 4 && least >= most; attempt += 1) least = Math.min(least, await median(run));
  return least;
}

const list = (input: object) => ask(live, "users.list", { token: boss.token, input });

describe.skipIf(!isService)(`of ${people} people`, () => {
  test.for(Object.entries(searches))(
    "%s are listed, and the page after that, within what nobody waits for",
    async ([title, input]) => {
      const first = await list({ ...input, limit: 100 });
      expect(first.status, first.text.slice(0, 200)).toBe(200);
      // Nobody on the staff is disabled, which is the most that can be looked through for nobody.
      expect(first.body.users.length > 0, title).toBe(!title.startsWith("disabled staff"));
      const times = { first: await measure(() => list({ ...input, limit: 100 })), next: 0 };
      const { nextCursor: cursor } = first.body;
      if (cursor !== null) times.next = await measure(() => list({ ...input, limit: 100, cursor }));
      process.stderr.write(`${title}: ${Math.round(times.first)} ms, next page ${Math.round(times.next)} ms\n`);
      expect(Math.max(times.first, times.next)).toBeLessThan(most);
    },
  );

  test("one person is read as quickly", async () => {
    for (const procedure of ["users.get", "users.getWaysIn", "users.listSessions", "users.listPendingChanges"])
      expect(
        await measure(() => ask(live, procedure, { token: boss.token, input: { id: someId } })),
        procedure,
      ).toBeLessThan(most);
  });

  test("the console shows the first of them, finds one of them, and has few rows after thousands were passed", async ({
    browser,
  }) => {
    await using window = await openConsole(browser, { live }, boss, "/people");
    const { page } = window;
    await page.getByText("100 people, and more below").waitFor();
    await expect
      .poll(async () => {
        await page.mouse.wheel(0, 30_000);
        return page.getByText(/^[2-9],\d00 people/).count();
      })
      .toBe(1);
    expect(await page.getByRole("row").count()).toBeLessThan(60);
    await page.getByLabel("Search", { exact: true }).fill("0090 532 065 43 21");
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    await page.getByRole("link", { name: "user0654321" }).waitFor();
    expect(window.violations).toEqual([]);
  });
});
