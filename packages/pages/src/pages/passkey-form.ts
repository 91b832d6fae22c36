import { passkeyAssertion, passkeyRegistration } from "@latchkey/server/internal";
import { html } from "hono/html";
import type { z } from "zod";
import { button, form, type Html, pathOfPage } from "../layout.ts";
import type { Typed } from "../page.ts";
import type { Refusal } from "../refusal.ts";
import type { Caller, Visit } from "../visit.ts";

/** What a browser is to be asked: for a passkey that there is, or to make one. */
export type PasskeyToAsk = Awaited<ReturnType<Caller["passkeys"]["start"]>>["options"];
export type PasskeyToMake = Awaited<ReturnType<Caller["me"]["passkeys"]["start"]>>["options"];

/** What a browser is asked on the page to sign in; undefined where there are no passkeys. */
export async function askForPasskey({ serving, call, ownUrl }: Visit): Promise<PasskeyToAsk | undefined> {
  return serving.hasPasskeys && !isOfDigits(ownUrl) ? (await call.passkeys.start()).options : undefined;
}

/** Browsers make passkeys for names of hosts, and this machine has one beside its addresses of digits. */
const isOfDigits = ({ hostname }: URL): boolean => /^127\.|^\[::1\]$/.test(hostname);

/** Where this page is to be opened so that a passkey can be used; empty where that is here, or nowhere. */
function showPasskeyHost({ serving, ownUrl, url, texts }: Visit): Html | string {
  if (!serving.hasPasskeys || !isOfDigits(ownUrl)) return "";
  const there = new URL(pathOfPage(url.pathname) + url.search, ownUrl);
  there.hostname = "localhost";
  const [before = "", after = ""] = texts.passkeyHost.split("{address}");
  return html`${before}<a href="${there.href}" dir="ltr">${there.host}</a>${after}`;
}

/** The same as a line below a form that has no passkey's button for it. */
export function showPasskeyElsewhere(visit: Visit): Html | string {
  const where = showPasskeyHost(visit);
  return where && html`<p class="quiet small">${where}</p>`;
}

/** What stands in place of a passkey's button: why this browser cannot, which the script shows where it can not. */
export function showWithoutPasskeys(visit: Visit): Html {
  return html`<p class="quiet" data-without-passkeys>${showPasskeyHost(visit) || visit.texts.passkeyUnsupported}</p>`;
}

interface PasskeyForm {
  readonly path: string;
  readonly options: PasskeyToAsk | PasskeyToMake;
  readonly text: string;
  readonly kind?: string;
  readonly fields?: Html;
}

/**
 * A form whose button asks the device, and sends what it answers. It is hidden until the script has seen that the browser can, so that nobody
 * meets a button that does nothing.
 */
export function passkeyForm(visit: Visit, { path, options, text, kind = "wide", fields = html`` }: PasskeyForm): Html {
  const content = html`<div class="stack"><input type="hidden" name="passkey">${fields}${button(text, kind)}</div>`;
  return form(visit, path, content, html` data-passkey="${JSON.stringify(options)}" hidden`);
}

/** What a browser sent of a passkey; undefined for what no browser of ours sends. */
export const readPasskey = (typed: Typed): z.output<typeof passkeyAssertion> | undefined =>
  passkeyAssertion.safeParse(readJson(typed)).data;

export const readNewPasskey = (typed: Typed): z.output<typeof passkeyRegistration> | undefined =>
  passkeyRegistration.safeParse(readJson(typed)).data;

function readJson(typed: Typed): unknown {
  try {
    return JSON.parse(typed.get("passkey"));
  } catch {
    return null;
  }
}

/** A refusal of a passkey in words that speak of it: nobody has typed anything. */
export function ofPasskey({ texts }: Visit, refusal: Refusal, wrong = texts.passkeyWrong): Refusal {
  const words: Readonly<Record<string, string>> = {
    invalid_credentials: wrong,
    invalid_input: wrong,
    code_expired: texts.over,
  };
  return { ...refusal, message: words[refusal.reason ?? ""] ?? refusal.message, faults: {} };
}

export const notAPasskey = ({ texts }: Visit, wrong = texts.passkeyWrong): Refusal => ({
  ...{ status: 400, reason: "invalid_input", retryAfter: undefined, faults: {} },
  message: wrong,
});
