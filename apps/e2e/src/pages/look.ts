import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInbox, type Inbox } from "@latchkey/auth/testing";
import type { AxeResults } from "axe-core";
import type { Browser, BrowserContext, BrowserContextOptions, ConsoleMessage, Page, WebError } from "playwright-core";
import { findWindow, tidyUp } from "../browser/browser-test.ts";
import { leaveTab, takeTab } from "../browser/tab.ts";
import { type LiveServer, startLiveServer } from "../live-server.ts";

/** The service with its preview, whose messages end in an inbox. */
export interface PagesSite extends AsyncDisposable {
  readonly live: LiveServer;
  readonly inbox: Inbox;
}

/** @param options what else its core has; no passkeys unless said */
export async function startPagesSite(options: Parameters<typeof startLiveServer>[0] = {}): Promise<PagesSite> {
  const inbox = createInbox();
  const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false };
  const live = await startLiveServer({ messages, ...options }, { pages: { isDevelopment: true } });
  return { live, inbox, [Symbol.asyncDispose]: () => live[Symbol.asyncDispose]() };
}

/** A window of its own, and what the pages in it did against their own `Content-Security-Policy`, or failed at. */
export interface PagesWindow extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly page: Page;
  /** A test that has provoked one takes it away. Where one against the policy is left at the end, the test fails. */
  readonly violations: string[];
}

const isOfPolicy = (text: string) => /Content Security Policy|Refused to/i.test(text);

/** Fails the test in whose window something was done against the policy. */
export function refuseViolations(violations: readonly string[]): void {
  const [first] = violations.filter(isOfPolicy);
  if (first !== undefined) throw new Error(`A page did something against its Content-Security-Policy: ${first}`);
}

export async function openPagesWindow(browser: Browser, options: BrowserContextOptions = {}): Promise<PagesWindow> {
  const context = await browser.newContext({ viewport: phone, reducedMotion: "reduce", ...options });
  // The machine may be busy with something else.
  context.setDefaultTimeout(100_000);
  const violations: string[] = [];
  context.on("console", (message) => {
    if (isOfPolicy(message.text())) violations.push(message.text());
  });
  context.on("weberror", (error) => void violations.push(String(error.error())));
  const page = await context.newPage();
  return {
    ...{ context, page, violations },
    async [Symbol.asyncDispose]() {
      await context.close();
      refuseViolations(violations);
    },
  };
}

/**
 * As {@link openPagesWindow}, in the tab that stays in the window of this process: one of its own costs Chromium a second of processor time. The
 * fixture of `context` takes away what is left there.
 */
export async function takePagesWindow(context: BrowserContext, viewport = phone): Promise<PagesWindow> {
  const page = await takeTab(context);
  const violations: string[] = [];
  const onConsole = (message: ConsoleMessage) => {
    if (isOfPolicy(message.text())) violations.push(message.text());
  };
  const onError = (error: WebError) => void violations.push(String(error.error()));
  context.on("console", onConsole).on("weberror", onError);
  await page.setViewportSize(viewport);
  await page.emulateMedia({ reducedMotion: "reduce" });
  // The machine may be busy with something else.
  context.setDefaultTimeout(100_000);
  return {
    ...{ context, page, violations },
    async [Symbol.asyncDispose]() {
      context.off("console", onConsole).off("weberror", onError);
      refuseViolations(violations);
    },
  };
}

/** The tab that stays, for all tests of a file: where a test begins on a page of the same service, Chromium starts no process for it. */
export interface KeptTab extends AsyncDisposable {
  /** The tab as it is to somebody who comes anew. What is disposed of is what a test did there. */
  take(): Promise<PagesWindow>;
}

export function keepTab(): KeptTab {
  let context: BrowserContext | undefined;
  let page: Page | undefined;
  return {
    async take() {
      const found = await findWindow();
      if (context === found && page && !page.isClosed()) {
        await page.evaluate("localStorage.clear(), sessionStorage.clear()");
        await Promise.all([context.clearCookies(), context.clearPermissions()]);
        leaveTab(page);
      }
      const window = await takePagesWindow(found);
      ({ context, page } = window);
      return window;
    },
    async [Symbol.asyncDispose]() {
      if (context) await tidyUp(context);
    },
  };
}

export const phone = { width: 360, height: 700 };
export const desktop = { width: 1280, height: 800 };
/** What is left of 1280 points at 400 % (WCAG 2.2, 1.4.10). */
export const zoomed = { width: 320, height: 256 };

/** At a name, since browsers hide what they offer for passkeys at an address of digits. */
export function previewUrl(url: string, preview: string, language: string): string {
  const page = new URL(`/sign-in?${new URLSearchParams({ preview, language })}`, url);
  page.hostname = "localhost";
  return page.href;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds on the page, a line each. */
export async function findFaults(page: Page): Promise<string[]> {
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axeSource);
  // Of what is well nothing is told, which would take longer than to find what is not.
  const options = { runOnly: { type: "tag", values: rules }, resultTypes: ["violations"] };
  const run = `axe.run(document, ${JSON.stringify(options)})`;
  const { violations } = (await page.evaluate(run)) as AxeResults;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

/** What sticks out beside the window, so that one would have to scroll to and fro. */
export const findOverflow = (page: Page): Promise<string[]> =>
  page.evaluate(`{
    const { scrollWidth, clientWidth } = document.documentElement;
    const isOut = (one) => one.getBoundingClientRect().right > clientWidth + 1 || one.getBoundingClientRect().left < -1;
    scrollWidth <= clientWidth ? [] : [...document.querySelectorAll("body *")].filter(isOut).map((one) => one.outerHTML.slice(0, 120));
  }`);

const pressable = ".button, .notice, select, [aria-current=page], input:not([type=hidden], [type=checkbox], [hidden])";

/** What can be pressed or is marked, and would not be seen in colours that somebody forces, for want of a line around it. */
export const findBare = (page: Page, what = pressable): Promise<string[]> =>
  page.evaluate(`
    [...document.querySelectorAll(${JSON.stringify(what)})]
      .filter((one) => {
        const { borderTopStyle, borderTopWidth, borderTopColor } = getComputedStyle(one);
        return borderTopStyle === "none" || parseFloat(borderTopWidth) === 0 || borderTopColor === "rgba(0, 0, 0, 0)";
      })
      .map((one) => one.outerHTML.slice(0, 120))`);

/** Where the cursor is, and whether that is to be seen: around it, or around all that it stands for, such as a row. */
export const readFocus = (page: Page): Promise<{ readonly name: string; readonly isSeen: boolean }> =>
  page.evaluate(`{
    const isOutlined = ({ outlineStyle, outlineWidth }) => outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    const name = document.activeElement.getAttribute("name") ?? document.activeElement.textContent.trim();
    ({ name, isSeen: [null, "::after"].some((part) => isOutlined(getComputedStyle(document.activeElement, part))) });
  }`);
