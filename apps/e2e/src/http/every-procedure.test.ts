import { createInbox, shareOutBy } from "@latchkey/auth/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, startLiveServer } from "../live-server.ts";
import { createPerson } from "../permissions/accounts-in-core.ts";
import { ask } from "../permissions/call-as.ts";
import { inputs, nest, objectsIn, textsIn, withInput } from "./procedure-inputs.ts";

const live = await startLiveServer({ messages: { senders: { sms: createInbox() }, isEnforced: false } });
let token: string;
beforeAll(async () => {
  ({ token } = await createPerson(live.test, { isSuperuser: true }));
});
afterAll(() => live[Symbol.asyncDispose]());

/** What holds for every answer to whatever was sent. */
function expectHarmless({ status, text }: Answer): void {
  expect(status).toBeLessThan(500);
  if (status >= 400) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(10 * 1024);
}

test("there are as many procedures as the page of permissions has, and most take an input", () => {
  expect(inputs.length).toBeGreaterThan(25);
  expect(withInput.length).toBeGreaterThan(18);
});

const strangeFields = [
  '{"isSuperuser_":true}',
  '{"__proto__":{"isSuperuser":true}}',
  '{"constructor":{"prototype":{}}}',
];
const wrongTexts = ["x".repeat(9_000), "a\0b", "\ud800", 7, ["x"], { x: "x" }];

/** The ordinary run tries so many of all, and at the next turn the ones after them. */
const shareOf = <One>(all: readonly One[], turn: number, count: number) =>
  shareOutBy(all, (_, index) => Math.floor(index / count) === turn % (all.length / count));

let fields = 0;

describe.each(withInput.map(([name, schema], turn) => [name, schema, turn] as const))("%s", (name, schema, turn) => {
  const isKnown = objectsIn(schema).length > 0;

  test("knows every field of every object that it takes, and no other", () => {
    expect(isKnown).toBe(true);
    for (const { additionalProperties } of objectsIn(schema)) expect(additionalProperties).toBe(false);
  });

  for (const { tags, cases } of shareOf(strangeFields, turn, 1))
    test("refuses a field that nobody asked for, and one that is a prototype", { tags }, async () => {
      for (const body of cases) {
        const answer = await ask(live, name, { token, input: JSON.parse(body) });
        expect([answer.status, answer.body.data.reason], body).toEqual([400, "invalid_input"]);
        expectHarmless(answer);
      }
      expect(({} as { isSuperuser?: boolean }).isSuperuser).toBeUndefined();
    });

  for (const path of textsIn(schema)) {
    for (const { tags, cases } of shareOf(wrongTexts, fields++, 2))
      test(`bounds ${path.join(".")}, and refuses in it what the database cannot keep`, { tags }, async () => {
        for (const value of cases) {
          const answer = await ask(live, name, { token, input: nest(path, value) });
          expect([answer.status, answer.body.data.reason]).toEqual([400, "invalid_input"]);
          expectHarmless(answer);
        }
      });
  }

  // In the ordinary run of one procedure in sixteen.
  const tags = turn % 16 === 0 ? [] : ["long"];
  test("answers anything at all with a refusal at the most", { tags, timeout: 60_000 }, async () => {
    const field = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.jsonValue(),
      fc.uuid(),
      fc.constant("__proto__"),
    );
    const names = [...objectsIn(schema).flatMap(({ properties }) => Object.keys(properties ?? {})), "__proto__", "x"];
    const object = fc.dictionary(
      fc.constantFrom(...names),
      fc.oneof(field, fc.dictionary(fc.constantFrom(...names), field)),
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: object }, fc.jsonValue()), async (input) => {
        expectHarmless(await ask(live, name, { token, input }));
      }),
      { numRuns: 25 },
    );
  });
});

describe.each(inputs.filter(([, schema]) => schema === null))("%s", (name) => {
  test("takes no input, and makes nothing of one", async () => {
    expectHarmless(await ask(live, name, { token, input: { id: "x", isSuperuser: true } }));
  });
});
