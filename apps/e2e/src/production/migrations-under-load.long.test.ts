import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { createAuth } from "@latchkey/auth";
import { testSecret } from "@latchkey/auth/testing";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { forCrowds } from "../faults/load-clients.ts";
import { type OwnPostgres, startOwnPostgres } from "../faults/own-postgres.ts";
import { Person, password, type Seen, usernameOf } from "../faults/person.ts";
import { createUser, obtainToken } from "../processes/accounts-by-cli.ts";
import { queryOnce } from "../processes/external-database.ts";
import { createInstallation } from "../processes/installation.ts";
import { createDice } from "../sessions/seeded-random.ts";
import { agreeByHalf, countConsents, fillWithImported, fillWithPeople, p99, peopleOfLarge } from "./large-database.ts";
import { buildRelease, hasRelease, previousCommit } from "./previous-release.ts";

// A schema is brought up to date while the release before serves from it. Nobody may notice: no call fails, and hardly one is slower.

let postgres: OwnPostgres;
beforeAll(async () => {
  postgres = await startOwnPostgres();
});
afterAll(() => postgres?.[Symbol.asyncDispose]());

/** Milliseconds for which calls are measured before anything happens, and the least for which they are while it does. */
const stretch = 10_000;

/** How many times as slow the slowest of a hundred may be, and what no machine of two cores tells apart from noise. */
const slowdown = 3;
const noise = 10;

/** Milliseconds in which what hangs is found, however many people there are. */
const timeout = 900_000 * Math.max(1, peopleOfLarge / 200_000);

interface Load extends AsyncDisposable {
  /** Milliseconds of each since a moment. */
  since(time: number): readonly number[];
  readonly failures: readonly unknown[];
}

/** What a release of the first schema asks of it, by connections that stay, as those of its processes do. */
async function startStatements(connectionString: string, clients: number): Promise<Load> {
  const ids = await queryOnce<{ session: string; person: string }>(
    { connectionString },
    "select id as session, user_id as person from latchkey.sessions order by refresh_hash limit 1000",
  );
  const done: { at: number; milliseconds: number }[] = [];
  const failures: unknown[] = [];
  const stopping = new AbortController();

  async function work(client: pg.Client, first: number): Promise<void> {
    for (let turn = first; !stopping.signal.aborted; turn += clients) {
      const { session = "", person = "" } = ids[turn % ids.length] ?? {};
      const startedAt = performance.now();
      await act(client, turn, { session, person }).catch((error) => failures.push(error));
      done.push({ at: performance.now(), milliseconds: performance.now() - startedAt });
      await pause(10);
    }
  }

  const connections = await Promise.all(
    Array.from({ length: clients }, async () => {
      const client = new pg.Client({ connectionString });
      await client.connect();
      return client;
    }),
  );
  const working = Promise.all(connections.map(work));
  return {
    failures,
    since: (time) => done.filter(({ at }) => at > time).map(({ milliseconds }) => milliseconds),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await working;
      await Promise.all(connections.map((client) => client.end()));
    },
  };
}

async function act(client: pg.Client, turn: number, { session, person }: { session: string; person: string }) {
  if (turn % 10 === 0) {
    await client.query("begin");
    await client.query("update latchkey.users set last_login = latchkey.now() where id = $1", [person]);
    await client.query(
      `insert into latchkey.sessions (id, user_id, refresh_hash, idle_expires_at, expires_at)
      values (gen_random_uuid(), $1, sha256($2), now() + interval '1 day', now() + interval '2 days')`,
      [person, randomBytes(32)],
    );
    await client.query(
      "insert into latchkey.audit_events (id, event, actor_id, subject_id) values (gen_random_uuid(), 'signed_in', $1, $1)",
      [person],
    );
    return client.query("commit");
  }
  if (turn % 10 < 4)
    return client.query({
      name: "refresh",
      text: `update latchkey.sessions set previous_refresh_hash = refresh_hash, refresh_hash = sha256($2), rotated_at = latchkey.now(),
        last_used_at = latchkey.now() where id = $1`,
      values: [session, randomBytes(32)],
    });
  return client.query({
    name: "read",
    text: `select s.id, s.ended_at, u.id, u.username, u.phone_number, u.email, u.is_active from latchkey.sessions s
      join latchkey.users u on u.id = s.user_id where s.id = $1`,
    values: [session],
  });
}

const folder = new URL("../../../../packages/auth/src/storage/migrations", import.meta.url);
const names = (await readdir(folder)).flatMap((file) => /^(\d{4}-.+)\.ts$/.exec(file)?.[1] ?? []).sort();
const before = (number: string) => names.filter((name) => name < number);

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await run();
  return inSeconds(performance.now() - startedAt);
}

const inSeconds = (milliseconds: number) => Math.round(milliseconds / 100) / 10;

