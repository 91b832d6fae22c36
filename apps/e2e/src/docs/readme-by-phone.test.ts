import { afterAll, beforeAll, expect, test } from "vitest";
import { createInstallation, type Installation } from "../processes/installation.ts";
import { until } from "../processes/service-process.ts";
import { readPage } from "./documents.ts";

/** Milliseconds from the start of an empty folder; what a clone installs before depends on the network. */
const promised = 120_000;

let installation: Installation;
beforeAll(async () => {
  installation = await createInstallation({}, { form: "sources", isNew: true });
});
afterAll(() => installation[Symbol.asyncDispose]());

/** The calls of the README's first example, in order: the procedure, and its body with names for what was answered before. */
async function readCalls(): Promise<{ procedure: string; body: string }[]> {
  const { blocks } = await readPage("README.md");
  const block = blocks.find(({ language, code }) => language === "sh" && code.includes("codes.start"));
  const calls = (block?.code ?? "").replaceAll(/\\\n\s*/g, "").matchAll(/\/trpc\/([\w.]+) .* -d (['"])(.*)\2$/gm);
  return [...calls].map(([, procedure = "", , body = ""]) => ({ procedure, body: body.replaceAll('\\"', '"') }));
}

test("the README's first example registers somebody by phone on an empty folder, with nothing but what is printed", async () => {
  const startedAt = performance.now();
  const service = await installation.start();
  const known: Record<string, string | undefined> = {};
  const calls = await readCalls();
  expect(calls.map(({ procedure }) => procedure)).toEqual(["codes.start", "token.obtainByCode", "account.register"]);
  let answer: Record<string, unknown> = {};
  for (const { procedure, body } of calls) {
    const filled = body.replaceAll(/\$([A-Z_]+)/g, (_, name: string) => known[name] ?? `no ${name}`);
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${service.url}/trpc/${procedure}`, { method: "POST", headers, body: filled });
    expect(response.status, procedure).toBe(200);
    answer = ((await response.json()) as { result: { data: Record<string, unknown> } }).result.data;
    if (procedure === "codes.start") await until(() => /by sms: \d{6} is/.test(service.stderr()));
    const [, code] = /by sms: (\d{6}) is/.exec(service.stderr()) ?? [];
    Object.assign(known, { MESSAGE_CODE: code });
    if (answer.challenge) known.CHALLENGE = String(answer.challenge);
    if (answer.ticket) known.TICKET = String(answer.ticket);
  }
  expect(answer).toMatchObject({ token: expect.any(String), user: { phoneNumber: "+905321234568", firstName: "Ada" } });
  const elapsed = performance.now() - startedAt;
  console.log(`registered by phone ${Math.round(elapsed)} ms after the start`);
  expect(elapsed).toBeLessThan(promised);
});

test("whoever follows the README from its top creates each account with a number that no account has yet", async () => {
  const { text } = await readPage("README.md");
  const created = /such as `(\+[\d ]+)`|"to":"(\+[\d ]+)"|--phone "(\+[\d ]+)"/g;
  const numbers = [...text.matchAll(created)].map((found) => found.slice(1).find(Boolean));
  expect(numbers).toHaveLength(3);
  expect(new Set(numbers).size).toBe(3);
});
