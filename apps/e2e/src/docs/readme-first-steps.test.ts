import { afterAll, beforeAll, expect, test } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { takeTab } from "../browser/tab.ts";
import { desktop, refuseViolations } from "../pages/look.ts";
import { createInstallation, type Installation, type Service } from "../processes/installation.ts";
import { until } from "../processes/service-process.ts";
import { readPage } from "./documents.ts";

let installation: Installation;
let service: Service;
beforeAll(async () => {
  installation = await createInstallation({}, { isOnTestServer: true });
  service = await installation.start();
});
afterAll(() => installation[Symbol.asyncDispose]());

/** The code of the first message to a number, as it is printed. */
async function readCode(number: string): Promise<string> {
  const message = new RegExp(`to \\${number.replaceAll(" ", "")} by sms: (\\d{6}) is`);
  const find = () => message.exec(service.stderr())?.[1];
  await until(() => find() !== undefined);
  return find() ?? "";
}

/** The calls of the README's first example, in order: the procedure, and its body with names for what was answered before. */
async function readCalls(): Promise<{ procedure: string; body: string }[]> {
  const { blocks } = await readPage("README.md");
  const block = blocks.find(({ language, code }) => language === "sh" && code.includes("codes.start"));
  const calls = (block?.code ?? "").replaceAll(/\\\n\s*/g, "").matchAll(/\/trpc\/([\w.]+) .* -d (['"])(.*)\2$/gm);
  return [...calls].map(([, procedure = "", , body = ""]) => ({ procedure, body: body.replaceAll('\\"', '"') }));
}

test("the README's first example registers somebody by phone where nobody has an account, with nothing but what is printed", async () => {
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
    if (procedure === "codes.start") known.MESSAGE_CODE = await readCode(JSON.parse(filled).to);
    if (answer.challenge) known.CHALLENGE = String(answer.challenge);
    if (answer.ticket) known.TICKET = String(answer.ticket);
  }
  expect(answer).toMatchObject({ token: expect.any(String), user: { phoneNumber: "+905321234568", firstName: "Ada" } });
});

inBrowser(browserTest)(
  "the README's first steps in a browser lead from the printed address to one's account",
  async ({ context }) => {
    const readme = (await readPage("README.md")).text;
    const [steps = ""] = /^1\. Press(.|\n)*?\n\n/m.exec(readme) ?? [];
    const [open = "", send = "", goOn = "", create = "", devices = ""] = [...steps.matchAll(/\*\*([^*]+)\*\*/g)].map(
      ([, name]) => name,
    );
    const [, number = ""] = /`(\+[\d ]+)`/.exec(steps) ?? [];
    const page = await takeTab(context);
    const viewport = page.viewportSize() ?? desktop;
    await page.setViewportSize(desktop);
    const said: string[] = [];
    page.on("console", (message) => void said.push(message.text()));
    await page.goto(service.url);
    await page.getByRole("link", { name: open }).click();
    await page.getByLabel("Phone number").fill(number);
    await page.getByRole("button", { name: send }).click();
    await page.getByLabel("Code", { exact: true }).fill(await readCode(number));
    await page.getByRole("button", { name: goOn }).click();
    await page.getByRole("button", { name: create }).click();
    await page.getByText(number.replaceAll(" ", "")).waitFor();
    await page.getByRole("link", { name: devices }).click();
    await page.getByText("This device").waitFor();
    await page.removeAllListeners("console", { behavior: "wait" });
    await page.setViewportSize(viewport);
    refuseViolations(said);
  },
);

test("whoever follows the README from its top creates each account with a number that no account has yet", {
  tags: ["long"],
}, async () => {
  const { text } = await readPage("README.md");
  const created = /such as `(\+[\d ]+)`|"to":"(\+[\d ]+)"|--phone "(\+[\d ]+)"/g;
  const numbers = [...text.matchAll(created)].map((found) => found.slice(1).find(Boolean));
  expect(numbers).toHaveLength(3);
  expect(new Set(numbers).size).toBe(3);
});
