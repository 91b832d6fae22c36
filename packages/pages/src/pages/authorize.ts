import { html } from "hono/html";
import {
  type Authorization,
  authorizePath,
  leaveTo,
  pathOfRequest,
  readAuthorization,
  toFormSource,
} from "../authorization.ts";
import { fill } from "../languages/language.ts";
import { button, form, heading, type View } from "../layout.ts";
import type { Answer, Page, Redirect, Typed } from "../page.ts";
import { toRefusal } from "../refusal.ts";
import type { Visit } from "../visit.ts";
import { withName } from "./code-form.ts";
import { nameOfUser } from "./sign-in.ts";

/** Seconds in which somebody who was asked to show anew who they are has to be back. */
const timeToShow = 300;

/**
 * Signs people in for an app on another origin or on a phone: they sign in here, and the app gets a code (RFC 6749 §4.1, RFC 7636, RFC 8252,
 * RFC 9700). Whoever is signed in is sent back at once where the address is safe from others; elsewhere they are asked, since any program on
 * the device may have sent them.
 */
export const authorizePage: Page = {
  path: authorizePath,
  isPrivate: true,
  show(visit) {
    const read = readAuthorization(visit);
    if (read.kind === "unknown") return showUnknownApp(visit);
    if (read.kind === "wrong") return leaveTo(visit, read.callback, read.fault);
    return withFaults(visit, read.request, () => decide(visit, read.request));
  },
  submit(visit, typed) {
    const read = readAuthorization(visit);
    if (read.kind === "unknown") return showUnknownApp(visit);
    if (read.kind === "wrong") return leaveTo(visit, read.callback, read.fault);
    return withFaults(visit, read.request, () => takeWord(visit, read.request, typed));
  },
};

async function decide(visit: Visit, request: Authorization): Promise<Answer> {
  const { prompt, redirectUri } = request;
  if (prompt === "create") return toPage(visit, "/register", withTime(request));
  if (visit.pageCookies.accessToken === undefined)
    return prompt === "none"
      ? leaveTo(visit, request, { error: "login_required" })
      : toPage(visit, "/sign-in", withTime(request));
  const { user } = await visit.authenticate();
  if (prompt === "login") return toPage(visit, "/reauthenticate", { ...request, maxAge: timeToShow });
  if (redirectUri.startsWith("https:")) return issue(visit, request);
  if (prompt === "none") return leaveTo(visit, request, { error: "interaction_required" });
  return layOutContinue(visit, request, nameOfUser(visit, user));
}

async function takeWord(visit: Visit, request: Authorization, typed: Typed): Promise<Answer> {
  if (typed.has("decline")) return leaveTo(visit, request, { error: "access_denied" });
  const { to } = await issue(visit, request);
  return toFormSource(request) === "" ? layOutReturn(visit, request, to) : { to, isAway: true };
}

async function issue(visit: Visit, request: Authorization): Promise<Redirect> {
  const { auth } = visit.serving;
  const caller = await visit.authenticate();
  const { client, redirectUri, codeChallenge, maxAge } = request;
  const { code } = await visit.asProcedure(async () => {
    auth.spendCall(caller.user, "own", 1);
    return auth.startRedirect(caller, {
      ...{ clientId: client.id, redirectUri, codeChallenge, audience: client.audience },
      maxAge: maxAge ?? undefined,
    });
  });
  return leaveTo(visit, request, { code });
}

/** The same with an age that whoever is about to sign in can meet: with 0 they would be asked once more at once. */
const withTime = (request: Authorization): Authorization =>
  request.maxAge === null ? request : { ...request, maxAge: Math.max(request.maxAge, timeToShow) };

/** Where somebody signs in, registers or shows who they are, and comes back from. What was asked for once is not asked for again. */
function toPage(visit: Visit, path: string, request: Authorization): Redirect {
  const query = new URLSearchParams({ return_to: pathOfRequest(visit, request, { prompt: null }) });
  return { to: `${visit.base}${path}?${query}` };
}

/** A sign-in that is too old is shown anew; a service that is away for a moment is told to the app where nobody has to be asked. */
async function withFaults(visit: Visit, request: Authorization, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    const { reason, status } = toRefusal(error, visit.texts, visit.language);
    const isSilent = request.prompt === "none";
    if (reason === "reauthentication_required")
      return isSilent
        ? leaveTo(visit, request, { error: "login_required" })
        : toPage(visit, "/reauthenticate", { ...request, maxAge: Math.max(request.maxAge ?? 0, timeToShow) });
    if (isSilent && status === 503) return leaveTo(visit, request, { error: "temporarily_unavailable" });
    throw error;
  }
}

/** Nobody is sent anywhere whose address is not the app's own. */
export function showUnknownApp({ texts }: Pick<Visit, "texts">): View {
  return {
    title: texts.appUnknown,
    status: 400,
    main: html`${heading(texts.appUnknown, texts.appUnknownLead)}`,
  };
}

export function layOutContinue(visit: Visit, request: Authorization, name: string): View {
  const { texts, base } = visit;
  const path = pathOfRequest(visit, request);
  // The address may hold more than was asked for.
  const here: Visit = { ...visit, url: new URL(`/sign-in?${new URLSearchParams({ return_to: path })}`, visit.url) };
  const plain: Visit = { ...visit, url: new URL(authorizePath, visit.url) };
  const action = path.slice(base.length);
  const fields = html`<div class="stack">${button(texts.goOn)}<button class="button second wide" name="decline" value="yes">${texts.decline}</button></div>`;
  const leave = html`<input type="hidden" name="again" value="yes"><button class="leave">${texts.notYou}</button>`;
  const { name: appName, audience } = request.client;
  // Without an audience its tokens open all that the account may do here.
  const lead = audience === undefined ? texts.continueLeadWhole : texts.continueLead;
  return {
    title: fill(texts.continueAs, { name }),
    main: html`${heading(withName(texts.continueAs, name), withName(lead, appName, "client"))}${form(plain, action, fields)}<hr class="line">${form(here, "/sign-out", leave)}`,
  };
}

/** For an address that no `Content-Security-Policy` can name: a page leads there, and no form. */
export function layOutReturn({ texts }: Pick<Visit, "texts">, { client }: Authorization, to: string): View {
  return {
    title: client.name,
    head: html`<meta http-equiv="refresh" content="0;url=${to}">`,
    main: html`${heading(client.name, texts.appReturnLead)}<p><a class="button wide" href="${to}">${texts.goOn}</a></p>`,
  };
}
