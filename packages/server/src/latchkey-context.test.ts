import { createTestDatabase, type TestDatabase, testSecret } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLatchkey } from "./create-latchkey.ts";
import type { HttpOptions } from "./http/fetch-handler.ts";
import { forwardedHeaders } from "./http/forwarded-address.ts";

const secret = "a-secret-of-43-characters-as-it-should-be-xx";
const proxy = "10.0.0.7";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const open = (http: HttpOptions) =>
  createLatchkey({ database: database.connection, secret: testSecret, passwords: { cost: 4 }, http });

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** The address that the context has, by Node's headers and by the platform's. */
async function addressesOf(http: HttpOptions, remoteAddress: string | null, headers: Headers) {
  const latchkey = await open(http);
  try {
    const platforms = new globalThis.Headers(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    const contexts = [headers, platforms].map((given) => latchkey.context({ headers: given, remoteAddress }));
    return contexts.map(({ latchkey: { facts } }) => facts.address);
  } finally {
    await latchkey.stop();
  }
}

const twice = (address: string | null) => [address, address];

describe("the address of a context", () => {
  test("is the socket's, whatever headers say, where no proxy is trusted and no secret is known", async () => {
    const headers = {
      "x-forwarded-for": "203.0.113.9",
      [forwardedHeaders.address]: "203.0.113.9",
      [forwardedHeaders.secret]: secret,
    };
    expect(await addressesOf({}, proxy, headers)).toEqual(twice(proxy));
  });

  test("is what the last proxy that is not trusted was called from, and never the client's own word", async () => {
    const http = { trustedProxies: ["10.0.0.0/8"] };
    const forwarded = (text: string) => addressesOf(http, proxy, { "x-forwarded-for": text });
    expect(await forwarded("192.0.2.1, 203.0.113.9")).toEqual(twice("203.0.113.9"));
    expect(await forwarded("203.0.113.9, 10.1.2.3")).toEqual(twice("203.0.113.9"));
    expect(await forwarded("nobody")).toEqual(twice(proxy));
    expect(await addressesOf(http, "198.51.100.4", { "x-forwarded-for": "203.0.113.9" })).toEqual(
      twice("198.51.100.4"),
    );
  });

  test("is what a server names that knows a secret, and not what one names that does not", async () => {
    const http = { forwardedSecrets: [secret] };
    const named = (known: string) =>
      addressesOf(http, proxy, { [forwardedHeaders.address]: "203.0.113.9", [forwardedHeaders.secret]: known });
    expect(await named(secret)).toEqual(twice("203.0.113.9"));
    for (const wrong of ["", secret.slice(1), `${secret}x`]) expect(await named(wrong)).toEqual(twice(proxy));
  });

  test("is none where a host has none, and then no proxy's word counts either", async () => {
    const http = { trustedProxies: ["10.0.0.0/8"] };
    expect(await addressesOf(http, null, { "x-forwarded-for": "203.0.113.9" })).toEqual(twice(null));
  });
});

test("a proxy that is none, and a network that is everybody, are refused when the server is made", async () => {
  for (const trusted of ["everybody", "0.0.0.0/0", "10.0.0.0/33"])
    await expect(open({ trustedProxies: [trusted] })).rejects.toThrow(`trustedProxies: ${trusted}`);
});

test("a context has facts and the headers of a call, and has verified nothing", async () => {
  const latchkey = await open({});
  try {
    const headers = {
      authorization: ["Bearer x", "Bearer y"],
      "user-agent": "a".repeat(600),
      "accept-language": "tr-TR,tr",
    };
    const { latchkey: call, ...rest } = latchkey.context({ headers, remoteAddress: proxy, requestId: "r-1" });
    expect(rest).toEqual({});
    expect(call.authorization).toEqual(["Bearer x", "Bearer y"]);
    expect(call.facts).toEqual({ requestId: "r-1", address: proxy, userAgent: "a".repeat(512), locale: "tr-TR" });
  } finally {
    await latchkey.stop();
  }
});
