import { type Auth, createAuth } from "@latchkey/auth";
import { createTestDatabase, type TestDatabase } from "@latchkey/auth/testing";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { password } from "./accounts-by-cli.ts";
import { toDatabaseUrl } from "./external-database.ts";
import { createInstallation, type Installation } from "./installation.ts";
import { until } from "./service-process.ts";

const [a, b] = ["3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs", "pW4xNc8sVb1tRk6yHq3mZd9fLj2gUa7EoT5"];

let database: TestDatabase;
let installation: Installation;
beforeEach(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: toDatabaseUrl(database.connection), LATCHKEY_SECRET: a };
  installation = await createInstallation(settings, { keepsCommandLine: true });
});
afterEach(async () => {
  await installation[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** Kills a command in the midst of its work, where it waits for a row that somebody else holds. */
async function killWhileItWaits(args: readonly string[], held: string): Promise<void> {
  const holder = new pg.Client(database.connection);
  await holder.connect();
  try {
    await holder.query("begin");
    await holder.query(held);
    const command = installation.launchCommand(args, { variables: { LATCHKEY_SECRET: `${b},${a}` } });
    await until(async () => {
      const waiting = await database.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return waiting.length > 0;
    });
    command.signalGroup("SIGKILL");
    await command.outcome;
  } finally {
    await holder.end();
  }
}

const facts = { requestId: null, address: null, userAgent: null };

/** Does something as a service does that starts with this secret. */
async function withSecret<T>(secret: string, act: (auth: Auth) => Promise<T>): Promise<T> {
  const auth = createAuth(database.connection, { secret, passwords: { cost: 4 } });
  return auth
    .initialize()
    .then(() => act(auth))
    .finally(() => auth.close());
}

const openSession = () =>
  withSecret(a, async (auth) => {
    await auth.createUser({ username: "alice", password });
    return (await auth.signIn({ username: "alice", password }, facts)).refreshToken;
  });

describe("reseal, killed in the midst of its work and run again,", () => {
  it("brings everything under the new secret, and nobody is signed out", { tags: ["long"] }, async () => {
    const refreshToken = await openSession();
    await killWhileItWaits(["reseal"], "select from latchkey.secret_keys where purpose = 'throttles' for update");

    const variables = { LATCHKEY_SECRET: `${b},${a}` };
    const doctor = await installation.run(["doctor"], { variables });
    expect(doctor.stdout).toContain('run "latchkey reseal"');
    const { code, stdout } = await installation.run(["reseal", "--json"], { variables });
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, left: 0, sessionsEnded: 0 });
    await withSecret(b, (auth) => auth.refresh(refreshToken, facts));
  });

  it("ends the sessions of a secret that is compromised, all of them", { tags: ["long"] }, async () => {
    const refreshToken = await openSession();
    await killWhileItWaits(["reseal", "--compromised"], "select from latchkey.sessions for update");

    const { code, stdout } = await installation.run(["reseal", "--compromised"], {
      variables: { LATCHKEY_SECRET: `${b},${a}` },
    });
    expect(code).toBe(0);
    expect(stdout).toContain("Nothing is left under another secret");
    expect(await database.query("select from latchkey.sessions where ended_at is null")).toEqual([]);
    await withSecret(b, async (auth) => {
      await expect(auth.refresh(refreshToken, facts)).rejects.toMatchObject({ code: "refresh_token_invalid" });
      await auth.signIn({ username: "alice", password }, facts);
    });
  });
});
