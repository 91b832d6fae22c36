import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createAuth } from "@latchkey/auth";
import { createTestAuth, type TestAuth, testSecret } from "@latchkey/auth/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchScript, type Program, until } from "../processes/service-process.ts";
import { atLength, withDice } from "./run-length.ts";

const kills = atLength(20, 3);
/** Milliseconds of work after which the blow comes, at most. */
const longestWork = 300;

interface Received {
  readonly id: string;
  readonly to: string;
  readonly code: string;
}

const stack = new AsyncDisposableStack();
let service: TestAuth;
let provider: { readonly url: string; readonly received: Received[] };
beforeAll(async () => {
  service = stack.use(await createTestAuth());
  provider = await startProvider();
});
afterAll(() => stack.disposeAsync());

/** A provider that takes a while for each answer, so that a process can die before, between and after. */
async function startProvider() {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    received.push(JSON.parse(body));
    await pause(received.length % 3 === 0 ? 40 : 2);
    response.end(`provider-${received.length}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stack.defer(() => server.closeAllConnections());
  stack.defer(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

function launch(variables: Readonly<Record<string, string>>): Program {
  const script = fileURLToPath(new URL("./asking-process.ts", import.meta.url));
  const CONNECTION = JSON.stringify(service.database.connection);
  const all = { CONNECTION, SECRET: testSecret, PROVIDER: provider.url, ...variables };
  return launchScript(script, [], { folder: tmpdir(), variables: all });
}

const askedBy = (program: Program) => [...program.stdout().matchAll(/^asked (\S+)$/gm)].map(([, to = ""]) => to);

async function end(program: Program): Promise<void> {
  program.signal("SIGKILL");
  await program.outcome;
}

const isNothingDue = async () =>
  (await service.database.query("select from latchkey.challenges where due_at is not null")).length === 0;

test(
  `kill -9 at ${kills} random moments between asking, sending and noting: every code that was acknowledged is sent, under one id`,
  { tags: ["long"] },
  () =>
    withDice(async (dice) => {
      const asked: string[] = [];
      for (let round = 0; round < kills; round += 1) {
        const program = launch({ FROM: String(round * 10_000) });
        await until(() => askedBy(program).length > 0 || !program.isRunning());
        await pause(dice.between(0, longestWork));
        await end(program);
        expect((await program.outcome).stderr).toBe("");
        asked.push(...askedBy(program));
        // What the dead one had taken is free again.
        await service.clock.advance(31);
      }
      const last = launch({ ASK: "none" });
      await until(isNothingDue);
      await end(last);

      const byNumber = Map.groupBy(provider.received, ({ to }) => to);
      expect(asked.length).toBeGreaterThanOrEqual(kills);
      expect(asked.filter((to) => !byNumber.has(to))).toEqual([]);
      for (const [to, messages] of byNumber) {
        expect(new Set(messages.map(({ id }) => id)).size, to).toBe(1);
        expect(new Set(messages.map(({ code }) => code)).size, to).toBe(1);
      }
    }),
);

test("what a dead process left behind is not sent once its code has run out", { tags: ["long"] }, async () => {
  const dying = launch({ FROM: "900000", PROVIDER: "http://127.0.0.1:9" });
  await until(() => askedBy(dying).length > 0 || !dying.isRunning());
  await end(dying);
  await service.clock.advance(601);
  const sent: string[] = [];
  const sms = { send: async ({ to }: { to: string }) => ({ providerId: `provider-${sent.push(to)}` }) };
  const messages = { senders: { sms }, isEnforced: false };
  const next = createAuth(service.database.connection, { secret: testSecret, messages });
  await next.initialize();
  await until(isNothingDue);
  await next.close();
  expect(sent).toEqual([]);
});
