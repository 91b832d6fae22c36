import { afterAll, beforeAll, expect, test } from "vitest";
import { isAtRoot, type LiveServer, nameOf, startLiveServer } from "../live-server.ts";
import { createPerson, type Person } from "../permissions/accounts-in-core.ts";
import { ask, outcomeOf } from "../permissions/call-as.ts";

// One signed-in person had 300 changes in 15 requests all done.

let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer({ callBudgets: { own: 60, administration: 100 } });
});
afterAll(() => live[Symbol.asyncDispose]());

async function batch({ token }: Person, procedure: string, input: object): Promise<number[]> {
  const names = Array.from({ length: 20 }, () => nameOf(procedure)).join(",");
  const response = await fetch(`${live.url}/trpc/${names}?batch=1`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [index, input]))),
  });
  const answers = (await response.json()) as readonly { error?: { data: { httpStatus: number } } }[];
  return answers.map(({ error }) => error?.data.httpStatus ?? 200);
}

test("of 300 changes in 15 requests no more are done than a minute's worth, and the rest is refused before it runs", async () => {
  const person = await createPerson(live.test);
  const statuses: number[] = [];
  for (let request = 0; request < 15; request += 1)
    statuses.push(...(await batch(person, "me.update", { city: `City ${request}` })));
  const count = (status: number) => statuses.filter((one) => one === status).length;
  expect([count(200), count(429)]).toEqual([60, 240]);
  const [{ done } = {}] = await live.test.database.query(
    "select count(*)::int as done from latchkey.audit_events where actor_id = $1 and event = 'profile_updated'",
    [person.id],
  );
  expect(done).toBe(60);

  const refused = await ask(live, "me.update", { token: person.token, input: { city: "One more" } });
  expect(outcomeOf(refused)).toBe("429 rate_limited");
  expect(refused.headers.get("retry-after")).toBe("1");
  await live.test.clock.advance(10);
  expect(await batch(person, "me.update", { city: "Ten" })).toEqual([
    ...Array.from({ length: 10 }, () => 200),
    ...Array.from({ length: 10 }, () => 429),
  ]);
});

test("who has spent everything can still read their account, and nobody else misses anything", async () => {
  const [spent, other] = [await createPerson(live.test), await createPerson(live.test)];
  for (let request = 0; request < 4; request += 1) await batch(spent, "me.update", { city: "x" });
  for (const procedure of ["me.get", "me.permissions", "sessions.list"])
    expect(outcomeOf(await ask(live, procedure, { token: spent.token })), procedure).toBe("ok");
  expect(outcomeOf(await ask(live, "me.update", { token: other.token, input: { city: "y" } }))).toBe("ok");
});

test("what needs a permission is paid before it is looked at, and has a budget of its own", async () => {
  const person = await createPerson(live.test);
  const statuses: number[] = [];
  for (let request = 0; request < 6; request += 1)
    statuses.push(...(await batch(person, "users.delete", { id: person.id })));
  expect([statuses.filter((one) => one === 403).length, statuses.filter((one) => one === 429).length]).toEqual([
    100, 20,
  ]);
  expect(outcomeOf(await ask(live, "me.update", { token: person.token, input: { city: "y" } }))).toBe("ok");
});

test.runIf(isAtRoot)("a copy of all data costs twenty changes", async () => {
  const person = await createPerson(live.test);
  const outcomes: string[] = [];
  for (let time = 0; time < 4; time += 1)
    outcomes.push(outcomeOf(await ask(live, "me.export", { token: person.token })));
  expect(outcomes).toEqual(["ok", "ok", "ok", "429 rate_limited"]);
});
