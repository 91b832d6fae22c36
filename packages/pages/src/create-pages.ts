import { type Auth, StartError } from "@latchkey/auth";
import type { ConnectionInfo, HttpOptions, PagesConfig, RedirectClient } from "@latchkey/server";
import {
  createCookieTransport,
  createOriginRules,
  createRequestAddressReader,
  createTraceContinuation,
  limitBody,
  parsePublicUrl,
  readRedirectClients,
  refuseMethod,
  traceRequest,
} from "@latchkey/server/internal";
import { authorizePath, findCallback, leaveTo } from "./authorization.ts";
import { assetFolder, readBrand } from "./brand.ts";
import { isOwnForm } from "./form-origin.ts";
import { pathOfPage, queryOf, type View } from "./layout.ts";
import { createOnce, type Once } from "./once.ts";
import type { Answer, Page, Redirect, Typed } from "./page.ts";
import { give, keep, respond } from "./page-response.ts";
import { activityPage } from "./pages/activity.ts";
import { anotherWayPage } from "./pages/another-way.ts";
import { appPage } from "./pages/app.ts";
import { authorizePage } from "./pages/authorize.ts";
import { codePage } from "./pages/code.ts";
import { contactPage } from "./pages/contact.ts";
import { contactCodePage } from "./pages/contact-code.ts";
import { dataFile, dataPage } from "./pages/data.ts";
import { deletePage } from "./pages/delete.ts";
import { devicesPage } from "./pages/devices.ts";
import { showFault, showNotFound } from "./pages/faults.ts";
import { finishRegistrationPage } from "./pages/finish-registration.ts";
import { notMePage } from "./pages/not-me.ts";
import { passkeysPage } from "./pages/passkeys.ts";
import { passwordPage } from "./pages/password.ts";
import { profilePage } from "./pages/profile.ts";
import { reauthenticatePage } from "./pages/reauthenticate.ts";
import { reauthenticateCodePage } from "./pages/reauthenticate-code.ts";
import { recoverPage, recoverPasswordPage } from "./pages/recover.ts";
import { recoveryPage } from "./pages/recovery.ts";
import { registerPage } from "./pages/register.ts";
import { registerByNamePage } from "./pages/register-by-name.ts";
import { goToNewPassword, replacePasswordPage } from "./pages/replace-password.ts";
import { resetPage } from "./pages/reset.ts";
import { resetCodePage } from "./pages/reset-code.ts";
import { resetGivenPage } from "./pages/reset-given.ts";
import { goToSecondFactor, secondFactorPage } from "./pages/second-factor.ts";
import { signInPage } from "./pages/sign-in.ts";
import { signInPasskeyPage } from "./pages/sign-in-passkey.ts";
import { signInPasswordPage } from "./pages/sign-in-password.ts";
import { signedOutPage, signOutPage } from "./pages/sign-out.ts";
import { showPreview } from "./preview.ts";
import { type Refusal, toRefusal } from "./refusal.ts";
import { isOfToken, refreshInPlace, renewPath, renewSession, toRenewal } from "./renewal.ts";
import { createViolations, violationsPath } from "./violations.ts";
import { createCallAs, openVisit, type Serving, type Visit } from "./visit.ts";

export interface PagesOptions
  extends Pick<HttpOptions, "basePath" | "publicUrl" | "trustedProxies" | "forwardedSecrets" | "onNotice" | "onError"> {
  readonly auth: Auth;
  /** Names, colours and texts of a team's own. */
  readonly config?: PagesConfig | undefined;
  /** Apps on other origins, or on phones, that sign their people in here; none by default. */
  readonly clients?: readonly RedirectClient[] | undefined;
  /** Whether strangers may open accounts: the page for it says so otherwise. */
  readonly registration?: "open" | "closed";
  /** Whether `/sign-in?preview` shows every page at once. */
  readonly isDevelopment?: boolean;
}

/** The pages, for a server that answers other requests as well. */
export interface Pages {
  /** The paths of pages and of what they are made of, as Hono writes them. */
  readonly paths: readonly string[];
  /** Whether a path is one of these. */
  has(path: string): boolean;
  /** Answers a request for one of these paths. Never throws. */
  fetch(request: Request, info: ConnectionInfo): Promise<Response>;
  /** What a browser is shown that asks for something that is not there; `/` leads to the pages. */
  answerStranger(request: Request, info: ConnectionInfo): Promise<Response>;
}

const pages: readonly Page[] = [
  ...[signInPage, signInPasskeyPage, signInPasswordPage, codePage, secondFactorPage, replacePasswordPage],
  ...[anotherWayPage, signOutPage, signedOutPage, authorizePage],
  ...[registerPage, registerByNamePage, finishRegistrationPage],
  ...[
    resetPage,
    resetCodePage,
    resetGivenPage,
    recoverPage,
    recoverPasswordPage,
    notMePage,
    reauthenticatePage,
    reauthenticateCodePage,
  ],
  ...[
    profilePage,
    contactPage,
    contactCodePage,
    recoveryPage,
    passwordPage,
    passkeysPage,
    appPage,
    devicesPage,
    activityPage,
    dataPage,
    dataFile,
    deletePage,
  ],
];

