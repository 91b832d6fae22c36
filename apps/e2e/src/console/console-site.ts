import { openConsoleFiles } from "@latchkey/api/console-files";
import { createInbox, type Inbox } from "@latchkey/auth/testing";
import type { SettingsReport } from "@latchkey/server";
import type { Browser, Page } from "playwright-core";
import { parseSettings } from "../../../api/src/environment.ts";
import { reportSettings } from "../../../api/src/settings-report.ts";
import { findWindow, tidyUp } from "../browser/browser-test.ts";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { desktop, openPagesWindow, type PagesWindow, refuseViolations, takePagesWindow } from "../pages/look.ts";
import { createPerson, type Facts, type Person, password } from "../permissions/accounts-in-core.ts";

/** The service with its console, and people who work there. */
export interface ConsoleSite extends AsyncDisposable {
  readonly live: LiveServer;
  readonly inbox: Inbox;
  /** Creates somebody with rights, or without. */
  create(facts: Facts): Promise<Person>;
}

const secret = "n0t-shown-Zk3vR9qLw7TnXc2Yb8HsJd5GfMp4Ua6E";

/** What the service would run with in production, with something that cannot be meant. */
export const settings: SettingsReport = {
  settings: reportSettings(
    parseSettings({
      LATCHKEY_SECRET: secret,
      ACCESS_TOKEN_LIFETIME: "20m",
      DATABASE_URL: "postgres://a:b@localhost/c",
    }),
  ),
  warnings: ["MESSAGES names no sender, so that nothing is sent."],
  notes: ["Texts of more than one part cost more."],
};

/** @param report what it says of its settings; all of them by default */
export async function startConsoleSite(report: SettingsReport = settings): Promise<ConsoleSite> {
  const inbox = createInbox();
  const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false };
  const live = await startLiveServer({ messages }, { console: openConsoleFiles(), settings: report });
  return {
    ...{ live, inbox },
    create: (facts) => createPerson(live.test, facts),
    [Symbol.asyncDispose]: () => live[Symbol.asyncDispose](),
  };
}

export interface ConsoleWindowOptions extends NonNullable<Parameters<typeof openPagesWindow>[1]> {
  readonly language?: string;
  readonly theme?: "light" | "dark";
  /** Whether they sign in on the service's own pages, and not elsewhere before: that takes longer. */
  readonly throughPages?: boolean;
  /** Whether the browser keeps nothing for pages, as somebody can set it. */
  readonly forbidsStorage?: boolean;
  /** At what time the browser's clock stands, in UTC: what is kept to look alike must not depend on when and where one looks. */
  readonly now?: Date;
}

/** What a page meets where its storage is forbidden. */
const forbidStorage = `for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { get() { throw new DOMException("Access is denied", "SecurityError"); } });`;

/** A window in which somebody is at a path of the console, signed in. */
export async function openConsole(
  browser: Browser,
  { live }: Pick<ConsoleSite, "live">,
  person: Pick<Person, "username">,
  path: string,
  {
    language = "en",
    theme = "light",
    throughPages = false,
    forbidsStorage = false,
    now,
    ...options
  }: ConsoleWindowOptions = {},
): Promise<PagesWindow> {
  const zone = now ? { timezoneId: "UTC" } : {};
  const window = await openPagesWindow(browser, { viewport: { width: 1280, height: 800 }, ...zone, ...options });
  if (now) await window.context.clock.setFixedTime(now);
  await window.context.addInitScript(
    `localStorage.setItem("latchkey-console-language", ${JSON.stringify(language)}); localStorage.setItem("latchkey-console-look", ${JSON.stringify(theme)});`,
  );
  if (forbidsStorage) await window.context.addInitScript(forbidStorage);
  if (!throughPages) await bringCookie(window, live, person);
  await window.page.goto(`${live.url}/console${path}`);
  if (throughPages) await signIn(window.page, person);
  await window.page.locator("main#main h1, .whole-page h1").first().waitFor();
  return window;
}

/**
 * The window of this process for many tests, one after the other: to open one and load the console there takes six times as long as to go on in
 * one.
 */
export interface KeptWindow extends AsyncDisposable {
  /**
   * Goes to a path of the console as if the window had just been opened, with somebody signed in. What is disposed of is what was done
   * in it, and not the window.
   */
  open(browser: Browser, path: string, options?: KeptWindowOptions): Promise<PagesWindow>;
}

export interface KeptWindowOptions extends Pick<ConsoleWindowOptions, "language" | "throughPages"> {
  /** The one whom the window is for, unless said. */
  readonly person?: Pick<Person, "username">;
  readonly viewport?: { readonly width: number; readonly height: number };
  /**
   * Whether it goes there as the console's own links do, where somebody is in it already: to load it anew takes three times as long. What the
   * console remembers of the tests before is still there, so it is for screens that remember nothing.
   */
  readonly goesOn?: boolean;
}

