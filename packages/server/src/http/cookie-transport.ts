import type { CallCookies } from "../trpc/cookie-mode.ts";
import { hostOf, isLoopback, type OriginRules, readOrigin, show, type TellOperator } from "./origins.ts";
import type { PublicUrl } from "./public-url.ts";
import { rememberLatest } from "./remember-latest.ts";
import { optionNames, type SettingNames } from "./setting-names.ts";

/** The path below which procedures are called in cookie mode. */
export const cookiePath = "/cookie";

const refreshName = "latchkey_refresh";
const deviceName = "latchkey_device";
const rememberName = "latchkey_remember";

/** Seconds for which a browser keeps the device's mark: the most that browsers allow. */
const deviceLifetime = 400 * 86_400;

export interface CookieTransportOptions {
  readonly origins: OriginRules;
  /** Where browsers reach the service; without it the cookies have the names and the path that they had before there was the setting. */
  readonly publicUrl?: PublicUrl | undefined;
  /** What stands before `/cookie` in the requests that come here; nothing by default. */
  readonly basePath?: string;
  readonly tell: TellOperator;
  /** What notices call the settings; the options by default. */
  readonly names?: SettingNames | undefined;
}

/** Cookie mode, for browsers that keep the refresh token where no script can read it. */
export interface CookieTransport {
  /** Why a call is not answered in this mode, in words for whoever builds the page; null when nothing is in the way. */
  findObstacle(request: Request): string | null;
  /** The cookies of one call. */
  open(request: Request): CallCookies;
}

export function createCookieTransport(options: CookieTransportOptions): CookieTransport {
  const { origins, publicUrl, basePath = "", tell, names = optionNames } = options;
  const scheme = chooseScheme(publicUrl, basePath);
  const isNew = rememberLatest(100);
  const tellOnce: TellOperator = (message, details) => {
    if (isNew(message)) tell(message, details);
  };
  return {
    findObstacle(request) {
      const obstacle = findObstacle(request, { origins, publicUrl, names });
      if (obstacle) tellOnce(obstacle, { origin: show(readOrigin(request)) });
      return obstacle;
    },
    open: (request) => openCookies(request, scheme, tell),
  };
}

/** How the cookies are called, and what they are sent to. */
interface Scheme {
  readonly prefix: "" | "__Host-" | "__Secure-";
  readonly path: string;
  /** What browsers have before the paths that requests have here. */
  readonly base: string;
  /** For what the cookies were set that have the names of before. */
  readonly oldPath: string;
  /** Undefined where only the page can tell. */
  readonly isSecure: boolean | undefined;
  readonly host: string | undefined;
}

/**
 * A name that begins with `__Host-` is set by no other host and for no other path, so that is taken where the host is the service's
 * own. Below a path the cookie stays with that path, and `__Secure-` at least keeps pages without TLS from setting it.
 */
function chooseScheme(publicUrl: PublicUrl | undefined, basePath: string): Scheme {
  const oldPath = basePath + cookiePath;
  if (!publicUrl) return { prefix: "", path: oldPath, base: "", oldPath, isSecure: undefined, host: undefined };
  const { path, isSecure, origin } = publicUrl;
  const { hostname: host } = new URL(origin);
  const base = path.endsWith(basePath) ? path.slice(0, path.length - basePath.length) : path;
  if (isSecure && path === "") return { prefix: "__Host-", path: "/", base, oldPath, isSecure, host };
  return { prefix: isSecure ? "__Secure-" : "", path: path + cookiePath, base, oldPath, isSecure, host };
}

interface Place {
  readonly origins: OriginRules;
  readonly publicUrl: PublicUrl | undefined;
  readonly names: SettingNames;
}

function findObstacle(request: Request, { origins, publicUrl, names }: Place): string | null {
  const page = show(readOrigin(request));
  const service = show(publicUrl?.origin ?? `http://${hostOf(request)}`);
  const isElsewhere = !origins.isOwn(request) && !origins.allows(request);
  const isCrossSite = request.headers.get("sec-fetch-site") === "cross-site";
  if (
    isLoopback(page) &&
    isLoopback(service) &&
    (isElsewhere || isCrossSite) &&
    hostnameOf(page) !== hostnameOf(service)
  ) {
    return (
      `To browsers ${hostnameOf(page)} and ${hostnameOf(service)} are two sites, and between two sites no cookie goes: ` +
      `open the page and call the service at one of the two`
    );
  }
  if (isElsewhere) return `Pages of this origin may not use the cookie: add it to ${names.corsOrigins}`;
  if (!isCrossSite) return null;
  return `To browsers ${page} and the service are two sites, and between two sites no cookie goes: put both below one domain, or keep the session otherwise`;
}

const hostnameOf = (origin: string) => new URL(origin).hostname;

