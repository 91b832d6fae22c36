import { type Context, Hono, type MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { HttpEnv } from "./http-env.ts";

/** The path that the cookie is sent to, and no other. */
export const cookiePath = "/cookie";
const cookieName = "latchkey_refresh";
const deviceCookieName = "latchkey_device";

/** Days for which a browser keeps the mark of its device: the most that browsers allow. */
const deviceDays = 400;

/** What goes through the door: procedures that take or give a refresh token. */
const takingToken: readonly string[] = ["token.refresh", "token.revoke"];
const procedures: readonly string[] = [...takingToken, "token.obtain", "account.register", "me.changePassword"];

export interface CookieDoorOptions {
  /** Answers a request to `/trpc/<procedure>` as the service does otherwise. */
  readonly answer: (context: Context<HttpEnv>, request: Request) => Promise<Response>;
  /** Refuses a request in the shape of the service's errors. */
  readonly refuse: (code: "FORBIDDEN" | "NOT_FOUND", message: string) => Response;
  /** Other origins than the service's own whose pages may use it, such as `https://app.example.com`. */
  readonly origins: readonly string[];
}

interface Answer {
  result?: { data: { refreshToken?: string; refreshExpiresAt?: string; deviceMark?: string } };
  error?: { data: { reason: string | null } };
}

/**
 * The same procedures for browsers that keep the refresh token in a cookie that no script can read. The token goes from the
 * answer into the cookie and from the cookie into the input; everything behind the door is as ever. One call a request, and only
 * from pages of the service's own origin or of those that the settings name.
 */
export function createCookieDoor({ answer, refuse, origins }: CookieDoorOptions): Hono<HttpEnv> {
  const door = new Hono<HttpEnv>();
  const requireKnownOrigin: MiddlewareHandler<HttpEnv> = async ({ req }, next) => {
    const origin = req.header("origin") ?? "";
    if (origins.includes(origin) || isOwnOrigin(origin, req.header("host"))) return next();
    return refuse("FORBIDDEN", "Pages of this origin may not use the cookie: add it to CORS_ORIGINS");
  };

  door.post("/trpc/:procedure", requireKnownOrigin, async (context) => {
    const procedure = context.req.param("procedure");
    if (!procedures.includes(procedure)) return refuse("NOT_FOUND", "This procedure is under /trpc");
    const response = await answer(context, await toPlainRequest(context, procedure));
    const json = (await response.json()) as Answer;
    moveTokenToCookie(context, procedure, json);
    for (const [name, value] of response.headers) {
      if (name !== "content-length" && name !== "content-type") context.header(name, value);
    }
    return context.json(json, response.status as 200);
  });
  return door;
}

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host;
}

async function toPlainRequest(context: Context<HttpEnv>, procedure: string): Promise<Request> {
  const { raw } = context.req;
  const refreshToken = getCookie(context, cookieName) ?? "none";
  const body = takingToken.includes(procedure)
    ? JSON.stringify({ refreshToken })
    : withDeviceMark(await raw.text(), procedure === "token.obtain" ? getCookie(context, deviceCookieName) : undefined);
  const headers = new Headers(raw.headers);
  headers.delete("content-length");
  return new Request(new URL(`/trpc/${procedure}`, raw.url), { method: "POST", headers, body });
}

/** The input of a sign-in with the mark of the browser's device; anything that is no object goes on as it is, to be refused. */
function withDeviceMark(body: string, deviceMark: string | undefined): string {
  if (deviceMark === undefined || !/^[\w-]{1,64}$/.test(deviceMark)) return body;
  try {
    const input: unknown = JSON.parse(body);
    const isObject = typeof input === "object" && input !== null && !Array.isArray(input);
    return isObject ? JSON.stringify({ ...input, deviceMark }) : body;
  } catch {
    return body;
  }
}

/** A session that is over takes its cookie with it; a refusal that may pass leaves it. */
const finalReasons: readonly (string | null)[] = [
  "refresh_token_invalid",
  "refresh_token_reused",
  "session_ended",
  "account_disabled",
];

function moveTokenToCookie(context: Context<HttpEnv>, procedure: string, { result, error }: Answer): void {
  const attributes = {
    path: cookiePath,
    httpOnly: true,
    sameSite: "Strict",
    // A page that came without TLS, in development, could not set a secure one.
    secure: !context.req.header("origin")?.startsWith("http:"),
  } as const;
  if (result?.data.deviceMark) {
    setCookie(context, deviceCookieName, result.data.deviceMark, { ...attributes, maxAge: deviceDays * 86_400 });
    result.data.deviceMark = "";
  }
  if (result?.data.refreshToken && result.data.refreshExpiresAt) {
    const expires = new Date(result.data.refreshExpiresAt);
    setCookie(context, cookieName, result.data.refreshToken, { ...attributes, expires });
    result.data.refreshToken = "";
    return;
  }
  const isOver =
    procedure === "token.revoke" ||
    (procedure === "token.refresh" && finalReasons.includes(error?.data.reason ?? null));
  if (isOver) deleteCookie(context, cookieName, attributes);
}
