import { createTestAuth } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { importPeople } from "./import-people.ts";
import { insertCrowd } from "./testing/crowd.ts";
import { createPostgresProject } from "./testing/django-project.ts";
import { usual } from "./testing/usual-options.ts";

const people = Number(process.env.LATCHKEY_PEOPLE ?? 100_000);

test(`${people} people come over at more than a thousand a second on a machine that may be busy, in memory that does not grow with them`, async () => {
  await using project = await createPostgresProject();
  await using service = await createTestAuth({ permissions: ["shop.order", "shop.approve_order"] });
  await insertCrowd(project, people);
  await project.run("analyze");
  let greatest = 0;
  const startedAt = performance.now();
  const phases: Record<string, number> = {};
  const answer = await importPeople(service.auth, {
    ...usual,
    connection: service.database.connection,
    source: project.source,
    accept: ["all"],
    onProgress: (what) => {
      greatest = Math.max(greatest, process.memoryUsage().rss);
      phases[what] = (performance.now() - startedAt) / 1_000;
    },
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(
    `${Math.round(people / seconds)} people a second, ${Math.round(greatest / 1024 ** 2)} MB at most; seconds by then: ${JSON.stringify(phases)}`,
  );
  expect(answer.created).toBe(people);
  expect(people / seconds).toBeGreaterThan(Number(process.env.LATCHKEY_PEOPLE_A_SECOND ?? 1_000));
  expect(greatest).toBeLessThan(600 * 1024 ** 2);
});