function openCookies(request: Request, scheme: Scheme, tell: TellOperator): CallCookies {
  const received = parseCookies(request.headers.get("cookie") ?? "");
  const { refresh, device, isRenamed } = selectCookies(received, scheme);
  const remember = { name: scheme.prefix + rememberName, values: received.get(scheme.prefix + rememberName) ?? [] };
  const secure = scheme.isSecure ?? !readOrigin(request).startsWith("http:");
  const attributes = `HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
  const lines: string[] = [];
  const put = (name: string, value: string, lifetime: string) =>
    lines.push(`${scheme.prefix}${name}=${value}; ${lifetime}; Path=${scheme.path}; ${attributes}`);
  const remove = (name: string, path: string, domain = "") =>
    lines.push(`${name}=; Max-Age=0; Path=${path}${domain && `; Domain=${domain}`}; ${attributes}`);
  const putDevice = (mark: string) => put(deviceName, mark, `Max-Age=${deviceLifetime}`);
  const rename = () => {
    if (!isRenamed) return;
    for (const name of [refreshName, deviceName]) remove(name, scheme.oldPath);
    // Empty or not, it says that this browser has the new names.
    putDevice(only(device) ?? "");
  };

  for (const { name, values } of [refresh, device, remember]) {
    if (values.length < 2) continue;
    tell("a browser sent two cookies of one name: neither is believed, and both are deleted", { cookie: name });
    for (const [path, domain] of findPlaces(request, scheme, name)) remove(name, path, domain);
  }
  return {
    refreshToken: only(refresh),
    deviceMark: markOf(device),
    rememberMark: markOf(remember),
    keep({ refreshToken, refreshExpiresAt, deviceMark, rememberMark, rememberExpiresAt }) {
      rename();
      if (deviceMark) putDevice(deviceMark);
      if (rememberMark && rememberExpiresAt)
        put(rememberName, rememberMark, `Expires=${rememberExpiresAt.toUTCString()}`);
      put(refreshName, refreshToken, `Expires=${refreshExpiresAt.toUTCString()}`);
    },
    keepDevice(deviceMark) {
      rename();
      if (deviceMark) putDevice(deviceMark);
    },
    forget() {
      rename();
      remove(scheme.prefix + refreshName, scheme.path);
    },
    lines,
  };
}

type Cookies = ReadonlyMap<string, readonly string[]>;

interface Cookie {
  readonly name: string;
  readonly values: readonly string[];
}

const only = ({ values }: Cookie) => (values.length === 1 ? values[0] : undefined);

/** A mark of this device as the service makes them; undefined for any other text. */
const markOf = (cookie: Cookie) => (/^[\w-]{1,64}$/.test(only(cookie) ?? "") ? only(cookie) : undefined);

/**
 * The cookies by their present names. A browser that has none of these is read once by the names of before, and renamed with the answer;
 * from then on the old names, which pages of neighbouring hosts can set, mean nothing to it.
 */
function selectCookies(received: Cookies, { prefix }: Scheme): { refresh: Cookie; device: Cookie; isRenamed: boolean } {
  const named = (name: string): Cookie => ({ name, values: received.get(name) ?? [] });
  const [refresh, device] = [named(prefix + refreshName), named(prefix + deviceName)];
  const [oldRefresh, oldDevice] = [named(refreshName), named(deviceName)];
  const hasOld = prefix !== "" && oldRefresh.values.length + oldDevice.values.length > 0;
  const isNewHere = refresh.values.length + device.values.length === 0;
  return hasOld && isNewHere
    ? { refresh: oldRefresh, device: oldDevice, isRenamed: true }
    : { refresh, device, isRenamed: hasOld };
}

/** Every value of each name: a browser that has several cookies of one name sends them all (RFC 6265 §5.4). */
function parseCookies(header: string): Cookies {
  const cookies = new Map<string, string[]>();
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals < 0) continue;
    const name = pair.slice(0, equals).trim();
    cookies.set(name, [...(cookies.get(name) ?? []), pair.slice(equals + 1).trim()]);
  }
  return cookies;
}

/** Every path and domain for which a cookie can have been set that came with this request; no domain is the host alone. */
function findPlaces(request: Request, { base, host }: Scheme, name: string): [path: string, domain?: string][] {
  if (name.startsWith("__Host-")) return [["/"]];
  const segments = (base + new URL(request.url).pathname).split("/").filter(Boolean);
  const folders = segments.map((_, index) => `/${segments.slice(0, index + 1).join("/")}`);
  const paths = ["/", ...folders.flatMap((folder) => [folder, `${folder}/`])];
  const domains = [undefined, ...parentDomains(host ?? hostOf(request).replace(/:\d+$/, ""))];
  return paths.flatMap((path) => domains.map((domain): [string, string?] => (domain ? [path, domain] : [path])));
}

/** A host's name and the names above it that a cookie can be set for; none for an address and for a name without a dot. */
function parentDomains(host: string): string[] {
  const labels = host.split(".");
  const isAddress = /^[\d.]+$|[[\]:]/.test(host);
  if (isAddress || !/^[\w.-]{1,253}$/.test(host)) return [];
  return labels
    .map((_, index) => labels.slice(index).join("."))
    .filter((domain) => domain.includes("."))
    .slice(0, mostDomains);
}

/** Above this the headers of the answer grow beyond what proxies take. */
const mostDomains = 5;
