import { createHmac, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "../live-server.ts";
import { createMigratedDatabase } from "../processes/external-database.ts";
import { createInstallation, type Installation, type Service } from "../processes/installation.ts";
import { until } from "../processes/service-process.ts";
import type { Dice } from "../sessions/seeded-random.ts";
import { atLength, withDice } from "./run-length.ts";

const rounds = atLength(50, 1);
/** Codes that are asked for in a round. */
const asked = 4;
/** Milliseconds after which the blow comes, at most, and which the provider takes for an answer, at most. */
const longestWork = 250;
/** Tries of one message for which the provider may be too busy. There are four, of which a blow takes one. */
const busyTries = 2;
/** Seconds by which the database's clock is moved, so that what a dead process had taken is free again: the lease is 30. */
const pastLease = 31;

/** What the provider was handed. */
interface Handed {
  readonly id: string;
  readonly to: string;
  readonly code: string;
  readonly expiresAt: string;
  /** When, by the database's clock, in milliseconds since the epoch. */
  readonly at: number;
}

interface Scene {
  readonly installation: Installation;
  /** One connection: it is asked a hundred times a second what became of a message. */
  readonly database: pg.Client;
  readonly handed: Handed[];
  readonly key: Buffer;
  service: Service;
  numbers: number;
  /** Seconds by which the database's clock is ahead. */
  ahead: number;
}

let scene: Scene;
let dice: Dice;
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

beforeAll(async () => {
  const key = randomBytes(32);
  const handed: Handed[] = [];
  const url = await startProvider(handed);
  const { url: databaseUrl } = stack.use(await createMigratedDatabase());
  const installation = stack.use(
    await createInstallation({
      ...{ DATABASE_URL: databaseUrl, MIGRATE: "auto", MESSAGES: "webhook", MESSAGE_COUNTRIES: "TR" },
      ...{ WEBHOOK_SENDER_URL: url, WEBHOOK_SENDER_SECRET: `whsec_${key.toString("base64")}` },
      MESSAGES_PER_DAY: "1000000",
    }),
  );
  const free = "prefixPerHour: 1e6, prefixPerDay: 1e6, countryPerHour: 1e6, countryPerDay: 1e6, networkPerHour: 1e6";
  await installation.writeFile("latchkey.config.mjs", `export default { messages: { limits: { ${free} } } };`);
  const service = await installation.start();
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  stack.defer(() => database.end());
  scene = { installation, database, handed, key, service, numbers: 0, ahead: 0 };
});

/** A provider of the team's own that takes its time, and is sometimes too busy. */
async function startProvider(handed: Handed[]): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { data } = JSON.parse(body) as { data: Handed };
    handed.push({ ...data, at: Date.now() + scene.ahead * 1_000 });
    await pause(dice.between(0, longestWork));
    const isBusy = dice.roll() < 0.2 && handed.filter(({ id }) => id === data.id).length <= busyTries;
    response.writeHead(isBusy ? 503 : 200, { "content-type": "application/json" });
    response.end(isBusy ? "" : JSON.stringify({ providerId: `p-${data.id}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const readState = async (to: string) =>
  (await scene.database.query("select state, provider_id from latchkey.challenges where address = $1", [to])).rows[0];

/** Asks for a code, and answers whether that was acknowledged. */
async function ask(to: string): Promise<boolean> {
  const answer = await call(scene.service.url, "codes.start", { input: { purpose: "enter", to } }).catch(() => null);
  return answer?.status === 200;
}

async function movePastLease(): Promise<void> {
  scene.ahead += pastLease;
  await scene.database.query(`create or replace function latchkey.now() returns timestamptz language sql stable parallel safe
    as $$ select pg_catalog.now() + interval '${scene.ahead} seconds' $$`);
  await scene.database.query("delete from latchkey.throttles");
}

/** Tells that a message has arrived, as often as it takes. */
async function tellDelivered(id: string): Promise<void> {
  const body = JSON.stringify({ providerId: `p-${id}`, state: "delivered" });
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac("sha256", scene.key).update(`r-${id}.${timestamp}.${body}`).digest("base64");
  const headers = { "webhook-id": `r-${id}`, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
  await until(async () => {
    const url = `${scene.service.url}/messages/receipts/webhook`;
    const answer = await fetch(url, { method: "POST", body, headers }).catch(() => null);
    return answer?.status === 204;
  });
}

async function playRound(): Promise<void> {
  const numbers = Array.from({ length: asked }, () => `+9053266${String(++scene.numbers).padStart(5, "0")}`);
  const asking = Promise.all(numbers.map(ask));
  await pause(dice.between(0, longestWork));
  await scene.service.stop("SIGKILL");
  const acknowledged = await asking;
  scene.service = await scene.installation.start();
  await movePastLease();
  for (const [index, to] of numbers.entries()) {
    const isThere = (await readState(to)) !== undefined;
    if (acknowledged[index]) expect(isThere, to).toBe(true);
    // One that nobody was told of may be there all the same, and is sent then.
    if (isThere) {
      await until(async () => (await readState(to))?.state !== "queued");
      expect(await readState(to), to).toMatchObject({ state: "sent" });
    }
    const tries = scene.handed.filter((one) => one.to === to);
    expect(new Set(tries.map(({ id }) => id)).size, "ids of one message").toBe(isThere ? 1 : 0);
    expect(new Set(tries.map(({ code }) => code)).size, "codes of one challenge").toBe(isThere ? 1 : 0);
    for (const { expiresAt, at } of tries) expect(at).toBeLessThan(new Date(expiresAt).getTime());
    const [first] = tries;
    if (!first) continue;
    await tellDelivered(first.id);
    await tellDelivered(first.id);
    expect(await readState(to)).toMatchObject({ state: "delivered" });
  }
}

test(
  `kill -9 at ${rounds} random moments between asking, sending and receipt: no message is lost, none goes out under two ids or too late`,
  { tags: ["long"] },
  () =>
    withDice(async (seeded) => {
      dice = seeded;
      for (let round = 0; round < rounds; round += 1) await playRound();
    }),
);
