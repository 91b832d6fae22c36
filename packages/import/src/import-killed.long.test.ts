import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createTestAuth, testSecret } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { importPeople } from "./import-people.ts";
import { insertCrowd } from "./testing/crowd.ts";
import { createPostgresProject } from "./testing/django-project.ts";
import { usual } from "./testing/usual-options.ts";

const program = fileURLToPath(new URL("testing/import-program.ts", import.meta.url));
const people = Number(process.env.LATCHKEY_PEOPLE ?? 60_000);

test("an import that is killed again and again loses nobody and doubles nobody", async () => {
  await using project = await createPostgresProject();
  await using service = await createTestAuth();
  await insertCrowd(project, people);
  const count = async (query: string) =>
    Number((await service.database.query<{ count: string }>(`select count(*) from ${query}`))[0]?.count);
  // While it reads, while a round is under way and before anybody is here, and between two steps.
  const moments: readonly (() => Promise<boolean>)[] = [
    async () => (await count("latchkey.import_people")) > people / 3,
    async () => (await count("latchkey.import_sources where round_id is not null")) > 0,
    async () => (await count("latchkey.users")) > 0,
  ];
  for (const isReached of moments) {
    const child = spawn(process.execPath, [
      program,
      project.source,
      JSON.stringify(service.database.connection),
      testSecret,
    ]);
    const ended = once(child, "exit");
    while (child.exitCode === null && !(await isReached())) await delay(20);
    child.kill("SIGKILL");
    await ended;
    expect(child.signalCode).toBe("SIGKILL");
  }
  expect(await count("latchkey.users")).toBeLessThan(people);
  expect(await count("latchkey.import_sources where seen_at is not null")).toBe(0);

  // The server notices that the killed one is gone when it next writes to it.
  const run = () =>
    importPeople(service.auth, {
      ...usual,
      accept: ["all"],
      connection: service.database.connection,
      source: project.source,
    });
  const answer = await untilFree(run);
  expect(answer.totals.read).toBe(people);
  expect(await count("latchkey.users")).toBe(people);
  expect(await count("latchkey.imported_users where user_id is not null")).toBe(people);
  expect(await count("latchkey.import_sources where seen_at is not null and round_id is null")).toBe(1);
  expect(await count("latchkey.user_groups")).toBe(people / 10);
  expect(await count("latchkey.audit_events where event = 'user_created'")).toBe(people);
  expect(
    await service.database.query(
      "select sum((detail ->> 'added')::int)::int as added from latchkey.audit_events where event = 'imported_users_recorded'",
    ),
  ).toEqual([{ added: people }]);
  expect(await run()).toMatchObject({ created: 0, exitCode: 0 });
});

async function untilFree<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!(error as Error).message.includes("Another import is under way")) throw error;
      await delay(200);
    }
  }
}
