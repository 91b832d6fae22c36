import { test } from "vitest";
import { createPostgresProject, createSqliteProject } from "./testing/django-project.ts";
import { makeOddPeople } from "./testing/odd-people.ts";
import { tryEverybody } from "./testing/try-everybody.ts";

// The long run has many more of them besides, in databases of a real Django.
for (const [name, createProject, tags] of [
  ["PostgreSQL", createPostgresProject, []],
  // What differs there is how values are read.
  ["SQLite", createSqliteProject, ["long"]],
] as const)
  test(`of people of every kind in ${name} each signs in by what they typed there or is in the report, and none reaches another`, {
    // On a machine that is busy with something else.
    tags: [...tags],
    timeout: 180_000,
  }, async () => {
    await using project = await createProject();
    const people = makeOddPeople(1);
    await project.insert(...people.map(({ old }) => old));
    await tryEverybody({ source: project.source, people, rounds: 1 });
  });
