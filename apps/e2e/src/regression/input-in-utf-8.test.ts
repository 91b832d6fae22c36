import { afterAll, beforeAll, expect, test } from "vitest";
import { type LiveServer, nameOf, startLiveServer } from "../live-server.ts";

let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer();
});
afterAll(() => live[Symbol.asyncDispose]());

const json = "application/json";

async function register(body: Uint8Array | string, headers: Readonly<Record<string, string>> = {}) {
  const url = `${live.url}/trpc/${nameOf("account.register")}`;
  const answer = await fetch(url, { method: "POST", headers: { "content-type": json, ...headers }, body });
  return { status: answer.status, text: await answer.text() };
}

test.each([
  ["iso-8859-1", { "content-type": `${json}; charset=iso-8859-1` }],
  ["UTF-16", { "content-type": `${json};charset="UTF-16"` }],
  ["gzip", { "content-encoding": "gzip" }],
  ["two codings", { "content-encoding": "identity, br" }],
])("an input that says it is in %s is not read as something else", async (_, headers) => {
  const { status, text } = await register('{"username":"unread","password":"correct horse battery"}', headers);
  expect({ status, text }).toEqual({ status: 415, text: expect.stringContaining("in UTF-8, and not compressed") });
});

test.each([
  ["nothing", {}],
  ["UTF-8", { "content-type": `${json}; charset=UTF-8` }],
  ["utf8 in quotes, and identity", { "content-type": `${json};charset="utf8"`, "content-encoding": "identity" }],
])("one that says %s is read", async (_, headers) => {
  const body = JSON.stringify({ username: `reader${Object.keys(headers).length}`, password: "correct hörse battery" });
  expect(await register(body, headers)).toMatchObject({ status: expect.any(Number) });
  expect((await register(body, headers)).text).toContain("identifier_taken");
});

test("no password is set of which letters did not arrive, since another one would open the account as well", async () => {
  const body = Buffer.from('{"username":"latin","password":"correct h\xf6rse battery"}', "latin1");
  const { status, text } = await register(body);
  expect(status).toBe(400);
  expect(JSON.parse(text).error.data).toMatchObject({
    reason: "invalid_input",
    issues: [{ path: ["password"], code: "invalid_characters", message: expect.stringContaining("UTF-8") }],
  });
  expect(await live.test.database.query("select from latchkey.users where username = 'latin'")).toEqual([]);
});
