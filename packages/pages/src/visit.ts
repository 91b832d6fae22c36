import { randomBytes } from "node:crypto";
import { type Auth, isAuthError, type Principal } from "@latchkey/auth";
import type {
  CallCookies,
  ConnectionInfo,
  LatchkeyContext,
  ProcedureMeta,
  PublicUrl,
  RedirectClient,
} from "@latchkey/server";
import {
  type CookieTransport,
  createContext,
  createProcedures,
  formatError,
  type ReadRequestAddress,
  toFailure,
  toTrpcError,
} from "@latchkey/server/internal";
import { initTRPC } from "@trpc/server";
import type { Brand } from "./brand.ts";
import type { Catalogue } from "./languages/en.ts";
import { findLanguage, type Language, negotiateLanguage } from "./languages/language.ts";
import { openPageCookies, type PageCookies } from "./page-cookies.ts";
import { hostOf } from "./request-host.ts";

/** What every visit needs. */
export interface Serving {
  readonly auth: Auth;
  readonly brand: Brand;
  readonly publicUrl: PublicUrl | undefined;
  /** What stands before the pages' paths in the requests that come here; mostly nothing. */
  readonly basePath: string;
  readonly transport: CookieTransport;
  readonly readAddress: ReadRequestAddress;
  /** Apps on other origins that sign their people in here. */
  readonly clients: readonly RedirectClient[];
  readonly registration: "open" | "closed";
  /** What codes are good for here. */
  readonly codes: Auth["options"]["codes"];
  /** Whether people may have passkeys. */
  readonly hasPasskeys: boolean;
  readonly isDevelopment: boolean;
  readonly callAs: CallAs;
}

/** The procedures as the API has them, called in this process. */
export type Caller = ReturnType<CallAs>;
export type CallAs = ReturnType<typeof createCallAs>;

export function createCallAs(auth: Auth) {
  const t = initTRPC.context<LatchkeyContext>().meta<ProcedureMeta>();
  const { router, createCallerFactory } = t.create({ isDev: false, errorFormatter: formatError });
  return createCallerFactory(router(createProcedures(auth.profile)));
}

/** One request of a browser. */
export interface Visit {
  readonly serving: Serving;
  readonly request: Request;
  /** Its address, without what stands before the pages' paths. */
  readonly url: URL;
  /** Below what the pages are in browsers, such as `/auth`; mostly nothing. */
  readonly base: string;
  /** Where browsers reach the pages. */
  readonly ownUrl: URL;
  readonly requestId: string | null;
  readonly language: Language;
  readonly texts: Catalogue;
  readonly pageCookies: PageCookies;
  readonly sessionCookies: CallCookies;
  /** Procedures with the access token of the visit. */
  readonly call: Caller;
  /** Procedures in cookie mode: tokens come from cookies and go there. */
  readonly callWithCookies: Caller;
  /** Finds out whom the access token is of; refusals are thrown as those of procedures. */
  authenticate(): Promise<Principal>;
  /** Does work of the core whose refusals are thrown as those of procedures. */
  asProcedure<T>(work: () => Promise<T>): Promise<T>;
  /** A number for one form. */
  newFormNumber(): string;
}

export function openVisit(serving: Serving, request: Request, info: ConnectionInfo): Visit {
  const { publicUrl, basePath, transport, brand } = serving;
  const url = new URL(request.url);
  url.pathname = url.pathname.slice(basePath.length);
  const pageCookies = openPageCookies(request, publicUrl);
  const language = chooseLanguage(request, url, pageCookies);
  const sessionCookies = transport.open(request);
  return {
    ...{ serving, request, url, pageCookies, sessionCookies, language },
    base: publicUrl?.path ?? basePath,
    ownUrl: new URL(`${publicUrl?.href ?? `${url.protocol}//${hostOf(request) || url.host}${basePath}`}/`),
    requestId: info.requestId ?? null,
    texts: brand.textsOf(language.tag),
    ...actAs({ serving, request, language, sessionCookies }, info, pageCookies.accessToken),
    asProcedure,
    newFormNumber: () => randomBytes(12).toString("base64url"),
  };
}

/** The same visit with another access token: the one that a refresh brought. */
export function withToken(visit: Visit, info: ConnectionInfo, token: string): Visit {
  return { ...visit, ...actAs(visit, info, token) };
}

type Calling = Pick<Visit, "serving" | "request" | "language" | "sessionCookies">;

/** What is done with the access token of a visit. */
function actAs(
  visit: Calling,
  info: ConnectionInfo,
  token: string | undefined,
): Pick<Visit, "call" | "callWithCookies" | "authenticate"> {
  const { callAs, auth } = visit.serving;
  const context = contextOf(visit, info, token);
  const { authorization, facts } = context.latchkey;
  return {
    call: callAs(context),
    callWithCookies: callAs(contextOf(visit, info, token, visit.sessionCookies)),
    authenticate: () => asProcedure(() => auth.authenticate(authorization, facts)),
  };
}

async function asProcedure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isAuthError(error) ? toTrpcError(error) : toFailure(error);
  }
}

function contextOf(
  { serving: { auth, readAddress }, request, language }: Calling,
  { remoteAddress, requestId, onCaller, onCall }: ConnectionInfo,
  token: string | undefined,
  cookies?: CallCookies,
): LatchkeyContext {
  const headers = new Headers({ "user-agent": request.headers.get("user-agent") ?? "" });
  headers.set("accept-language", languagesOf(request, language));
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  const address = readAddress({ headers: request.headers, remoteAddress });
  const told = { requestId, onCaller, onCall };
  return createContext(auth, { headers, remoteAddress: address, cookies, ...told });
}

/** What messages are asked for in: what the browser asks for, which may be no language of the pages, unless another was chosen at their foot. */
function languagesOf({ headers }: Request, language: Language): string {
  const asked = headers.get("accept-language");
  return asked !== null && negotiateLanguage(asked) === language ? asked : language.tag;
}

/** The one that was chosen, or the one that the browser asks for. */
function chooseLanguage(request: Request, { searchParams }: URL, cookies: PageCookies): Language {
  const chosen = findLanguage(searchParams.get("language"));
  if (chosen && chosen.tag !== cookies.language) cookies.keepLanguage(chosen.tag);
  return chosen ?? findLanguage(cookies.language) ?? negotiateLanguage(request.headers.get("accept-language"));
}
