import { describe, expect, test } from "vitest";
import { createInbox, createTestAuth, shareOut, type TestAuth } from "../../testing/index.ts";
import { codeOf, createProvedPerson, freshFacts, freshNumber } from "../../testing/people.ts";
import type { PublicPurpose } from "./start-code.ts";

// A country's budget counts the messages that were sent. Who asks for numbers of nobody's takes nothing of it, and could tell by where it ends
// how many of those asked for have accounts.

async function openService(registration: "open" | "closed") {
  const inbox = createInbox();
  // All of these numbers begin alike, which is not what is looked at here.
  const limits = { prefixPerHour: 1_000, prefixPerDay: 1_000 };
  const messages = { senders: { sms: inbox }, isEnforced: true, countries: ["TR"], limits };
  return { inbox, test: await createTestAuth({ messages, registration }) };
}

const outcomeOf = ({ auth, facts }: TestAuth, purpose: PublicPurpose, to: string) =>
  auth.startCode({ purpose, to }, freshFacts({ facts })).then((challenge) => Object.keys(challenge), codeOf);

const askForAll = async (service: TestAuth, purpose: PublicPurpose, numbers: readonly string[]) => {
  const outcomes = [];
  for (const number of numbers) outcomes.push(await outcomeOf(service, purpose, number));
  return outcomes;
};

const refusedRules = ({ database }: TestAuth) =>
  database.query("select distinct detail->>'rule' as rule from latchkey.audit_events where event = 'message_refused'");

const eightNumbers = () => Array.from({ length: 8 }, freshNumber);

for (const { tags, cases } of shareOut<[PublicPurpose, "open" | "closed"]>(
  [
    ["sign_in", "open"],
    ["reset_password", "open"],
    ["enter", "closed"],
  ],
  3,
))
  describe.each(cases)("asking for a code to %s, with registration %s", { tags }, (purpose, registration) => {
    test("tells nobody by the end of a shared budget which of many numbers have accounts", async () => {
      const { test: service, inbox } = await openService(registration);
      await using _ = service;
      const known = await Promise.all(Array.from({ length: 8 }, () => createProvedPerson(service)));
      const ofNobody = await askForAll(service, purpose, eightNumbers());
      const ofPeople = await askForAll(
        service,
        purpose,
        known.map(({ phoneNumber }) => phoneNumber),
      );
      expect(ofPeople).toEqual(ofNobody);
      expect(new Set(ofPeople.map(String)).size).toBe(1);
      expect(inbox.messages.length).toBeLessThan(8);
      expect(await refusedRules(service)).toEqual([{ rule: "country_budget" }]);
    });
  });

test("where everybody who asks is sent a code, its end is told, so that nobody waits for one", async () => {
  const { test: service } = await openService("open");
  await using _ = service;
  const outcomes = await askForAll(service, "enter", eightNumbers());
  expect(outcomes.at(-1)).toBe("rate_limited");
});
