import { expect, test } from "vitest";
import { createPostgresProject, createSqliteProject } from "../testing/django-project.ts";
import { openReader } from "./open-source.ts";

test.each([
  ["PostgreSQL", createPostgresProject],
  ["SQLite", createSqliteProject],
])("%s is opened so that nothing can be written to it", async (_name, createProject) => {
  await using project = await createProject();
  await project.insert({ id: 1, username: "ada" });
  const reader = await openReader(project.source);
  try {
    await expect(reader.all("delete from users_user")).rejects.toMatchObject({
      name: "SourceError",
      message: expect.stringMatching(/read-?only/),
    });
  } finally {
    await reader.close();
  }
});

test("PostgreSQL is read as of one moment, whatever changes there meanwhile", async () => {
  await using project = await createPostgresProject();
  await project.insert({ id: 1, username: "ada" }, { id: 2, username: "bob" });
  const reader = await openReader(project.source);
  try {
    expect(await reader.all("select username from users_user where id = 1")).toEqual([{ username: "ada" }]);
    await project.run("update users_user set username = 'ada_' where id = 1; delete from users_user where id = 2");
    await project.insert({ id: 3, username: "eve" });
    const read: unknown[] = [];
    for await (const rows of reader.batches("select id, username from users_user order by id")) read.push(...rows);
    expect(read).toEqual([
      { id: "1", username: "ada" },
      { id: "2", username: "bob" },
    ]);
  } finally {
    await reader.close();
  }
});
