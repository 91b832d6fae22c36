import { createHash } from "node:crypto";
import type { Message } from "@latchkey/auth";
import { isLoopback, refuse, refuseMethod } from "@latchkey/server/internal";

/** Where somebody who develops reads what was not sent. */
export const inboxPath = "/dev/inbox";

const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 44rem; margin: 0 auto; padding: 1rem }
  h1 { font-size: 1.4rem }
  article { border: 1px solid #8888; border-radius: 8px; padding: .75rem 1rem; margin: 0 0 1rem }
  header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; justify-content: space-between; opacity: .8; font-size: .9rem }
  .text { white-space: pre-wrap; unicode-bidi: plaintext; overflow-wrap: anywhere; margin: .5rem 0 }
  .code { font: 700 1.6rem/1.2 ui-monospace, monospace; letter-spacing: .1em; user-select: all; margin: 0 }
`;

const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Where a call comes from, as the socket and its headers say. */
export interface InboxCall {
  readonly remoteAddress: string | undefined;
  readonly headers: NodeJS.Dict<string[]>;
}

/**
 * Shows what was printed in place of being sent. To whoever else asks than a browser on this machine, by a name of this machine and with
 * nothing in between, there is no such page.
 */
export function answerInbox(request: Request, call: InboxCall, messages: readonly Message[]): Response {
  if (!isFromHere(call)) return refuse("NOT_FOUND");
  if (request.method !== "GET" && request.method !== "HEAD") return refuseMethod("GET, HEAD");
  return new Response(renderInbox(messages), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "cache-control": "no-store",
    },
  });
}

/** What proxies add: behind one on this machine everybody comes from here. */
const addedByProxies = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/** Also the `Host` has to be of this machine, or a page of anybody's could read this one by a name that leads here. */
function isFromHere({ remoteAddress = "", headers }: InboxCall): boolean {
  const address = remoteAddress.replace(/^::ffff:/, "");
  const isPeer = isLoopback(`http://${address.includes(":") ? `[${address}]` : address}`);
  const [host = "", ...others] = headers.host ?? [];
  return isPeer && others.length === 0 && isLoopback(`http://${host}`) && !addedByProxies.some((name) => headers[name]);
}

function renderInbox(messages: readonly Message[]): string {
  const list = messages.map(renderMessage).join("\n");
  const empty = "<p>Nothing yet. Ask for a code, and look again.</p>";
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Inbox (${messages.length}) – Latchkey</title>
<style>${style}</style>
<h1>What was not sent</h1>
<p>The messages of this process, the newest first. <a href="${inboxPath}">Look again</a></p>
${messages.length === 0 ? empty : list}
</html>
`;
}

function renderMessage({ to, channel, purpose, locale, text, code, expiresAt }: Message): string {
  const until = expiresAt.toISOString().slice(11, 19);
  return `<article>
<header><bdi>${escapeHtml(to)}</bdi><span>${escapeHtml(`${channel}, ${purpose}, ${locale}`)}</span><span>good until ${until} UTC</span></header>
<p class="text" lang="${escapeHtml(locale)}">${escapeHtml(text)}</p>
<p class="code">${escapeHtml(code)}</p>
</article>`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