/** The paths of every page, of its form below `/cookie`, and of what brings a page a new access token. */
export const pagePaths: readonly string[] = [...pages.flatMap(({ path }) => [path, `/cookie${path}`]), renewPath];

/** A form is small; whoever sends more is no browser of ours. */
const largestForm = 65_536;

interface Handling {
  readonly serving: Serving;
  readonly once: Once;
  readonly onError: NonNullable<HttpOptions["onError"]>;
}

/**
 * Pages to sign in, to register, and for everything about one's account, in HTML that works without a script. They call the procedures in
 * this process, so that every rule is the API's.
 *
 * @throws StartError for options that cannot be
 * @example
 * const http = { basePath: "/auth", publicUrl: "https://example.com/auth" };
 * const pages = createPages({ auth: latchkey.auth, ...http });
 * const answer = latchkey.createFetchHandler({ router: appRouter, pages });
 */
export function createPages(options: PagesOptions): Pages {
  const handling = { serving: toServing(options), once: createOnce(), onError: options.onError ?? (() => {}) };
  const { style, script, logo } = handling.serving.brand;
  const assets = [style, script, logo].filter((asset) => asset !== null);
  const takeViolation = createViolations({
    pages: new Set(pagePaths),
    publicUrl: handling.serving.publicUrl,
    tell: options.onNotice ?? (() => {}),
  });
  const continueTrace = createTraceContinuation(options.trustedProxies ?? []);
  const answerSafely = async (visit: Visit, info: ConnectionInfo, work: (visit: Visit) => Promise<Response>) => {
    try {
      return await work(visit);
    } catch (error) {
      handling.onError({ error, path: undefined, requestId: info.requestId ?? null });
      return respond(visit, await keep(visit, tellApp(visit) ?? showFault(visit, 500)));
    }
  };
  const guard = (request: Request, info: ConnectionInfo, work: (visit: Visit) => Promise<Response>) => {
    const visit = openVisit(handling.serving, request, info);
    return continueTrace(request, info.remoteAddress, () =>
      traceRequest(request, routeOf(visit.url.pathname), () => answerSafely(visit, info, work)),
    );
  };
  const { basePath = "" } = options;
  const paths = [...pagePaths, violationsPath].map((path) => basePath + path);
  const known = new Set(paths);
  return {
    paths: [...paths, `${basePath}${assetFolder}*`],
    has: (path) => known.has(path) || path.startsWith(basePath + assetFolder),
    fetch: (request, info) =>
      guard(request, info, async (visit) => {
        const asset = assets.find(({ path }) => path === visit.url.pathname);
        if (asset) return give(asset);
        if (visit.url.pathname === violationsPath) return takeViolation(request);
        if (visit.url.pathname === renewPath) return renew(visit);
        const page = pages.find(({ path }) => path === pathOfPage(visit.url.pathname));
        return page ? answer(handling, visit, page, info) : respond(visit, await keep(visit, showNotFound(visit)));
      }),
    answerStranger: (request, info) =>
      guard(request, info, async (visit) => respond(visit, await keep(visit, answerElsewhere(visit)))),
  };
}

/** An app is told of a defect where nobody is asked anything; null for every other request. */
function tellApp(visit: Visit): Redirect | null {
  const callback = visit.url.pathname === authorizePath ? findCallback(visit) : null;
  return callback?.redirectUri.startsWith("https:") ? leaveTo(visit, callback, { error: "server_error" }) : null;
}

/** What a span says of where a request goes: nothing that a stranger has chosen. */
function routeOf(path: string): string {
  if (pagePaths.includes(path) || path === violationsPath) return path;
  return path.startsWith(assetFolder) ? `${assetFolder}*` : "*";
}

function toServing(options: PagesOptions): Serving {
  const { auth, config = {}, registration = "open", isDevelopment = false, onNotice: tell = () => {} } = options;
  const { basePath = "" } = options;
  const publicUrl = options.publicUrl === undefined ? undefined : parsePublicUrl(options.publicUrl);
  if (publicUrl === null) throw new StartError("publicUrl must be such as https://example.com");
  const origins = createOriginRules({ named: [], publicUrl, allowsLoopback: false, tell });
  return {
    ...{ auth, publicUrl, basePath, registration, isDevelopment, codes: auth.options.codes },
    clients: readRedirectClients(options.clients, auth.options.tokens.audiences),
    hasPasskeys: auth.options.passkeys !== null,
    brand: readBrand(config),
    transport: createCookieTransport({ origins, publicUrl, basePath, tell }),
    readAddress: createRequestAddressReader(options),
    callAs: createCallAs(auth),
  };
}

