import { test } from "vitest";
import { createPostgresProject, createSqliteProject } from "./testing/django-project.ts";
import { makeOddPeople } from "./testing/odd-people.ts";
import { tryEverybody } from "./testing/try-everybody.ts";

test.each([
  ["PostgreSQL", createPostgresProject],
  ["SQLite", createSqliteProject],
])(
  "of people of every kind in %s each signs in by what they typed there or is in the report, and none reaches another",
  async (_, createProject) => {
    await using project = await createProject();
    const people = makeOddPeople(2);
    await project.insert(...people.map(({ old }) => old));
    await tryEverybody({ source: project.source, people, rounds: 2 });
  },
);