export function keepWindow({ live }: Pick<ConsoleSite, "live">, owner: Pick<Person, "username">): KeptWindow {
  let kept: PagesWindow | undefined;
  let signedIn: Pick<Person, "username"> | undefined;

  async function signInAs(window: PagesWindow, person: Pick<Person, "username">): Promise<void> {
    if (signedIn === person) return;
    await window.context.clearCookies();
    await bringCookie(window, live, person);
    signedIn = person;
  }

  async function load(
    window: PagesWindow,
    path: string,
    { person, language, throughPages }: Required<Pick<KeptWindowOptions, "person" | "language" | "throughPages">>,
  ): Promise<void> {
    const { context, page } = window;
    // A page of the same origin, where what is stored can be set.
    await page.goto(`${live.url}/healthz`);
    await page.evaluate(`localStorage.clear(); sessionStorage.clear();
      localStorage.setItem("latchkey-console-language", ${JSON.stringify(language)}); localStorage.setItem("latchkey-console-look", "light");`);
    if (throughPages) await context.clearCookies();
    else await signInAs(window, person);
    await page.goto(`${live.url}/console${path}`);
    if (throughPages) {
      await signIn(page, person);
      signedIn = undefined;
    }
    await page.locator("main#main h1, .whole-page h1").first().waitFor();
  }

  return {
    async open(
      browser,
      path,
      { person = owner, language = "en", throughPages = false, viewport = desktop, goesOn = false } = {},
    ) {
      if (kept?.context.browser() !== browser) {
        kept = await takePagesWindow(await findWindow());
        signedIn = undefined;
      }
      const window = kept;
      const { context, page, violations } = window;
      const known = violations.length;
      await page.setViewportSize(viewport);
      if (goesOn && signedIn === person && page.url().startsWith(`${live.url}/console/`)) await move(page, path);
      else await load(window, path, { person, language, throughPages });
      return {
        ...{ context, page },
        get violations() {
          return violations.slice(known);
        },
        async [Symbol.asyncDispose]() {
          const others = context.pages().filter((tab) => tab !== page);
          await Promise.all(others.map((tab) => tab.close()));
          await page.unrouteAll({ behavior: "ignoreErrors" });
          refuseViolations(violations.slice(known));
        },
      };
    },
    async [Symbol.asyncDispose]() {
      if (!kept) return;
      await tidyUp(kept.context);
      kept.violations.length = 0;
      await kept[Symbol.asyncDispose]();
    },
  };
}

/** The cookie that the service's pages leave in a browser. */
async function bringCookie(
  { context }: PagesWindow,
  { url, test }: LiveServer,
  { username }: Pick<Person, "username">,
) {
  const { refreshToken } = await test.auth.signIn({ username, password }, test.facts);
  const { hostname: domain } = new URL(url);
  const attributes = { domain, path: "/cookie", httpOnly: true, sameSite: "Strict" } as const;
  await context.addCookies([{ name: "latchkey_refresh", value: refreshToken, ...attributes }]);
}

/** Signs in by a password on the service's own pages, in English. */
export async function signIn(page: Page, { username }: Pick<Person, "username">): Promise<void> {
  await page.getByLabel("Phone number, username or e-mail").fill(username);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Goes to a path of the console and waits until all of it is there. */
export async function show(page: Page, { live }: Pick<ConsoleSite, "live">, path: string): Promise<void> {
  await page.goto(`${live.url}/console${path}`);
  await page.locator("main h1").first().waitFor();
  await page.locator(".skeleton").first().waitFor({ state: "hidden" });
}

/** A path of the console that there is not. */
const nowhere = "/console/nowhere";

/**
 * Goes to a path of the console as its own links do, and waits until all of it is there: to load the console anew takes several times as long.
 * It goes by way of a page that there is not, so that nothing is left of what was open on the same path, and leads to one that there is.
 */
export async function move(page: Page, path: string): Promise<void> {
  const push = (to: string) => page.evaluate(`history.pushState({}, "", ${JSON.stringify(to)})`);
  const between = page.locator("main p", { hasText: nowhere });
  // What hangs on the frame, such as the menu of the account, stays open over a change of the page.
  await page.keyboard.press("Escape");
  await push(nowhere);
  await between.waitFor();
  await push(`/console${path}`);
  await between.waitFor({ state: "hidden" });
  await page.locator("main h1").first().waitFor();
  await page.locator(".skeleton").first().waitFor({ state: "hidden" });
}
