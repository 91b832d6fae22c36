import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AuthError } from "../errors.ts";
import { processorTimeOf } from "../testing/processor-time.ts";
import { readBearerToken } from "./bearer.ts";

const refused = "token_invalid";

describe("headers that are not exactly one bearer token are refused", () => {
  test.each<[what: string, headers: string[]]>([
    ["no token", ["Bearer"]],
    ["a space and no token", ["Bearer "]],
    ["several spaces and no token", ["bearer   "]],
    ["a tab instead of a space", ["Bearer\tabc"]],
    ["a space and a tab", ["Bearer \tabc"]],
    ["a trailing space", ["Bearer abc "]],
    ["a trailing line break", ["Bearer abc\n"]],
    ["a second header in a line break", ["Bearer abc\r\nAuthorization: Bearer def"]],
    ["two tokens", ["Bearer abc def"]],
    ["a list with a comma", ["Bearer abc,def"]],
    ["a list of two credentials", ["Bearer abc, Bearer def"]],
    ["parameters instead of a token", ['Bearer token="abc"']],
    ["the word again", ["Bearer Bearer abc"]],
    ["a quoted token", ['Bearer "abc"']],
    ["padding inside", ["Bearer ab=c"]],
    ["nothing but padding", ["Bearer ="]],
    ["a NUL", ["Bearer abc\0"]],
    ["a percent sign", ["Bearer abc%20"]],
    ["a letter outside ASCII", ["Bearer abcé"]],
    ["a letter that folds to an ASCII one", ["Bearer abcſ"]],
    ["a full-width letter", ["Bearer ａbc"]],
    ["a no-break space", ["Bearer \u00a0abc"]],
    ["half a surrogate pair", ["Bearer \ud800"]],
    ["two headers", ["Bearer abc", "Bearer def"]],
    ["the same header twice", ["Bearer abc", "Bearer abc"]],
    ["two headers of which one is empty", ["", "Bearer abc"]],
    ["two headers of which one has another scheme", ["Basic YTpi", "Bearer abc"]],
    ["two headers of another scheme", ["Basic YTpi", "Basic YTpi"]],
  ])("%s", (_what, headers) => {
    expect(read(headers)).toBe(refused);
  });
});

describe("what names another scheme, or none, brings no token", () => {
  test.each<[what: string, headers: string[]]>([
    ["no header", []],
    ["an empty header", [""]],
    ["white space", ["   "]],
    ["Basic", ["Basic YWxpY2U6cGFzc3dvcmQ="]],
    ["Digest", ['Digest username="alice", realm="api"']],
    ["Token, as in other frameworks", ["Token abc"]],
    ["a token without a scheme", ["abc.def.ghi"]],
    ["a longer word", ["Bearerx abc"]],
    ["the old system's JWT scheme", ["JWT abc"]],
    ["no space after the word", ["Bearerabc"]],
    ["a colon after the word", ["Bearer: abc"]],
    ["an equals sign after the word", ["Bearer=abc"]],
    ["a comma after the word", ["Bearer, abc"]],
    ["a no-break space after the word", ["Bearer\u00a0abc"]],
    ["a space before the word", [" Bearer abc"]],
    ["a look-alike of the word", ["Веarer abc"]],
    ["the word behind another scheme", ["Basic Bearer abc"]],
    ["the word inside another word", ["xBearer abc"]],
  ])("%s", (_what, headers) => {
    expect(read(headers)).toBeNull();
  });
});

describe("one bearer token is read exactly as it is written", () => {
  test.each<[what: string, header: string, token: string]>([
    ["one space", "Bearer abc.def.ghi", "abc.def.ghi"],
    ["the scheme in small letters", "bearer abc", "abc"],
    ["the scheme in capitals", "BEARER abc", "abc"],
    ["the scheme in mixed case", "bEaReR abc", "abc"],
    ["several spaces, as RFC 9110 allows", "Bearer   abc", "abc"],
    ["every character of token68", "Bearer azAZ09-._~+/==", "azAZ09-._~+/=="],
    ["the word at the start of the token", "Bearer Bearerabc", "Bearerabc"],
    ["the word inside the token", "Bearer abcBearerdef", "abcBearerdef"],
    ["the word as the token", "Bearer Bearer", "Bearer"],
  ])("%s", (_what, header, token) => {
    expect(read([header])).toBe(token);
  });
});

test("whatever the headers are: a token68, nothing, or a refusal", () => {
  const header = fc.oneof(
    fc.array(fc.nat(0xffff), { maxLength: 30 }).map((units) => String.fromCharCode(...units)),
    fc.string({ unit: fc.constantFrom(..."Bearer \t,=abc.ſK"), maxLength: 30 }),
    fc.string({ unit: fc.constantFrom(..." \t\n=.,aé"), maxLength: 12 }).map((rest) => `Bearer${rest}`),
  );
  fc.assert(
    fc.property(fc.array(header, { maxLength: 3 }), (headers) => {
      const token = read(headers);
      if (token === null || token === refused) return;
      expect(token).toMatch(/^[A-Za-z0-9\-._~+/]+=*$/);
      expect(headers).toHaveLength(1);
      expect(headers[0]?.endsWith(` ${token}`)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("a very long header is answered in no time", async () => {
  const spent = await processorTimeOf(() => {
    read([`Bearer ${" ".repeat(100_000)}`]);
    read([`Bearer ${"a".repeat(100_000)}!`]);
    read([`Bearer a${"=".repeat(100_000)}!`]);
  });
  expect(spent).toBeLessThan(1_000);
});

function read(headers: readonly string[]): string | null {
  try {
    return readBearerToken(headers);
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}
