import { afterAll, beforeAll, expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { openPagesWindow } from "../pages/look.ts";
import { createInstallation, type Installation } from "../processes/installation.ts";
import { until } from "../processes/service-process.ts";
import { readPage } from "./documents.ts";

const test = inBrowser(browserTest);

let installation: Installation;
beforeAll(async () => {
  installation = await createInstallation({}, { form: "sources", isNew: true });
});
afterAll(() => installation[Symbol.asyncDispose]());

test("the README's first steps in a browser lead from the printed address to one's account", async ({ browser }) => {
  const readme = (await readPage("README.md")).text;
  const [steps = ""] = /^1\. Press(.|\n)*?\n\n/m.exec(readme) ?? [];
  const [open = "", send = "", goOn = "", create = "", devices = ""] = [...steps.matchAll(/\*\*([^*]+)\*\*/g)].map(
    ([, name]) => name,
  );
  const [, number = ""] = /`(\+[\d ]+)`/.exec(steps) ?? [];
  const service = await installation.start();
  await using window = await openPagesWindow(browser);
  const { page } = window;
  await page.goto(service.url);
  await page.getByRole("link", { name: open }).click();
  await page.getByLabel("Phone number").fill(number);
  await page.getByRole("button", { name: send }).click();
  await until(() => /by sms: \d{6} is/.test(service.stderr()));
  const [, code = ""] = /by sms: (\d{6}) is/.exec(service.stderr()) ?? [];
  await page.getByLabel("Code", { exact: true }).fill(code);
  await page.getByRole("button", { name: goOn }).click();
  await page.getByRole("button", { name: create }).click();
  await page.getByText(number.replaceAll(" ", "")).waitFor();
  await page.getByRole("link", { name: devices }).click();
  await page.getByText("This device").waitFor();
  expect(window.violations).toEqual([]);
});
