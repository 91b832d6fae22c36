import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, startLiveServer } from "../live-server.ts";
import { password, signUp } from "./accounts-over-http.ts";
import { invalidCredentials } from "./refusals.ts";

const live = await startLiveServer({ phones: { defaultCountry: "TR" } });
afterAll(() => live[Symbol.asyncDispose]());

let aliceId: string;
beforeAll(async () => {
  const alice = { username: "Alice", phoneNumber: "0532 123 45 67", email: "Alice@example.org" };
  aliceId = (await signUp(live, alice)).user.id;
});

const obtain = (username: string) => call(live.url, "token.obtain", { input: { username, password } });

describe("the person is found by", () => {
  test.each([
    "alice",
    "ALICE",
    "  Alice\t",
    "ａｌｉｃｅ",
    "alıce",
    "+905321234567",
    "0532 123 45 67",
    "5321234567",
    "00905321234567",
    "+90 (532) 123-45-67",
    "+90\u00a0532\u2011123.45.67",
    "٠٥٣٢١٢٣٤٥٦٧",
    "＋９０５３２１２３４５６７",
    "Alice@example.org",
    "ALICE@EXAMPLE.ORG",
  ])("%s", async (username) => {
    const answer = await obtain(username);
    expect(answer).toMatchObject({ status: 200, body: { user: { id: aliceId, username: "Alice" } } });
  });
});

describe("nobody is found by", () => {
  test.each([
    ["a letter of another alphabet", "\u0430lice"],
    ["a letter that looks alike", "\u0251lice"],
    ["an invisible character", "ali\u200bce"],
    ["two names", "alice bob"],
    ["another number", "+905321234568"],
    ["the same number of another country", "+15321234567"],
    ["the number with an extension", "+905321234567;ext=1"],
    ["the number inside other text", "call +905321234567"],
    ["another domain", "alice@example.com"],
    ["a domain that goes on", "alice@example.org.evil.example"],
  ])("%s: %s", async (_, username) => {
    const answer = await obtain(username);
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual(invalidCredentials("token.obtain"));
  });
});