// Each migration is a transaction of its own, so that this passes through the schema of every release there could have been.
test(
  `${peopleOfLarge} people from the very first schema to this release's: from the first release on no statement fails, and the slowest of a hundred takes at most ${slowdown} times as long`,
  async () => {
    await using database = await postgres.createDatabase();
    const auth = createAuth({ connectionString: database.url }, { secret: testSecret });
    await using installation = await createInstallation({ DATABASE_URL: database.url });
    const seconds: Record<string, number> = {};

    await auth.migrate({ only: before("0002") });
    await fillWithPeople(database.url);
    await agreeByHalf(database.url);
    // Older than any installation, these rewrite tables: nobody calls meanwhile.
    seconds["to the first release's schema, stopped"] = await timed(() => auth.migrate({ only: before("0007") }));

    await using load = await startStatements(database.url, 4);
    await pause(stretch);
    const idle = load.since(performance.now() - stretch / 2);
    const during: number[] = [];
    async function measure(step: string, run: () => Promise<unknown>): Promise<void> {
      const startedAt = performance.now();
      seconds[step] = await timed(run);
      during.push(...load.since(startedAt));
    }
    await measure("to 0033", () => auth.migrate({ only: before("0037") }));
    await fillWithImported(database.url);
    await measure("from 0037 to the present one", async () =>
      expect(await installation.run(["migrate"])).toMatchObject({ code: 0, stderr: "" }),
    );
    await measure("columns filled by the hourly maintenance", async () =>
      expect(await installation.run(["purge"])).toMatchObject({ code: 0, stderr: "" }),
    );
    console.log(
      JSON.stringify({
        people: peopleOfLarge,
        seconds,
        p99: { idle: round(p99(idle)), during: round(p99(during)) },
        longest: { idle: round(Math.max(...idle)), during: round(Math.max(...during)) },
        statements: during.length,
      }),
    );
    expect(load.failures).toEqual([]);
    expect(during.length).toBeGreaterThan(100);
    expect(p99(during)).toBeLessThan(Math.max(noise, slowdown * p99(idle)));
    expect(await countConsents(database.url)).toBe(Math.floor(peopleOfLarge / 2));

    await auth.close();
    await createUser(installation, "--username", "alice");
    const service = await installation.start();
    await obtainToken(service.url, "alice");
  },
  timeout,
);

const round = (milliseconds: number) => Math.round(milliseconds * 10) / 10;

test.runIf(hasRelease(previousCommit))(
  `while the release before serves ${peopleOfLarge} people: no call fails as the schema is brought up to date and the service is restarted`,
  async () => {
    await using database = await postgres.createDatabase();
    const previous = await buildRelease();
    const variables = {
      ...{ DATABASE_URL: database.url, LATCHKEY_SECRET: testSecret, PASSWORD_COST: "10", PORT: "0" },
      ...forCrowds,
      MIGRATE: "auto",
    };
    const at = { variables, folder: "/tmp" };
    expect(await previous.run(["migrate"], at)).toMatchObject({ code: 0 });
    await fillWithPeople(database.url);
    const numbers = [0, 1, 2, 3];
    for (const number of numbers) {
      const args = ["create-user", "--password-stdin", "--own-password", "--username", usernameOf(number)];
      expect(await previous.run(args, { ...at, input: password })).toMatchObject({ code: 0 });
    }
    const earlier = await previous.start(variables, "/tmp");
    await using installation = await createInstallation(variables);
    const door = { url: earlier.url };
    const seen: Seen[] = [];
    const people = numbers.map((number) => new Person(number, door, seen));
    const stopping = new AbortController();
    const working = Promise.all(people.map((person, index) => person.work(createDice(index), stopping.signal)));
    const timesBetween = (from: number, to: number) =>
      seen
        .filter(({ at, procedure }) => at > from && at <= to && procedure !== "token.obtain")
        .map(({ milliseconds }) => milliseconds);
    try {
      await pause(stretch);
      const startedAt = performance.now();
      const idle = timesBetween(startedAt - stretch / 2, startedAt);
      const migrated = await installation.run(["migrate"]);
      const endedAt = performance.now();
      expect(migrated).toMatchObject({ code: 0, stderr: "" });
      await pause(Math.max(0, stretch / 2 - (endedAt - startedAt)));
      const during = timesBetween(startedAt, performance.now());
      const present = await installation.start();
      door.url = present.url;
      earlier.signal("SIGTERM");
      expect(await earlier.outcome).toMatchObject({ code: 0 });
      await pause(stretch / 5);
      console.log(
        JSON.stringify({
          from: "the release before",
          people: peopleOfLarge,
          seconds: inSeconds(endedAt - startedAt),
          p99: { idle: round(p99(idle)), during: round(p99(during)) },
          calls: seen.length,
        }),
      );
      expect(p99(during)).toBeLessThan(Math.max(noise, slowdown * p99(idle)));
    } finally {
      stopping.abort();
      await working;
      if (earlier.isRunning()) earlier.signal("SIGKILL");
      for (const person of people) person[Symbol.dispose]();
    }
    expect(seen.filter(({ status }) => status !== 200)).toEqual([]);
    expect(seen.length).toBeGreaterThan(100);
  },
  timeout,
);
