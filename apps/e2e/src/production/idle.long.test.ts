import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { createUser, obtainToken } from "../processes/accounts-by-cli.ts";
import { createEmptyDatabase, queryOnce } from "../processes/external-database.ts";
import { createInstallation } from "../processes/installation.ts";
import { startReceiver } from "../webhooks/receiver.ts";

// What a service asks of its database while nobody calls it: it looks for what other processes left behind, and for nothing else.

/** Milliseconds. What a start does for once is over after the first, and the second are counted. */
const [settling, counted] = [20_000, 60_000];

/** Statements in a minute. Two webhooks, the codes, the seals, the stream of the audit trail and the keys are each looked at a few times. */
const most = 90;

test(`a service that nobody calls, with codes, webhooks and a stream of its audit trail, asks its database at most ${most} times a minute and writes nothing`, async () => {
  await using database = await createEmptyDatabase();
  await using receiver = await startReceiver();
  await using installation = await createInstallation({
    DATABASE_URL: database.url,
    WEBHOOKS: `${receiver.url}/one,${receiver.url}/two`,
    WEBHOOK_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    AUDIT_STREAM: "stdout",
    MIGRATE: "auto",
  });
  await createUser(installation, "--username", "alice");
  const service = await installation.start();
  await obtainToken(service.url, "alice");
  await pause(settling);
  const before = await readActivity(database.url);
  await pause(counted);
  const after = await readActivity(database.url);
  const growth = { statements: after.statements - before.statements, rows: after.rows - before.rows };
  console.log(`an idle service in a minute: ${JSON.stringify(growth)}`);
  expect(growth.statements).toBeLessThan(most);
  expect(growth.rows).toBe(0);
  // It is not asleep.
  await obtainToken(service.url, "alice");
});

/** What happened in a database, as PostgreSQL counts it some moments later: each statement of its own is a transaction. */
async function readActivity(url: string): Promise<{ readonly statements: number; readonly rows: number }> {
  const [row] = await queryOnce<{ statements: number; rows: number }>(
    { connectionString: url },
    `select (select (xact_commit + xact_rollback)::int from pg_stat_database where datname = current_database()) as statements,
      (select sum(n_tup_ins + n_tup_upd + n_tup_del)::int from pg_stat_user_tables where schemaname = 'latchkey') as rows`,
  );
  return row ?? { statements: 0, rows: 0 };
}
