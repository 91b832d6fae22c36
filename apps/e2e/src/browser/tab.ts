import type { AuthClient } from "@latchkey/client";
import type { BrowserContext, Page } from "playwright-core";
import { alice, type Site } from "./site.ts";

export interface TabOptions {
  /** Where the SDK keeps the session; `localStorage` if not said. */
  readonly storage?: "cookie";
  /** The service's address, where it is not behind the page's own origin. */
  readonly service?: string;
  /** Runs in the page before anything of its own. */
  readonly intruder?: string;
}

/** The blank tab of a window that stays from test to test, until one has taken it. */
const blank = new WeakMap<BrowserContext, Page>();

/** Leaves a blank tab for {@link takeTab}. */
export const leaveTab = (tab: Page): void => void blank.set(tab.context(), tab);

/** A blank tab of a window: the one that stays there, or else a new one, for which Chromium starts a process. */
export async function takeTab(context: BrowserContext): Promise<Page> {
  const tab = blank.get(context);
  blank.delete(context);
  return tab ?? context.newPage();
}

/** Opens the sign-in page in a tab, and waits until it knows who is signed in. */
export async function openTab(context: BrowserContext, { front }: Site, options: TabOptions = {}): Promise<Page> {
  const { intruder, ...settings } = options;
  // What is added to a tab stays there.
  const tab = await (intruder ? context.newPage() : takeTab(context));
  if (intruder) await tab.addInitScript(intruder);
  await tab.goto(`${front.url}/?${new URLSearchParams(settings)}`);
  await shows(tab, /Sign/);
  return tab;
}

/** Waits until the page says so of the person. */
export async function shows(tab: Page, text: string | RegExp): Promise<void> {
  await tab.locator("output", { hasText: text }).waitFor();
}

export const signedIn = "Signed in as alice";
export const signedOut = "Signed out";

/** Signs in with the page's own form, as a person does. */
export async function signIn(
  tab: Page,
  { username, password }: { username: string; password: string } = alice,
): Promise<void> {
  await tab.getByLabel("Username or phone number").fill(username);
  await tab.getByLabel("Password").fill(password);
  await tab.getByRole("button", { name: "Sign in" }).click();
}

/** Uses the SDK inside the page. What `use` answers comes back as JSON; nothing of this file is at its hand. */
export async function inPage<Answer>(tab: Page, use: (auth: AuthClient) => Answer): Promise<Awaited<Answer>> {
  const auth = await tab.evaluateHandle<AuthClient>("auth");
  return (await auth.evaluate(use)) as Awaited<Answer>;
}

/** Asks the service who is signed in: a username, or why there is no answer. */
export function askWho(tab: Page): Promise<string> {
  return inPage(tab, (auth) =>
    auth.api.me.get.query().then(
      ({ username }) => username,
      (error) => error.data?.reason ?? "no answer",
    ),
  );
}
