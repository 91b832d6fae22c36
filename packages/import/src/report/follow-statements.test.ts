import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestAuth } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { createPostgresProject, createSqliteProject } from "../testing/django-project.ts";
import { runImport } from "../testing/run-import.ts";

test.each([
  ["PostgreSQL", createPostgresProject],
  ["SQLite", createSqliteProject],
])("the statements for %s let rows follow whatever their table and column are called", async (_name, createProject) => {
  await using project = await createProject();
  await using service = await createTestAuth();
  const report = await mkdtemp(join(tmpdir(), "latchkey-follow-"));
  await project.insert({ id: 1, username: "ada" });
  for (const [table, column] of [
    ["order", "userId"],
    ['Shop "Bill', "select"],
    ["Öfter", "buyer id"],
  ] as const) {
    const [quoted, key] = [table, column].map((name) => `"${name.replaceAll('"', '""')}"`);
    await project.run(
      `create table ${quoted} (${key} integer references users_user (id)); insert into ${quoted} values (1), (null)`,
    );
  }
  await runImport({ project, service }, { accept: ["all"], report });
  const summary = await readFile(join(report, "summary.txt"), "utf8");
  const statements = summary.split("\n").filter((line) => /^(create table|alter|update)/.test(line));
  expect(statements).toHaveLength(1 + 2 * 4);
  const [create = "", ...follow] = statements;
  const [{ id } = { id: "" }] = await service.database.query<{ id: string }>("select id from latchkey.users");
  await project.run(`${create} insert into latchkey_ids values ('1', '${id}'); ${follow.join("\n")}`);
  await project.run(`create table followed (table_name text primary key, id text not null check (id = '${id}'));
    insert into followed select 'order', "userId_latchkey" from "order" where "userId" = 1;
    insert into followed select 'bill', "select_latchkey" from "Shop ""Bill" where "select" = 1;
    insert into followed select 'often', "buyer id_latchkey" from "Öfter" where "buyer id" = 1`);
  await rm(report, { recursive: true });
});
