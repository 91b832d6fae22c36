import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "../live-server.ts";
import { createUser, password } from "./accounts-by-cli.ts";
import { createEmptyDatabase, type EmptyDatabase, queryOnce } from "./external-database.ts";
import { createInstallation, type Installation, type Service } from "./installation.ts";

// The audit trail as an operator has it: told to another system, and verified on the command line.

let database: EmptyDatabase;
let installation: Installation;
beforeAll(async () => {
  database = await createEmptyDatabase();
  installation = await createInstallation({ DATABASE_URL: database.url, AUDIT_STREAM: "stdout" });
});
afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const query = (text: string) => queryOnce({ connectionString: database.url }, text);

/** The ids of events that a process told on its standard output. */
const toldBy = (service: Service) =>
  service.log().flatMap(({ type, id }) => (type === "audit" && typeof id === "string" ? [id] : []));

test("every event is told on standard output at least once, also over kill -9 in the midst of sign-ins", async () => {
  await createUser(installation, "--username", "alice");
  const told = new Set<string>();
  const readIds = async () => (await query("select id from latchkey.audit_events")).map(({ id }) => String(id));
  let earlier: readonly string[] = [];
  const listUntold = async () => (await readIds()).filter((id) => !earlier.includes(id) && !told.has(id));
  for (let round = 0; round < 4; round += 1) {
    const service = await installation.start();
    if (round === 0) earlier = await readIds();
    const signIn = () =>
      call(service.url, "token.obtain", { input: { username: "alice", password } }).catch(() => null);
    const signIns = Array.from({ length: 8 }, signIn);
    await Promise.race(signIns);
    if (round < 3) {
      service.signal("SIGKILL");
      await service.outcome;
    }
    await Promise.all(signIns);
    const readTold = async () => {
      for (const id of toldBy(service)) told.add(id);
      return listUntold();
    };
    // A process that was killed has the stream for some seconds more.
    if (round === 3) await expect.poll(readTold, { timeout: 60_000 }).toEqual([]);
    else await readTold();
  }
  expect(told.size).toBeGreaterThan(8);
});

test("audit verify says that the trail is intact, and names what was touched", async () => {
  const intact = await installation.run(["audit", "verify"]);
  expect(intact).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Intact: \d+ events/) });
  const [, head = ""] = /Head, to be kept elsewhere: (\S+)/.exec(intact.stdout) ?? [];
  expect(await installation.run(["audit", "verify", "--head", head])).toMatchObject({ code: 0 });
  expect(await installation.run(["audit", "verify", "--head", "1:xyz"])).toMatchObject({ code: 2, stdout: "" });
  const other = `${head.split(":")[0]}:${"0".repeat(64)}`;
  expect(await installation.run(["audit", "verify", "--head", other])).toMatchObject({ code: 1 });

  await query("update latchkey.audit_events set address = '192.0.2.7' where event = 'signed_in'");
  const json = await installation.run(["audit", "verify", "--json"]);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({ verdict: "broken", broken: { fault: "event_changed" } });
  expect(await installation.run(["audit", "verify"])).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^BROKEN at seal \d+, positions \d+ to \d+: events were changed: \d/),
  });
});
