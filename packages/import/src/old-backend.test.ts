import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openOldBackend } from "./old-backend.ts";

/** A server that answers whatever a test wants of it, and one beside it to which nothing may be sent. */
let there: Server;
let elsewhere: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const askedElsewhere: (string | undefined)[] = [];

async function listen(onRequest: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(onRequest).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  there = await listen((request, response) => answer(request, response));
  elsewhere = await listen((request, response) => {
    askedElsewhere.push(request.url);
    response.end('{"token":"a.b.c"}');
  });
});
beforeEach(() => {
  answer = (_request, response) => response.end("{}");
});
afterAll(() => {
  for (const server of [there, elsewhere]) server.close();
});

const open = (options: Partial<Parameters<typeof openOldBackend>[0]> = {}) =>
  openOldBackend({ url: urlOf(there), signInPath: "/token", pagePath: "/me", nameField: "username", ...options });
const signIn = (options = {}) => open(options).signIn({ name: "ada", password: "of ada alone" });
const reply = (status: number, body: string, headers = {}) => {
  answer = (_request, response) => response.writeHead(status, headers).end(body);
};

test("the name and the password go to the named address alone, and the tokens of both kinds of backend are read", async () => {
  let sent = "";
  answer = async (request, response) => {
    for await (const piece of request) sent += piece;
    response.end('{"access":"a.b.c","refresh":"d.e.f"}');
  };
  expect(await signIn({ nameField: "email" })).toEqual({ access: "a.b.c", refresh: "d.e.f" });
  expect(JSON.parse(sent)).toEqual({ email: "ada", password: "of ada alone" });
  reply(200, '{"token":"a.b.c"}');
  expect(await signIn()).toEqual({ access: "a.b.c", refresh: null });
});

test("what the address has behind its host stays in front of the paths, since another program may be at the same host", async () => {
  const asked: (string | undefined)[] = [];
  answer = (request, response) => {
    asked.push(request.url);
    response.end('{"token":"a.b.c"}');
  };
  for (const url of [`${urlOf(there)}/backend`, `${urlOf(there)}/backend/`]) {
    await signIn({ url });
    await open({ url, pagePath: "me" }).openPage(null);
  }
  expect(asked).toEqual(["/backend/token", "/backend/me", "/backend/token", "/backend/me"]);
});

describe("nothing is sent to an address that is not named", () => {
  test.each([
    ["a whole address as a path", { signInPath: "ELSEWHERE" }],
    ["an address without a scheme", { pagePath: "//example.test/me" }],
    ["another scheme", { signInPath: "https:/token" }],
    ["an address that is written with a backslash", { signInPath: "\\\\example.test/token" }],
  ])("%s is refused", async (_what, options) => {
    const named = Object.fromEntries(
      Object.entries(options).map(([key, value]) => [key, value === "ELSEWHERE" ? `${urlOf(elsewhere)}/token` : value]),
    );
    expect(() => open(named)).toThrow(/nothing is sent to an address that --old-url does not name/);
  });

  test("a redirect is told, and not followed", async () => {
    reply(307, "", { location: `${urlOf(elsewhere)}/token` });
    await expect(signIn()).rejects.toThrow(/leads to http.*nothing was sent there/);
    await expect(open().openPage("a.b.c")).rejects.toThrow(/leads to/);
    expect(askedElsewhere).toEqual([]);
  });
});

describe("what is no old backend is one line", () => {
  test.each([
    ["no address", { url: "shop" }, /--old-url is no address/],
    ["another scheme", { url: "ftp://127.0.0.1/" }, /--old-url is no address/],
    ["a password in its address", { url: "http://me:hidden-word@127.0.0.1/" }, /leave them out/],
  ])("%s", (_what, options, told) => {
    expect(() => open(options)).toThrow(told);
    expect(() => open(options)).not.toThrow(/hidden-word/);
  });

  test("one that is away, with exit code 3", async () => {
    const away = await listen(() => {});
    const url = urlOf(away);
    away.close();
    await once(away, "close");
    await expect(signIn({ url })).rejects.toMatchObject({
      name: "SourceError",
      exitCode: 3,
      message: expect.stringMatching(/^The old backend does not answer at .*: ECONNREFUSED$/),
    });
  });

  test("one that hangs up in the midst of an answer", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{");
      response.destroy();
    };
    await expect(signIn()).rejects.toMatchObject({ exitCode: 3, message: expect.stringMatching(/does not answer at/) });
  });

  test.each<[what: string, status: number, body: string, exitCode: number, told: RegExp]>([
    ["a page of HTML", 200, "<!doctype html><p>Sign in", 2, /something that is no JSON.*--old-sign-in/],
    ["a list", 200, "[1,2]", 2, /JSON without a token/],
    ["an empty answer", 200, "", 2, /something that is no JSON/],
    ["null", 200, "null", 2, /no JSON/],
    ["a token that is none", 200, '{"token":{"value":"x"}}', 2, /JSON without a token/],
    ["a token with a line break", 200, '{"token":"a\\nb"}', 2, /JSON without a token/],
    ["a refusal", 401, '{"detail":"No"}', 2, /refuses the name and the password/],
    ["another name of the field", 400, '{"email":["This field is required."]}', 2, /--old-name-field/],
    ["no such page", 404, "Not found", 2, /no such page.*--old-sign-in/],
    ["a fault of its own", 500, "Server Error (500)", 3, /has a fault of its own/],
    ["an endless answer", 200, `{"token":"${"x".repeat(2_000_000)}"}`, 3, /longer than/],
  ])("%s at the sign-in", async (_what, status, body, exitCode, told) => {
    reply(status, body);
    const failing = signIn();
    await expect(failing).rejects.toMatchObject({
      name: "SourceError",
      exitCode,
      message: expect.stringMatching(told),
    });
    await expect(failing).rejects.not.toThrow(/\n|of ada alone/);
  });
});
