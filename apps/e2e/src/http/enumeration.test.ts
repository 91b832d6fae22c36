import { pbkdf2Sync } from "node:crypto";
import { processorTimeOf } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { call, startLiveServer } from "../live-server.ts";
import { createLockedAccount } from "./locked-account.ts";
import { password } from "./people.ts";

/** `LATCHKEY_SAMPLES=200` measures as closely as the promise is made. */
const samples = Number(process.env.LATCHKEY_SAMPLES ?? 7);
const cost = 9;

const encodePbkdf2 = (iterations: number) =>
  `pbkdf2_sha256$${iterations}$salt$${pbkdf2Sync(password, "salt", iterations, 32, "sha256").toString("base64")}`;

/** What may be stored of a password: of our making, of Django's, and nothing that fits. */
const stored = {
  current: password,
  foreign: { djangoHash: encodePbkdf2(30_000) },
  dearer: { djangoHash: encodePbkdf2(250_000) },
  unusable: { djangoHash: "!" },
} as const;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** As long as it takes, the more samples the longer. */
const timeout = 120_000 + samples * 2_000;

test("a refusal takes the same work for nobody and for accounts of every kind, with hashes of every age", {
  timeout,
}, async () => {
  await using live = await startLiveServer({ passwords: { cost } }, { trustedProxies: ["127.0.0.1"] });
  const { auth, database, another } = live.test;
  for (const [username, encoded] of Object.entries(stored)) await auth.createUser({ username, password: encoded });
  await auth.createUser({ username: "inactive", password });
  await (await another({ passwords: { cost: 7 } })).createUser({ username: "older", password });
  await database.query("update latchkey.users set is_active = false where username = 'inactive'");
  await auth.learnHashCosts();
  await createLockedAccount(live.test);

  const kinds = [...Object.keys(stored), "older", "inactive", "locked", "nobody", "+905329998877"];
  const times = new Map(kinds.map((kind) => [kind, [] as number[]]));
  for (let round = -2; round < samples; round += 1) {
    for (const [index, username] of kinds.entries()) {
      const headers = { "x-forwarded-for": `10.2.${round + 2}.${index}` };
      const input = { username, password: username === "inactive" || username === "locked" ? password : "wrong horse" };
      // The service's threads are this process's.
      const time = await processorTimeOf(async () => {
        const { status, body } = await call(live.url, "token.obtain", { input, headers });
        expect([status, body.data.reason], username).toEqual([400, "invalid_credentials"]);
      });
      // The first rounds warm up, and teach the service how long a hash takes.
      if (round >= 0) times.get(username)?.push(time);
    }
    await database.query("delete from latchkey.throttles where forgotten_at is not null");
  }

  const medians = Object.fromEntries([...times].map(([kind, values]) => [kind, median(values)]));
  const { dearer = 0, ...rest } = medians;
  const others = Object.values(rest);
  const allowed = Math.max(10, median(others) * 0.05);
  expect(Math.max(...others) - Math.min(...others), JSON.stringify(medians)).toBeLessThan(allowed);
  // What another kind of hash takes beside ours is measured at the start, and differs with what else the machine does.
  expect(Math.abs(dearer - median(others)), JSON.stringify(medians)).toBeLessThan(dearer / 3);
});
