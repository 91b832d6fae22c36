import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { facts, openPoster, startTwoServices, type TwoServices } from "./two-services.ts";

const trials = 1_000;
const atOnce = 20;
/** Sessions whose trials run side by side; within one, each trial goes on from the last. */
const lanes = 4;
const password = "correct horse battery";

let services: TwoServices;
const poster = openPoster(lanes * atOnce);

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
    create table rotations (session_id uuid, refresh_hash bytea);
    create function note_rotation() returns trigger language plpgsql as $$
      begin insert into rotations values (new.id, new.refresh_hash); return new; end $$;
    create trigger note_rotation after update on latchkey.sessions for each row
      when (old.refresh_hash is distinct from new.refresh_hash) execute function note_rotation()`);
  return async () => {
    const [row] = await database.query<{ count: number }>("select count(*)::int as count from rotations");
    return row?.count ?? 0;
  };
}

/** Twenty refreshes of one token at once, every other one on the other process. Answers the one successor. */
async function runTrial(refreshToken: string): Promise<string> {
  const answers = await Promise.all(
    Array.from({ length: atOnce }, (_, index) =>
      poster.post(`${services.urls[index % 2]}/trpc/token.refresh`, { refreshToken }),
    ),
  );
  expect(answers.map(({ status, body }) => body.error?.data.reason ?? status)).toEqual(Array(atOnce).fill(200));
  const [successor, ...others] = new Set(answers.map(({ body }) => String(body.result.data.refreshToken)));
  expect(others).toEqual([]);
  await expectAllAccepted(answers.map(({ body }) => String(body.result.data.token)));
  return successor ?? "";
}

/** Every access token lets its bearer in, on both processes. */
async function expectAllAccepted(tokens: readonly string[]): Promise<void> {
  const path = `/trpc/${tokens.map(() => "token.verify").join()}?batch=1`;
  const inputs = Object.fromEntries(tokens.map((token, index) => [index, { token }]));
  const answers = await Promise.all(services.urls.map((url) => poster.post(url + path, inputs)));
  for (const { body } of answers) {
    const verdicts = body.map((one: { result?: { data: { active: boolean } } }) => one.result?.data.active);
    expect(verdicts).toEqual(tokens.map(() => true));
  }
}

const hashOf = (refreshToken: string) =>
  createHash("sha256").update(Buffer.from(refreshToken, "base64url").subarray(16, 48)).digest();

test(`of ${trials} times ${atOnce} refreshes of one token at once on two processes, none signs anybody out, and each rotates once`, async () => {
  const rotations = await countRotations(services);
  const runLane = async (_: unknown, lane: number) => {
    const username = `lane${lane}`;
    await services.auth.createUser({ username, password });
    let { refreshToken } = await services.auth.login({ username, password }, facts);
    for (let trial = lane; trial < trials; trial += lanes) {
      const presented = refreshToken;
      refreshToken = await runTrial(presented);
      const now = await services.database.query(
        "select id from latchkey.sessions where refresh_hash = $1 and previous_refresh_hash = $2 and ended_at is null",
        [hashOf(refreshToken), hashOf(presented)],
      );
      expect(now).toHaveLength(1);
    }
  };
  await Promise.all(Array.from({ length: lanes }, runLane));

  expect(await rotations()).toBe(trials);
  const sessions = await services.database.query("select ended_at from latchkey.sessions");
  expect(sessions).toEqual(Array(lanes).fill({ ended_at: null }));
}, 60_000);
