import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { hash } from "@node-rs/bcrypt";
import { expect, test } from "vitest";
import { createMigratedDatabase } from "../processes/external-database.ts";
import { createInstallation, type Service } from "../processes/installation.ts";
import { type Crowd, createCrowd, expectNothingLost, expectUnavailable, forCrowds } from "./load-clients.ts";
import { expectCleanOutput, findDefects } from "./output.ts";
import { password, type Seen } from "./person.ts";
import { expectStarved, type ProcessorTime, watchProcessorTime } from "./processor-time.ts";
import { atLength, isLong } from "./run-length.ts";

const signIns = atLength(50, 30);
const rounds = atLength(5, 1);
const longestStop = 10_000;
/** When those who still wait for their password to be checked are told to come back. */
const timeLimit = 7_000;
/** What those have whose password is being checked then. */
const lastHashes = 1_000;
/** The cost of a hash that any machine makes in far less than that, unless it is busy with something else. */
const leastCost = 10;
/** As many as may wait for a hash in one process. */
const mostWaiting = 64;
/** Hashes do not give way to whatever else the machine does, which is another promise than that a stop ends. */
const settings = { ...forCrowds, HASH_PRIORITY: "normal" };

test(`SIGTERM with ${signIns} sign-ins in flight: not ready first, then every one is answered, and the end is with 0 within 10 seconds`, async () => {
  await using database = await createMigratedDatabase();
  const connection = { connectionString: database.url };
  await using installation = await createInstallation({ ...settings, DATABASE_URL: database.url });
  let service = await installation.start();
  using crowd = await createCrowd(connection, signIns, service);
  for (let round = 0; round < rounds; round += 1) {
    if (round > 0) service = await installation.start();
    Object.assign(crowd.door, { url: service.url, pid: service.pid });
    const { isCutOff, time } = await stopInFlight(service, crowd);
    if (isCutOff) expectStarved(time);
    await expectNothingLost(crowd, connection);
  }
});

// It takes the time that a stop may take.
test.runIf(isLong)(
  "SIGTERM with more sign-ins in flight than can be checked in time: the rest is told to try again",
  async () => {
    await using database = await createMigratedDatabase();
    const connection = { connectionString: database.url };
    await using installation = await createInstallation({ ...settings, DATABASE_URL: database.url });
    let cost = await findCost();
    let service = await installation.start({ PASSWORD_COST: String(cost) });
    using crowd = await createCrowd(connection, mostWaiting, service);
    for (let attempt = 0; ; attempt += 1) {
      Object.assign(crowd.door, { url: service.url, pid: service.pid });
      const { isCutOff, refused, time } = await stopInFlight(service, crowd);
      await expectNothingLost(crowd, connection);
      if (!isCutOff && refused.length > 0) return;
      if (isCutOff && cost === leastCost) expectStarved(time);
      if (attempt === 7)
        throw new Error("Hashes were too slow or too fast here, whatever they cost: try it on a machine at rest");
      // The machine has become slower or faster since a hash was measured.
      cost = Math.min(15, Math.max(leastCost, cost + (isCutOff ? -1 : 1)));
      service = await installation.start({ PASSWORD_COST: String(cost) });
    }
  },
);

/**
 * The cost at which this machine, as busy as it is now, makes as many hashes as the service makes at once in half of the time that
 * those have which are being made when the others are refused.
 */
async function findCost(): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, () => hash(password, { cost: leastCost })));
  const doublings = Math.floor(Math.log2(lastHashes / 2 / (performance.now() - startedAt)));
  return leastCost + Math.min(5, Math.max(0, doublings));
}

interface Stopped {
  readonly refused: readonly Seen[];
  /** Whether hashes took so long that the calls that waited for them were ended with the process, or that its end was late. */
  readonly isCutOff: boolean;
  /** What the process had of the machine meanwhile. */
  readonly time: ProcessorTime;
}

async function stopInFlight(service: Service, crowd: Crowd): Promise<Stopped> {
  // Connections that are open already, so that a call is with the service as soon as it is sent.
  await Promise.all(crowd.people.map((person) => person.read()));
  const watcher = await beginToAsk(service.url);
  const signingIn = crowd.people.map((person) => person.signIn());
  let unanswered = signingIn.length;
  for (const call of signingIn) call.then(() => (unanswered -= 1));
  await turn();
  service.signal("SIGTERM");
  const end = Promise.race([service.outcome, waitElsewhere(longestStop)]);
  const watching = watchProcessorTime(service);
  await service.untilLogged("shutting down");
  expect(await watcher.ask()).toMatch(/^HTTP\/1\.1 503 [\s\S]*\{"status":"shutting down"\}$/);
  expect(unanswered).toBeGreaterThan(signingIn.length / 2);

  const seen = await Promise.all(signingIn);
  const refused = seen.filter(({ status }) => status !== 200);
  const isLate = (await end) === "the wait";
  const outcome = await service.outcome;
  const time = await watching;
  expectCleanOutput(service, crowd);
  const isCutOff = isLate || service.log().some(({ msg }) => msg === "stopping with calls unanswered");
  if (isCutOff) return { refused, isCutOff, time };
  expect(findDefects(service)).toEqual([]);
  expectUnavailable(refused);
  for (const { milliseconds } of refused) expect(milliseconds).toBeGreaterThan(timeLimit);
  expect(outcome).toMatchObject({ code: 0 });
  expect(service.log().at(-1)).toMatchObject({ msg: "stopped" });
  return { refused, isCutOff, time };
}

/** Another process that does nothing else: where one is late because the machine is busy, so is the other. */
async function waitElsewhere(milliseconds: number): Promise<"the wait"> {
  await promisify(execFile)(process.execPath, ["-e", `setTimeout(() => {}, ${milliseconds})`]);
  return "the wait";
}

/** A request for the readiness that has begun before the stop; whoever asks anew is not let in any more. */
async function beginToAsk(url: string): Promise<{ ask(): Promise<string> }> {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.write("GET /readyz HTTP/1.1\r\nHost: localhost\r\n");
  return {
    async ask() {
      let answer = "";
      socket.setEncoding("utf8").on("data", (text: string) => {
        answer += text;
      });
      socket.end("\r\n");
      await once(socket, "close");
      return answer;
    },
  };
}
