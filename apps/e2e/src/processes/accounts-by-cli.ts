import { once } from "node:events";
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { expect } from "vitest";
import { type Answer, call } from "../live-server.ts";
import type { Installation } from "./installation.ts";

export const password = "correct horse battery staple";

/** Creates an account by the command line. */
export async function createUser(installation: Installation, ...args: readonly string[]): Promise<void> {
  const run = await installation.run(["create-user", "--password-stdin", "--own-password", ...args], {
    input: password,
  });
  expect(run).toMatchObject({ code: 0, stderr: "" });
}

/**
 * Has somebody register at a service: a command of their own would take a process, and a database that runs. No connection stays, on which
 * a service that stops would still answer.
 */
export async function register(url: string, username: string): Promise<void> {
  const headers = { connection: "close" };
  expect(await call(url, "account.register", { input: { username, password }, headers })).toMatchObject({
    status: 200,
  });
}

export function signIn(url: string, username: string): Promise<Answer> {
  return call(url, "token.obtain", { input: { username, password } });
}

/** Signs in and answers the access token. */
export async function obtainToken(url: string, username: string): Promise<string> {
  const { status, body } = await signIn(url, username);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body.token;
}

/** A sign-in that the service has begun to read. */
export interface BegunSignIn {
  /** The status of its answer; rejects when there is none. */
  readonly status: Promise<number | undefined>;
}

/** Clients keep their connections open, for the next call. */
const agent = new Agent({ keepAlive: true });

/** Begins a sign-in and resolves once the service has it in its hands, which it says with `100 Continue`. */
export async function beginSignIn(url: string, username: string): Promise<BegunSignIn> {
  const body = JSON.stringify({ username, password });
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    expect: "100-continue",
  };
  const call = request(`${url}/trpc/token.obtain`, { method: "POST", headers, agent });
  const status = readStatus(call);
  // Whoever looks at it later is told; until then a lost connection is nobody's surprise.
  status.catch(() => {});
  call.flushHeaders();
  await once(call, "continue");
  call.end(body);
  return { status };
}

async function readStatus(call: ReturnType<typeof request>): Promise<number | undefined> {
  const [response] = await once(call, "response");
  await text(response);
  return response.statusCode;
}
