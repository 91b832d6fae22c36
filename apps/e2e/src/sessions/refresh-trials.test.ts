import { afterAll, beforeAll, expect, test } from "vitest";
import { readRefreshToken } from "./stored-token.ts";
import { facts, openPoster, startTwoServices, type TwoServices } from "./two-services.ts";

const isLong = process.env.LATCHKEY_LONG === "1";
const trials = isLong ? 1_000 : 8;
/** Sessions whose trials run side by side; within one, each trial goes on from the last. Fewer where other tests have the cores as well. */
const lanes = isLong ? 4 : 2;
/** After each trial, one token of either process is tried on both; after every so many, all twenty are. */
const thoroughEvery = 20;
const password = "correct horse battery";

let services: TwoServices;
const poster = openPoster(lanes * 4);

beforeAll(async () => {
  services = await startTwoServices();
});
afterAll(async () => {
  poster[Symbol.dispose]();
  await services[Symbol.asyncDispose]();
});

/** Has the database itself count how often a session moves on to another refresh token. */
async function countRotations({ database }: TwoServices): Promise<() => Promise<number>> {
  await database.query(`
    create table public.rotations (session_id uuid, refresh_hash bytea);
    create function note_rotation() returns trigger language plpgsql as $$
      begin insert into public.rotations values (new.id, new.refresh_hash); return new; end $$;
    create trigger note_rotation after update on latchkey.sessions for each row
      when (old.refresh_hash is distinct from new.refresh_hash) execute function note_rotation()`);
  return async () => {
    const [row] = await database.query<{ count: number }>("select count(*)::int as count from public.rotations");
    return row?.count ?? 0;
  };
}

/** What one call of a batch, or a call by itself, came to. */
interface Outcome {
  readonly result?: {
    readonly data: { readonly token: string; readonly refreshToken: string; readonly active: boolean };
  };
  readonly error?: { readonly data: { readonly reason: string | null } };
}

/** Calls a procedure as often as there are inputs, at once and in one request. */
async function callAtOnce(url: string, procedure: string, inputs: readonly object[]): Promise<Outcome[]> {
  const path = `/trpc/${inputs.map(() => procedure).join()}?batch=1`;
  return (await poster.post(url + path, { ...inputs })).body;
}

/** Twenty refreshes of one token at once, ten on either process, in requests of one and of nine. Answers the one successor. */
async function runTrial(trial: number, refreshToken: string): Promise<string> {
  const requests = services.urls.flatMap((url) => [1, 9].map((count) => ({ url, count })));
  const outcomes = await Promise.all(
    requests.map(({ url, count }) => callAtOnce(url, "token.refresh", Array(count).fill({ refreshToken }))),
  );
  const answers = outcomes.flat();
  expect(answers.flatMap(({ error }) => error?.data.reason ?? [])).toEqual([]);
  const sessions = answers.flatMap(({ result }) => result?.data ?? []);
  expect(sessions).toHaveLength(20);
  const [successor, ...others] = new Set(sessions.map((session) => session.refreshToken));
  expect(others).toEqual([]);
  const tried = trial % thoroughEvery < lanes ? sessions : sessions.filter((_, index) => index % 10 === trial % 10);
  await Promise.all(services.urls.map((url) => expectAllAccepted(url, tried)));
  return successor ?? "";
}

/** Every access token lets its bearer in. */
async function expectAllAccepted(url: string, sessions: readonly { readonly token: string }[]): Promise<void> {
  const inputs = sessions.map(({ token }) => ({ token }));
  const verdicts = await callAtOnce(url, "token.verify", inputs);
  expect(verdicts.map(({ result }) => result?.data.active)).toEqual(inputs.map(() => true));
}

test(`of ${trials} times twenty refreshes of one token at once on two processes, none signs anybody out, and each rotates once`, {
  timeout: 120_000 + trials * 500,
}, async () => {
  const rotations = await countRotations(services);
  const runLane = async (_: unknown, lane: number) => {
    const username = `lane${lane}`;
    await services.auth.createUser({ username, password });
    let { refreshToken } = await services.auth.signIn({ username, password }, facts);
    for (let trial = lane; trial < trials; trial += lanes) {
      const presented = refreshToken;
      refreshToken = await runTrial(trial, presented);
      const now = await services.database.query(
        "select id from latchkey.sessions where refresh_hash = $1 and previous_refresh_hash = $2 and ended_at is null",
        [readRefreshToken(refreshToken).hash, readRefreshToken(presented).hash],
      );
      expect(now).toHaveLength(1);
    }
  };
  await Promise.all(Array.from({ length: lanes }, runLane));

  expect(await rotations()).toBe(trials);
  const sessions = await services.database.query("select ended_at from latchkey.sessions");
  expect(sessions).toEqual(Array(lanes).fill({ ended_at: null }));
});
