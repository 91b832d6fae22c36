import { randomBytes } from "node:crypto";
import { Agent, get } from "node:http";
import { expect, test } from "vitest";
import { createUser, obtainToken } from "../processes/accounts-by-cli.ts";
import { findFreePort } from "../processes/debian-postgres.ts";
import { createEmptyDatabase } from "../processes/external-database.ts";
import { createInstallation } from "../processes/installation.ts";
import { until } from "../processes/service-process.ts";
import { startBalancer } from "./balancer.ts";

const calls = 10_000;
const callers = 8;
const processes = 4;

/** One call on a connection of its own, without a retry: its status, or what became of it. */
function callOnce(url: string, token: string): Promise<number | string> {
  return new Promise((resolve) => {
    const agent = new Agent({ keepAlive: false });
    const request = get(`${url}/trpc/me.get`, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.on("error", (error) => resolve(String(error)));
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    request.on("error", (error) => resolve(String(error)));
  });
}

test("0 of 10,000 calls, each on a connection of its own, fail while four processes behind a balancer are restarted one after the other", async () => {
  await using database = await createEmptyDatabase();
  const secret = randomBytes(32).toString("base64url");
  const variables = { DATABASE_URL: database.url, LATCHKEY_SECRET: secret, SHUTDOWN_DELAY: "3s" };
  await using installation = await createInstallation(variables);
  await createUser(installation, "--username", "alice");
  const ports: number[] = [];
  while (ports.length < processes) ports.push(await findFreePort());
  const services = new Map(
    await Promise.all(ports.map(async (port) => [port, await installation.start({ PORT: String(port) })] as const)),
  );
  await using balancer = await startBalancer(ports);
  const token = await obtainToken(balancer.url, "alice");

  const failed: (number | string)[] = [];
  let done = 0;
  let restarts = 0;
  const isOver = () => done >= calls && restarts >= ports.length;
  async function callOn(): Promise<void> {
    while (!isOver()) {
      const outcome = await callOnce(balancer.url, token);
      if (outcome !== 200) failed.push(outcome);
      done += 1;
    }
  }
  async function restartOn(): Promise<void> {
    for (let turn = 0; !isOver(); turn += 1) {
      const port = ports[turn % ports.length] ?? 0;
      expect(await services.get(port)?.stop()).toMatchObject({ code: 0 });
      services.set(port, await installation.start({ PORT: String(port) }));
      await until(() => balancer.isReady(port));
      restarts += 1;
    }
  }
  await Promise.all([restartOn(), ...Array.from({ length: callers }, callOn)]);
  expect({ failed, calls: done >= calls }).toEqual({ failed: [], calls: true });
  console.log(`${done} calls, ${restarts} restarts, ${failed.length} failed`);
});
