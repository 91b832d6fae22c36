import { createServerSession } from "@latchkey/client/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alice, readStatuses } from "../browser/site.ts";
import { type Front, startFront } from "../browser/static-server.ts";
import { root } from "../docs/documents.ts";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createDice } from "../sessions/seeded-random.ts";
import { type ExampleProcess, startExample } from "./example-process.ts";

const folder = `${root}examples/next`;

let front: Front;
let next: ExampleProcess;
let live: LiveServer;
beforeAll(async () => {
  front = await startFront();
  live = await startLiveServer();
  front.handOnTo(live.url);
  await live.test.auth.createUser(alice);
  await live.test.auth.operator.grant("alice", { permission: "auth.view_user" });
  const args = ["start", "--hostname", "localhost", "--port", "0"];
  const variables = { LATCHKEY_URL: front.url, NEXT_TELEMETRY_DISABLED: "1" };
  next = await startExample({ script: `${folder}/node_modules/next/dist/bin/next`, args, folder, variables });
});
afterAll(async () => {
  await next[Symbol.asyncDispose]();
  await live[Symbol.asyncDispose]();
  await front[Symbol.asyncDispose]();
});

/** A browser's cookies for the app, as the last answer that reached it left them. */
class Jar {
  readonly cookies = new Map<string, string>();

  receive(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name = "", value = "", rest = ""] = /^([^=]+)=([^;]*);?(.*)$/.exec(line) ?? [];
      if (/Max-Age=0\b/i.test(rest)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }

  /** Lets the access token have run out by the clock of the server that renders. */
  expire(): void {
    for (const [name, value] of this.cookies) this.cookies.set(name, value.replace(/^\d+(?=\.)/, "1"));
  }

  get header(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

async function signIn(jar: Jar): Promise<void> {
  const serverSession = createServerSession({ url: live.url });
  const session = await serverSession(new Request(next.url));
  await session.signIn({ username: alice.username, password: alice.password });
  jar.receive(session.commit(new Response()).headers.getSetCookie());
}

/** One page of the app: its proxy, layout, page, permissions and people read the session for it. */
async function render(jar: Jar) {
  const response = await fetch(next.url, { headers: { cookie: jar.header }, redirect: "manual" });
  const isGreeted = /<h1>Hello, (<!-- -->)?alice/.test(await response.text());
  return { status: response.status, isGreeted, lines: response.headers.getSetCookie() };
}

const refreshes = () => readStatuses(front, "token.refresh");

test("in 200 renders of a real Next.js, alone and five at once, with tokens that run out and answers that are lost, one session goes on", async () => {
  const jar = new Jar();
  await signIn(jar);
  const dice = createDice(11);
  const tally = { renders: 0, rounds: 0, expired: 0, lost: 0, refreshed: 0 };
  let isLost = false;
  while (tally.renders < 200) {
    // Who did not get an answer asks again at once; else time passes, sometimes more than a token lives.
    const isExpired: boolean = !isLost && dice.roll() < 0.3;
    if (isExpired) {
      await live.test.clock.advance(16 * 60);
      jar.expire();
      tally.expired += 1;
    }
    const before = refreshes().length;
    const renders = await Promise.all(Array.from({ length: dice.roll() < 0.5 ? 5 : 1 }, () => render(jar)));
    const asked = refreshes().slice(before);
    expect(renders.map(({ status, isGreeted }) => [status, isGreeted])).toEqual(renders.map(() => [200, true]));
    // One for all that render at once, and none where none is due.
    expect(asked).toEqual(isExpired || isLost ? asked.slice(0, 1).map(() => 200) : []);
    isLost = isExpired && dice.roll() < 0.3;
    if (isLost) tally.lost += 1;
    else for (const { lines } of renders) jar.receive(lines);
    tally.renders += renders.length;
    tally.rounds += 1;
    tally.refreshed += asked.length;
  }
  expect(Math.min(tally.expired, tally.refreshed)).toBeGreaterThan(5);
  expect(tally.lost).toBeGreaterThan(1);
  const sessions = await live.test.database.query("select end_reason from latchkey.sessions");
  expect(sessions).toEqual([{ end_reason: null }]);
  const events = await live.test.database.query("select from latchkey.audit_events where event like '%reused%'");
  expect(events).toEqual([]);
});