function answerElsewhere(visit: Visit): Answer {
  const { url, base, pageCookies } = visit;
  if (url.pathname !== "/") return showNotFound(visit);
  return { to: `${base}${pageCookies.accessToken === undefined ? "/sign-in" : "/account"}${url.search}` };
}

/** No form leads there. */
async function renew(visit: Visit): Promise<Response> {
  if (!isRead(visit)) return refuseMethod("GET, HEAD");
  return respond(visit, await keep(visit, await renewSession(visit)));
}

const isRead = ({ request }: Visit): boolean => ["GET", "HEAD"].includes(request.method);

async function answer(handling: Handling, visit: Visit, page: Page, info: ConnectionInfo): Promise<Response> {
  const { request, url, base } = visit;
  const isForm = url.pathname !== page.path;
  if (request.method === "POST" && isForm && page.submit) return takeForm(handling, visit, page, info);
  if (!isRead(visit)) return refuseMethod(isForm ? "GET, HEAD, POST" : "GET, HEAD");
  // Somebody reloads what a form was answered.
  if (isForm || !page.show) return respond(visit, await keep(visit, { to: base + page.path + url.search }));
  const isPreview = visit.serving.isDevelopment && page === signInPage && url.searchParams.has("preview");
  return respond(visit, await keep(visit, isPreview ? showPreview(visit) : await show(visit, page)));
}

async function show(visit: Visit, page: Page): Promise<Answer> {
  try {
    return (await page.show?.(visit)) ?? showNotFound(visit);
  } catch (error) {
    const refusal = toRefusal(error, visit.texts, visit.language);
    if (page.isPrivate && isOfToken(refusal)) return toRenewal(visit);
    if (page.isPrivate && refusal.reason === "reauthentication_required") return toReauthentication(visit);
    return showRefusal(visit, refusal);
  }
}

const showRefusal = (visit: Visit, { status, message, retryAfter }: Refusal): View => ({
  ...showFault(visit, status, message),
  retryAfter,
});

async function takeForm({ once }: Handling, visit: Visit, page: Page, info: ConnectionInfo): Promise<Response> {
  const { request, serving, texts, url } = visit;
  const refuse = async (status: number, lead?: string) =>
    respond(visit, await keep(visit, showFault(visit, status, lead)));
  if (!isOwnForm(request, serving.publicUrl?.origin)) return refuse(403, texts.elsewhere);
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers.get("content-type") ?? ""))
    return refuse(415);
  const limited = await limitBody(request, largestForm);
  if (typeof limited === "string") return refuse(limited === "too large" ? 413 : 400);
  const body = await limited.text();
  const parts = [url.pathname, url.search, request.headers.get("cookie") ?? "", visit.language.tag, body];
  const kept = await once(parts, async () => keep(visit, await submit(visit, page, readForm(body), info)));
  return respond(visit, kept);
}

function readForm(body: string): Typed {
  const form = new URLSearchParams(body);
  return { get: (name) => form.get(name) ?? "", has: (name) => form.has(name) };
}

async function submit(
  visit: Visit,
  page: Page,
  typed: Typed,
  info: ConnectionInfo,
  isRenewed = false,
): Promise<Answer> {
  try {
    return (await page.submit?.(visit, typed)) ?? showNotFound(visit);
  } catch (error) {
    const refusal = toRefusal(error, visit.texts, visit.language);
    if (page.isPrivate && isOfToken(refusal)) {
      const renewed = isRenewed ? null : await refreshInPlace(visit, info);
      return renewed ? submit(renewed, page, typed, info, true) : toRenewal(visit);
    }
    if (page.isPrivate && refusal.reason === "reauthentication_required") return toReauthentication(visit);
    const next = goToSecondFactor(visit, refusal) ?? goToNewPassword(visit, refusal);
    return next ?? refuseForm(visit, page, typed, refusal);
  }
}

/** Lets somebody show that it is them, and come back to press the button once more. */
function toReauthentication(visit: Visit): Answer {
  const { base, url } = visit;
  const page = pathOfPage(url.pathname) + queryOf(visit, { done: "confirmed" });
  return { to: `${base}/reauthenticate?${new URLSearchParams({ return_to: base + page })}` };
}

/** The form once more, which reads the account as well where the page shows it. */
async function refuseForm(visit: Visit, page: Page, typed: Typed, refusal: Refusal): Promise<Answer> {
  try {
    return (await page.refuse?.(visit, typed, refusal)) ?? showRefusal(visit, refusal);
  } catch (error) {
    return showRefusal(visit, toRefusal(error, visit.texts, visit.language));
  }
}
