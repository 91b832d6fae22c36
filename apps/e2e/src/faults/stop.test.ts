import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { createEmptyDatabase } from "../processes/external-database.ts";
import { createInstallation, type Service } from "../processes/installation.ts";
import { type Crowd, createCrowd, expectNothingLost, expectUnavailable, forCrowds } from "./load-clients.ts";
import { expectCleanOutput, findDefects } from "./output.ts";
import { atLength, isLong } from "./run-length.ts";

const signIns = 50;
const rounds = atLength(10, 1);
const longestStop = 10_000;
/** When those who still wait for their password to be checked are told to come back. */
const patience = 7_000;

test(`SIGTERM with ${signIns} sign-ins in flight: not ready first, then every one is answered, and the end is with 0 within 10 seconds`, async () => {
  await using database = await createEmptyDatabase();
  const connection = { connectionString: database.url };
  await using installation = await createInstallation({ ...forCrowds, DATABASE_URL: database.url });
  let service = await installation.start();
  using crowd = await createCrowd(connection, signIns, service.url);
  for (let round = 0; round < rounds; round += 1) {
    if (round > 0) service = await installation.start();
    crowd.door.url = service.url;
    await stopInFlight(service, crowd);
    await expectNothingLost(crowd, connection);
  }
});

// It takes the time that a stop may take.
test.runIf(isLong)(
  "SIGTERM with more sign-ins in flight than can be checked in time: the rest is told to try again",
  async () => {
    await using database = await createEmptyDatabase();
    const connection = { connectionString: database.url };
    await using installation = await createInstallation({
      ...forCrowds,
      DATABASE_URL: database.url,
      PASSWORD_COST: "15",
    });
    const service = await installation.start();
    using crowd = await createCrowd(connection, signIns, service.url);
    await stopInFlight(service, crowd);
    expect(crowd.seen.filter(({ status }) => status === 503).length).toBeGreaterThan(signIns / 2);
    await expectNothingLost(crowd, connection);
  },
);

async function stopInFlight(service: Service, crowd: Crowd): Promise<void> {
  // Connections that are open already, so that a call is with the service as soon as it is sent.
  await Promise.all(crowd.people.map((person) => person.read()));
  const watcher = await beginToAsk(service.url);
  const signingIn = crowd.people.map((person) => person.signIn());
  let unanswered = signIns;
  for (const call of signingIn) call.then(() => (unanswered -= 1));
  await turn();
  service.signal("SIGTERM");
  const toldAt = performance.now();
  await service.untilLogged("shutting down");
  expect(await watcher.ask()).toMatch(/^HTTP\/1\.1 503 [\s\S]*\{"status":"shutting down"\}$/);
  expect(unanswered).toBeGreaterThan(signIns / 2);

  const seen = await Promise.all(signingIn);
  const refused = seen.filter(({ status }) => status !== 200);
  expectUnavailable(refused);
  for (const { milliseconds } of refused) expect(milliseconds).toBeGreaterThan(patience);
  expect(await service.outcome).toMatchObject({ code: 0 });
  expect(performance.now() - toldAt).toBeLessThan(longestStop);
  expect(service.log().at(-1)).toMatchObject({ msg: "stopped" });
  expect(findDefects(service)).toEqual([]);
  expectCleanOutput(service, crowd);
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
