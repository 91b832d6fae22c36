import {
  type AppRouter,
  type AuthClient,
  type AuthState,
  type AuthStorage,
  createAuthClient,
  type LinkOptions,
  memoryStorage,
} from "@latchkey/client";
import { test as base, expect } from "vitest";
import { password } from "../http/accounts-over-http.ts";
import { type LiveServer, startLiveServer } from "../live-server.ts";

/** What is stored once a session is over: the device stays known, and nobody is signed in. */
export const onlyTheMark = expect.stringMatching(/^\{"deviceMark":"[\w-]{43}"\}$/);

export const credentials = { username: "alice", password };

/** A request as it left the program. */
export interface SentRequest {
  /** Of the whole batch, such as `me.get,sessions.list`. */
  readonly procedures: readonly string[];
  /** What the `Authorization` header said. */
  readonly authorization: string | null;
  readonly body: string;
}

/** Answers in the service's place, or lets the request through when it answers nothing. */
export type Fault = (request: SentRequest, send: () => Promise<Response>) => Promise<Response> | Response | undefined;

/** The network between a program and the world: it can be watched, and broken. */
export interface Network {
  readonly fetch: (...call: Parameters<NonNullable<LinkOptions<AppRouter>["fetch"]>>) => Promise<Response>;
  readonly requests: readonly SentRequest[];
  /** How often a procedure was sent, alone or in a batch. */
  count(procedure: string): number;
  breakWith(fault: Fault): void;
  mend(): void;
}

export function createNetwork(): Network {
  const requests: SentRequest[] = [];
  let fault: Fault = () => undefined;
  return {
    requests,
    count: (procedure) => requests.flatMap(({ procedures }) => procedures).filter((sent) => sent === procedure).length,
    breakWith: (next) => {
      fault = next;
    },
    mend: () => {
      fault = () => undefined;
    },
    fetch: async (input, init) => {
      // tRPC's type is a stranger to that of the platform, and the same thing.
      const options = init as RequestInit | undefined;
      const path = decodeURIComponent(new URL(String(input)).pathname).replace(/^(\/trpc)?\//, "");
      const authorization = new Headers(options?.headers).get("authorization");
      const sent = { procedures: path.split(","), authorization, body: String(options?.body ?? "") };
      requests.push(sent);
      const send = () => fetch(input, options);
      return (await fault(sent, send)) ?? send();
    },
  };
}

export interface Program {
  readonly auth: AuthClient;
  readonly network: Network;
  readonly storage: AuthStorage;
  /** What was shown, one entry for each time that the program was told of a change. */
  readonly shown: readonly AuthState[];
}

/** A program of its own that uses the SDK, with a network and a storage of its own. */
export function openProgram({ url }: LiveServer, storage: AuthStorage = memoryStorage()): Program {
  const network = createNetwork();
  const auth = createAuthClient({ url, storage, fetch: network.fetch });
  const shown: AuthState[] = [];
  auth.subscribe(() => shown.push(auth.getSnapshot()));
  return { auth, network, storage, shown };
}

/** A program in which alice is signed in. */
export async function openSignedIn(live: LiveServer, storage?: AuthStorage): Promise<Program> {
  const program = openProgram(live, storage);
  await program.auth.signIn(credentials);
  return program;
}

/** A test with the live service, one for all tests of a file, in which nobody has an account but alice. */
export const test = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads here what a fixture needs
  .extend("service", { scope: "file" }, async ({}, { onCleanup }) => {
    const service = await startLiveServer({ tokens: { audience: ["latchkey", "notes"] } });
    onCleanup(() => service[Symbol.asyncDispose]());
    return service;
  })
  .extend("live", async ({ service }) => {
    await service.test.database.query("delete from latchkey.users");
    await service.test.auth.createUser(credentials);
    return service;
  });

/** More seconds than an access token and the leeway last, and fewer than a session does. */
export const pastExpiry = 961;

/** What a program keeps of its session, as it is stored. */
export async function readStored({ storage }: Program): Promise<{ token: string; refreshToken: string }> {
  return JSON.parse((await storage.get()) ?? "null");
}
