import { createLog } from "@latchkey/api/log";
import { type ServerOptions, startServer } from "@latchkey/api/server";
import type { AuthOptions } from "@latchkey/auth";
import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import { type HostKind, hostKinds, startMountedHost } from "./mounted/live-host.ts";

/** What the tests grant; a `latchkey.config.ts` would declare it. */
const permissions = ["notes.note"] as const;

/** `LATCHKEY_HOST`: another host for the whole suite than the service. */
export const hostOfSuite = hostKinds.find((kind) => kind === process.env.LATCHKEY_HOST);

/** Whether the tests run against the service, and not against a router that is mounted in a server of somebody's own. */
export const isService = hostOfSuite === undefined;

/** `LATCHKEY_PREFIX`: what the procedures stand below in the router of a host, such as `auth`; at its root without it. */
const prefix = process.env.LATCHKEY_PREFIX;

/** Whether they are called by their own names, as those of the service are. */
export const isAtRoot = prefix === undefined;

/** The full name of a procedure of Latchkey where the suite runs. */
export const nameOf = (procedure: string): string => (prefix ? `${prefix}.${procedure}` : procedure);

/** The service, or a host of another kind, on a free loopback port, in this process, over a throw-away database; time can be moved. */
export interface LiveServer extends AsyncDisposable {
  readonly url: string;
  readonly test: TestAuth;
  /** The JSON lines that it logged so far. */
  readonly logged: readonly string[];
}

type LiveSettings = Pick<
  ServerOptions,
  "trustedProxies" | "publicUrl" | "router" | "forwardedSecrets" | "pages" | "console" | "settings"
> & {
  /** The receipts of the service alone, on its core. */
  readonly receipts?: (auth: TestAuth["auth"]) => NonNullable<ServerOptions["receipts"]>;
} & {
  /** Another host than the suite's. */
  readonly host?: HostKind | undefined;
};

/**
 * Starts the real HTTP service, or what `LATCHKEY_HOST` names in its place, beside a core from {@link createTestAuth}.
 *
 * @example
 * await using live = await startLiveServer();
 * await fetch(`${live.url}/healthz`);
 */
export async function startLiveServer(
  options: Parameters<typeof createTestAuth>[0] = {},
  { host = hostOfSuite, ...settings }: LiveSettings = {},
): Promise<LiveServer> {
  const test = await createTestAuth({ permissions, ...options });
  const logged: string[] = [];
  const log = createLog("info", { write: (line) => void logged.push(line) });
  const { router, publicUrl, receipts, pages, console, settings: report, ...http } = settings;
  const mounted =
    host &&
    (await startMountedHost(test, {
      ...{ kind: host, router, prefix, log, options: { permissions, ...options } as Partial<AuthOptions> },
      http: { ...http, publicUrl: publicUrl?.href, onNotice: (message, details) => log.warn(details, message) },
    }));
  const server =
    mounted ??
    (await startServer({
      ...{ auth: test.auth, log, host: "127.0.0.1", port: 0, publicUrl },
      ...(router && { router }),
      ...(receipts && { receipts: receipts(test.auth) }),
      ...{ pages, console, settings: report },
      ...http,
    }));
  return {
    url: server.url,
    test: mounted ? { ...test, auth: mounted.auth } : test,
    logged,
    async [Symbol.asyncDispose]() {
      await server.close();
      await test[Symbol.asyncDispose]();
    },
  };
}

/** What a procedure answered over HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** `result.data` of a success or `error` of a refusal. */
  // biome-ignore lint/suspicious/noExplicitAny: the wire is untyped; each test asserts the shape
  readonly body: any;
  /** The whole body as it came. */
  readonly text: string;
}

export interface CallOptions {
  readonly input?: unknown;
  readonly token?: string;
  /** A body as it is, in place of `input`. */
  readonly rawBody?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls a procedure as any HTTP client can: POST with an input for a mutation, GET for a query. */
export async function call(
  url: string,
  procedure: string,
  { input, token, rawBody, headers = {} }: CallOptions = {},
): Promise<Answer> {
  const body = rawBody ?? (input === undefined ? undefined : JSON.stringify(input));
  const response = await fetch(`${url}/trpc/${nameOf(procedure)}`, {
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { method: "POST", body }),
  });
  const text = await response.text();
  const json = JSON.parse(text) as { result?: { data: unknown }; error?: unknown };
  return {
    status: response.status,
    headers: response.headers,
    body: json.result ? json.result.data : json.error,
    text,
  };
}
