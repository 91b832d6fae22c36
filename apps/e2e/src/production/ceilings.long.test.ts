import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Crowd, createCrowd, forCrowds } from "../faults/load-clients.ts";
import { type OwnPostgres, startOwnPostgres } from "../faults/own-postgres.ts";
import type { Person, Seen } from "../faults/person.ts";
import type { EmptyDatabase } from "../processes/external-database.ts";
import { createInstallation, type Installation, type Service } from "../processes/installation.ts";

// What one core of the service, and one core of the primary, can do at most: docs/scaling.md divides by these figures. Processor time is
// counted and not the clock, so that whatever else the machine does changes them little.

const people = 32;

let postgres: OwnPostgres;
let database: EmptyDatabase;
let installation: Installation;
let service: Service;
let crowd: Crowd;

beforeAll(async () => {
  postgres = await startOwnPostgres();
  database = await postgres.createDatabase();
  const settings = { DATABASE_URL: database.url, ACCESS_LOG: "failures", DATABASE_POOL: "10" };
  installation = await createInstallation({ ...settings, ...forCrowds });
  service = await installation.start();
  crowd = await createCrowd({ connectionString: database.url }, people, service);
});
afterAll(async () => {
  crowd?.[Symbol.dispose]();
  await installation?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
});

/** Hundredths of a second of processor time that a process has used, and its children that have ended. */
async function readTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // Behind the name of the program, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}

async function readPrimary(): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", [
    "-o",
    "pid=",
    "--ppid",
    String(postgres.pid),
    "--pid",
    String(postgres.pid),
  ]);
  const pids = stdout.trim().split(/\s+/).map(Number);
  return (await Promise.all(pids.map(readTicks))).reduce((sum, ticks) => sum + ticks, 0);
}

interface Ceiling {
  readonly calls: number;
  /** Microseconds of processor time for a call. */
  readonly service: number;
  readonly primary: number;
}

async function measure(atLeast: number, act: (person: Person) => Promise<Seen>): Promise<Ceiling> {
  await Promise.all(crowd.people.map(act));
  const before = { service: await readTicks(service.pid), primary: await readPrimary() };
  let calls = 0;
  await Promise.all(
    crowd.people.map(async (person) => {
      while (calls < atLeast) {
        expect(await act(person)).toMatchObject({ status: 200 });
        calls += 1;
      }
    }),
  );
  const perCall = (ticks: number) => Math.round((ticks * 10_000) / calls);
  return {
    calls,
    service: perCall((await readTicks(service.pid)) - before.service),
    primary: perCall((await readPrimary()) - before.primary),
  };
}

test.runIf(process.platform === "linux")(
  "a call, a refresh and a sign-in take of a primary no more than docs/scaling.md says",
  async () => {
    const signIns = await measure(200, (person) => person.signIn());
    const calls = await measure(5_000, (person) => person.read());
    const refreshes = await measure(2_000, (person) => person.refresh());
    console.log(`microseconds of processor time: ${JSON.stringify({ calls, refreshes, signIns })}`);
    expect(calls.primary).toBeLessThan(300);
    expect(refreshes.primary).toBeLessThan(1_500);
    expect(signIns.primary).toBeLessThan(10_000);
  },
);
