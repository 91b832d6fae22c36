import { createTestAuth, type TestDatabase } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { importPeople } from "./import-people.ts";
import { insertCrowd } from "./testing/crowd.ts";
import { createPostgresProject } from "./testing/django-project.ts";
import { usual } from "./testing/usual-options.ts";

const people = Number(process.env.LATCHKEY_PEOPLE ?? 100_000);

/** Pages that PostgreSQL looks at for who asks whether a name is kept for somebody. */
async function countPagesOfAsking({ query }: TestDatabase): Promise<number> {
  const rows = await query<{ "QUERY PLAN": string }>(
    "explain (analyze, buffers) select from latchkey.imported_users where username_hashes && array[sha256('nobody')]",
  );
  const [, pages] = /Buffers: shared hit=(\d+)/.exec(rows.map((row) => row["QUERY PLAN"]).join("\n")) ?? [];
  return Number(pages);
}

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
  expect(await countPagesOfAsking(service.database)).toBeLessThan(200);
});

test("8,000 people whose names are all kept for those of another source are proposed others at more than 200 a second", async () => {
  await using project = await createPostgresProject();
  await using service = await createTestAuth({ permissions: ["shop.order", "shop.approve_order"] });
  await insertCrowd(project, 8_000);
  const options = { ...usual, connection: service.database.connection, source: project.source, accept: ["all"] };
  await importPeople(service.auth, options);
  const startedAt = performance.now();
  const { codes } = await importPeople(service.auth, { ...options, name: "other", apply: false });
  const seconds = (performance.now() - startedAt) / 1_000;
  const [reserved] = codes.filter(({ code }) => code === "username_reserved");
  expect(reserved?.rows).toBeGreaterThan(1_000);
  expect(8_000 / seconds).toBeGreaterThan(200);
});
