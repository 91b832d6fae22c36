import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { createLog } from "@latchkey/api/log";
import type { Auth } from "@latchkey/auth";
import { createTestAuth, type TestDatabase } from "@latchkey/auth/testing";
import { createApp } from "../../../api/src/app.ts";
import { ServiceResponse } from "../../../api/src/service-response.ts";
import type { Lifetimes } from "./session-model.ts";
import { readRefreshToken } from "./stored-token.ts";

export const lifetimes: Lifetimes = { grace: 30, retry: 86_400, idle: 3 * 86_400, absolute: 9 * 86_400 };
export const username = "alice";

/** A request as it goes over the wire, without a wire. */
export interface WireRequest {
  /** Path and query. */
  readonly target: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | null;
}

/** A session as it is stored. */
export interface StoredSession {
  readonly refreshHash: Buffer;
  readonly previousRefreshHash: Buffer | null;
  readonly isEnded: boolean;
  /** Audit events that tell of a refresh token used twice. */
  readonly reuseEvents: number;
  /** Audit events that tell of one that was answered beyond the grace time. */
  readonly lateEvents: number;
}

/** The service's side of a simulation: several cores on one real database, the HTTP app before each, and one clock for all. */
export interface World extends AsyncDisposable {
  readonly cores: number;
  readonly database: TestDatabase;
  /** Seconds since the epoch. */
  now(): number;
  advance(seconds: number): void;
  /** Has one of the cores answer a request. */
  serve(core: number, request: WireRequest): Promise<Response>;
  /** Signs out the session of a refresh token, from somewhere else. */
  signOutElsewhere(refreshToken: string): Promise<void>;
  findSession(refreshToken: string): Promise<StoredSession | null>;
  /** Alice is there, has this password and is signed in nowhere. */
  reset(): Promise<void>;
  /** What Alice's password is; a simulation notes here when it has been changed. */
  password: string;
}

export interface WorldOptions {
  /** Puts something else in a core's place, to see that it is noticed. */
  readonly replaceCore?: (core: Auth, database: TestDatabase) => Auth;
  /** Seconds of grace in place of what the protocol prescribes. */
  readonly grace?: number;
}

const firstPassword = "correct horse battery";

export async function openWorld({
  replaceCore = (core) => core,
  grace = lifetimes.grace,
}: WorldOptions = {}): Promise<World> {
  // After the signing key was made, which tells the time by the clock that is replaced here.
  let now = Math.ceil(Date.now() / 1000) + 60;
  const clock = { now: () => new Date(now * 1000) };
  const { retry, idle, absolute } = lifetimes;
  const sessions = { refreshGrace: grace, refreshRetry: retry, idleLifetime: idle, lifetime: absolute };
  const test = await createTestAuth({ clock, sessions });
  const { auth, database, facts } = test;
  const setClock = await putClockIntoDatabase(database, now);
  await auth.createUser({ username, password: firstPassword });
  const encoded = await readEncodedPassword(database);
  const cores = [auth, await test.another()];
  const apps = cores.map((core) =>
    createApp({
      auth: replaceCore(core, database),
      log: createLog("silent"),
      isReady: () => true,
      corsOrigins: [],
      trustedProxies: [],
    }),
  );
  const world: World = {
    cores: apps.length,
    database,
    password: firstPassword,
    now: () => now,
    advance(seconds) {
      now += seconds;
    },
    async serve(core, request) {
      const app = apps[core];
      if (!app) throw new Error("There is no such core");
      await setClock(now);
      return app.fetch(...toAppInput(request));
    },
    async signOutElsewhere(refreshToken) {
      await setClock(now);
      await auth.signOut(refreshToken, facts);
    },
    findSession: (refreshToken) => findSession(database, refreshToken),
    async reset() {
      world.password = firstPassword;
      await database.query("delete from latchkey.sessions");
      await database.query("update latchkey.users set password = $1 where password <> $1", [encoded]);
    },
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
  return world;
}

/**
 * The database's clock stands still as well, so that a simulation takes place outside real time. Answers how to set it, which
 * costs nothing while the time is the same.
 */
async function putClockIntoDatabase(database: TestDatabase, now: number): Promise<(now: number) => Promise<void>> {
  let shown = { now, done: Promise.resolve() };
  await database.query("create table public.simulated_clock (at timestamptz)");
  await database.query("insert into public.simulated_clock values (to_timestamp($1))", [now]);
  await database.query(`create or replace function latchkey.now() returns timestamptz language sql stable parallel safe
    as 'select at from public.simulated_clock'`);
  const show = async (next: number) => {
    await database.query("update public.simulated_clock set at = to_timestamp($1)", [next]);
  };
  return (next) => {
    if (next !== shown.now) shown = { now: next, done: show(next) };
    return shown.done;
  };
}

async function readEncodedPassword(database: TestDatabase): Promise<string> {
  const [row] = await database.query<{ password: string }>("select password from latchkey.users");
  return row?.password ?? "";
}

/** What Node's server would have made of the request. */
function toAppInput({ target, method, headers, body }: WireRequest) {
  const incoming = new IncomingMessage(new Socket());
  incoming.url = target;
  incoming.method = method;
  Object.assign(incoming, { httpVersion: "1.1", httpVersionMajor: 1, httpVersionMinor: 1 });
  if (body !== null) headers.set("content-length", String(Buffer.byteLength(body)));
  incoming.headersDistinct = Object.fromEntries([...headers].map(([name, value]) => [name, [value]]));
  const request = new Request(new URL(target, "http://service.test"), { method, headers, body });
  return [request, { incoming, outgoing: new ServiceResponse(incoming) }] as const;
}

async function findSession(database: TestDatabase, refreshToken: string): Promise<StoredSession | null> {
  const [row] = await database.query<StoredSession>(
    `select refresh_hash as "refreshHash", previous_refresh_hash as "previousRefreshHash", ended_at is not null as "isEnded",
      (select count(*)::int from latchkey.audit_events
        where event = 'refresh_token_reused' and detail->>'sessionId' = s.id::text and subject_id = s.user_id) as "reuseEvents",
      (select count(*)::int from latchkey.audit_events
        where event = 'refresh_answered_again' and detail->>'sessionId' = s.id::text and subject_id = s.user_id) as "lateEvents"
    from latchkey.sessions s where id = $1`,
    [readRefreshToken(refreshToken).sessionId],
  );
  return row ?? null;
}
