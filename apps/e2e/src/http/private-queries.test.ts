import { createAuthClient } from "@latchkey/client";
import { createServerClient } from "@latchkey/client/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAtRoot, type LiveServer, nameOf, startLiveServer } from "../live-server.ts";
import { createPerson, type Person, password } from "../permissions/accounts-in-core.ts";
import { procedureInputs, procedureTypes } from "../permissions/call-as.ts";

// Nothing about a person stands in an address, which browsers, proxies and servers write down.

let live: LiveServer;
let boss: Person;
beforeAll(async () => {
  live = await startLiveServer();
  boss = await createPerson(live.test, { isSuperuser: true, phoneNumber: "+905321234567" });
});
afterAll(() => live[Symbol.asyncDispose]());

const post = (path: string, body: string | undefined, headers: Record<string, string> = {}) =>
  fetch(`${live.url}/trpc/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${boss.token}`, ...headers },
    ...(body !== undefined && { body }),
  });

test("every query is answered by POST as it is by GET", async () => {
  const queries = Object.keys(procedureTypes).filter((name) => procedureTypes[name] === "query");
  expect(queries.length).toBeGreaterThan(10);
  for (const name of queries) {
    const input = name.endsWith(".get") && procedureInputs[name] ? { id: boss.id } : {};
    const target = name === "users.listSessions" ? { id: boss.id } : input;
    const byPost = await post(nameOf(name), JSON.stringify(target));
    const byGet = await fetch(`${live.url}/trpc/${nameOf(name)}?input=${encodeURIComponent(JSON.stringify(target))}`, {
      headers: { authorization: `Bearer ${boss.token}` },
    });
    const [posted, got]: object[] = await Promise.all(
      [byPost, byGet].map((answer) => answer.json() as Promise<object>),
    );
    expect([byPost.status, Object.keys(posted ?? {})], name).toEqual([byGet.status, Object.keys(got ?? {})]);
  }
});

test("a batch of queries by POST has its inputs in the body", async () => {
  const names = [nameOf("users.list"), nameOf("me.get")].join(",");
  const answer = await post(`${names}?batch=1`, JSON.stringify({ 0: { phoneNumber: "+905321234567" }, 1: {} }));
  expect(await answer.json()).toMatchObject([{ result: { data: { users: [{ id: boss.id }] } } }, { result: {} }]);
});

test("a page of another origin gets no query answered by a form", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    expect((await post(nameOf("users.list"), "{}", { "content-type": type })).status).toBe(415);
});

test("no mutation is done by GET", async () => {
  const input = encodeURIComponent(JSON.stringify({ id: boss.id }));
  const answer = await fetch(`${live.url}/trpc/${nameOf("users.delete")}?input=${input}`, {
    headers: { authorization: `Bearer ${boss.token}` },
  });
  expect(answer.status).toBe(405);
});

test.runIf(isAtRoot)("the SDK puts nothing that is asked for into an address", async () => {
  const addresses: string[] = [];
  const watched: typeof fetch = (input, init) => {
    addresses.push(String(input));
    return fetch(input, init);
  };
  const auth = createAuthClient({ url: live.url, fetch: watched });
  await auth.signIn({ username: boss.username, password });
  const found = await auth.api.users.list.query({ phoneNumber: "+90 532 123 45 67" });
  expect(found.users).toMatchObject([{ id: boss.id }]);
  await Promise.all([auth.api.users.get.query({ id: boss.id }), auth.api.audit.list.query({ userId: boss.id })]);
  await auth.api.me.get.query();
  const api = createServerClient({ url: live.url, token: boss.token });
  expect((await api.users.list.query({ phoneNumber: "+905321234567" })).users).toHaveLength(1);
  const { search } = new URL(addresses.find((address) => address.includes("users.list")) ?? "");
  expect(search).not.toContain("input");
  for (const address of addresses) expect(decodeURIComponent(address)).not.toMatch(/532|phoneNumber|[0-9a-f]{8}-/);
  auth.dispose();
});

test("no line of the log holds what an address asked for", async () => {
  const before = live.logged.length;
  const input = encodeURIComponent(JSON.stringify({ phoneNumber: "+905321234567" }));
  await fetch(`${live.url}/trpc/${nameOf("users.list")}?input=${input}`, {
    headers: { authorization: `Bearer ${boss.token}` },
  });
  const lines = live.logged.slice(before).join("\n");
  expect(lines).toContain("users.list");
  expect(lines).not.toMatch(/input|5321234567|phoneNumber/);
});
