import { createTestAuth, shareOut } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { createPostgresProject, createSqliteProject } from "./testing/django-project.ts";
import { runImport } from "./testing/run-import.ts";

for (const { tags, cases } of shareOut(
  [
    ["PostgreSQL", createPostgresProject, "alter table users_user alter column is_active drop not null"],
    [
      "SQLite",
      createSqliteProject,
      "alter table users_user drop column is_active; alter table users_user add column is_active bool",
    ],
  ] as const,
  2,
))
  test.each(cases)(
    "whose `is_active` is null in %s, whom Django lets in no more, is asked about and comes over disabled",
    { tags },
    async (_name, createProject, allowNull) => {
      await using project = await createProject();
      await using service = await createTestAuth();
      await project.run(allowNull);
      await project.insert({ id: 1, username: "ada" }, { id: 2, username: "bob", is_active: null });
      const asked = await runImport({ project, service }, {});
      expect(asked).toMatchObject({ exitCode: 4, created: 0 });
      expect(asked.codes).toContainEqual(expect.objectContaining({ code: "flag_unreadable", examples: ["2"] }));
      expect(await runImport({ project, service }, { accept: ["all"] })).toMatchObject({ exitCode: 0, created: 2 });
      const read = () => service.database.query("select username, is_active from latchkey.users order by username");
      expect(await read()).toEqual([
        { username: "ada", is_active: true },
        { username: "bob", is_active: false },
      ]);
      await project.run("update users_user set is_active = null where id = 1");
      expect(await runImport({ project, service }, { accept: ["all"] })).toMatchObject({ exitCode: 0 });
      expect(await read()).toEqual([
        { username: "ada", is_active: false },
        { username: "bob", is_active: false },
      ]);
    },
  );
