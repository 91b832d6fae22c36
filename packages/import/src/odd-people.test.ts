import { test } from "vitest";
import { createPostgresProject, createSqliteProject } from "./testing/django-project.ts";
import { makeOddPeople } from "./testing/odd-people.ts";
import { tryEverybody } from "./testing/try-everybody.ts";

test.each([
  ["PostgreSQL", createPostgresProject, 2],
  // What differs there is how values are read.
  ["SQLite", createSqliteProject, 1],
] as const)(
  "of people of every kind in %s each signs in by what they typed there or is in the report, and none reaches another",
  async (_, createProject, rounds) => {
    await using project = await createProject();
    const people = makeOddPeople(rounds);
    await project.insert(...people.map(({ old }) => old));
    await tryEverybody({ source: project.source, people, rounds });
  },
  // On a machine that is busy with something else.
  180_000,
);
