import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { createLog } from "@latchkey/api/log";
import { startServer } from "@latchkey/api/server";
import { type Auth, createAuth, type RequestInfo } from "@latchkey/auth";
import { createTestDatabase, type TestDatabase, testSecret } from "@latchkey/auth/testing";
import { locate } from "../processes/bundle.ts";
import { compileCache } from "../processes/service-process.ts";

/** Milliseconds in which a process has to come up, on a machine that may be busy with something else. */
const timeLimit = 100_000;

/** Two services on one database, each in a process of its own: the second is in this one in the ordinary run. */
export interface TwoServices extends AsyncDisposable {
  /** Where the two listen. */
  readonly urls: readonly [string, string];
  readonly database: TestDatabase;
  /** A core in this process with their secret and cheap hashes: for people and sessions to begin with. */
  readonly auth: Auth;
}

interface TwoServicesSettings {
  /** Seconds in which a refresh token may be used again, as the service has them unless told. */
  readonly grace?: number;
}

export const facts: RequestInfo = { requestId: null, address: "192.0.2.1", userAgent: "test" };

const isLong = process.env.LATCHKEY_LONG === "1";

export async function startTwoServices({ grace = 30 }: TwoServicesSettings = {}): Promise<TwoServices> {
  const database = await createTestDatabase();
  const options = { secret: testSecret, passwords: { cost: 4 }, sessions: { refreshGrace: grace } };
  const auth = createAuth(database.connection, options);
  const closing: (() => Promise<void>)[] = [async () => database[Symbol.asyncDispose](), () => auth.close()];
  const close = async () => {
    for (const end of closing.toReversed()) await end();
  };
  const startProcess = async () => {
    const running: ChildProcess[] = [];
    closing.push(() => Promise.all(running.map(stop)).then(() => {}));
    return startService({ ...processSettings(database), REFRESH_GRACE: `${grace}s` }, running);
  };
  const startHere = async () => {
    const server = await startServer({ auth, log: createLog("silent"), host: "127.0.0.1", port: 0 });
    closing.push(() => server.close());
    return server.url;
  };
  try {
    await auth.initialize();
    const urls = await Promise.all([startProcess(), isLong ? startProcess() : startHere()]);
    return { urls, database, auth, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function processSettings({ connection }: TestDatabase): Record<string, string> {
  const { host, port, user, password, database } = connection;
  const server = `${user}:${encodeURIComponent(String(password))}@${host}:${port}`;
  return {
    PORT: "0",
    NODE_COMPILE_CACHE: compileCache,
    DATABASE_URL: `postgres://${server}/${database}`,
    LATCHKEY_SECRET: testSecret,
    PASSWORD_COST: "10",
    LOG_LEVEL: "warn",
  };
}

/** Starts a process with these variables and no others, and answers where it says that it listens. */
async function startService(variables: Record<string, string>, running: ChildProcess[]): Promise<string> {
  const service = spawn(process.execPath, [locate("main")], { env: variables, stdio: ["ignore", "ignore", "pipe"] });
  running.push(service);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let said = "";
  service.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    const url = /listens on (\S+)/.exec(said)?.[1];
    if (url) resolve(url);
  });
  const fail = () => reject(new Error(`The service did not come up: ${said}`));
  service.once("exit", fail);
  const timer = setTimeout(fail, timeLimit);
  return promise.finally(() => clearTimeout(timer));
}

async function stop(service: ChildProcess): Promise<void> {
  if (service.exitCode !== null || service.signalCode !== null) return;
  const exited = once(service, "exit");
  service.kill("SIGTERM");
  await exited;
}

export interface Posted {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: the wire is untyped; each test asserts the shape
  readonly body: any;
}

export interface PostOptions {
  readonly token?: string | undefined;
  /** The address to call from, of those that are this machine's. */
  readonly from?: string | undefined;
}

/** Calls over connections that stay open; for thousands of calls, a good deal quicker than `fetch`. */
export interface Poster extends Disposable {
  /** Posts JSON. Rejects when the connection breaks before the answer. */
  post(url: string, input: unknown, options?: PostOptions): Promise<Posted>;
  get(url: string, options?: PostOptions): Promise<Posted>;
}

export function openPoster(connections: number): Poster {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    post: (url, input, options = {}) => send(agent, url, { ...options, body: JSON.stringify(input) }),
    get: (url, options = {}) => send(agent, url, options),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

function send(
  agent: Agent,
  url: string,
  { body, token, from }: PostOptions & { readonly body?: string },
): Promise<Posted> {
  const { promise, resolve, reject } = Promise.withResolvers<Posted>();
  const headers = {
    ...(body !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const method = body === undefined ? "GET" : "POST";
  const call = request(url, { method, agent, headers, localAddress: from }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
    answer.on("end", () => {
      const { statusCode: status = 0, headers } = answer;
      resolve({ status, headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
    });
  });
  call.on("error", reject).end(body);
  return promise;
}
