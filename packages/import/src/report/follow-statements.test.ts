import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createTestAuth, shareOut } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { createPostgresProject, createSqliteProject } from "../testing/django-project.ts";
import { runImport } from "../testing/run-import.ts";

for (const { tags, cases } of shareOut(
  [
    ["PostgreSQL", createPostgresProject],
    ["SQLite", createSqliteProject],
  ] as const,
  2,
))
  test.each(cases)(
    "the statements for %s let rows follow whatever their table and column are called",
    { tags },
    async (_name, createProject) => {
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
      // One that points at the username, which may be the id of somebody else; and one of two columns together.
      await project.insert({ id: 2, username: "1" });
      await project.run(`create unique index pair on users_user (username, id);
    create table visit (who varchar(150) references users_user (username)); insert into visit values ('1');
    create table bill (who varchar(150), owner integer, foreign key (who, owner) references users_user (username, id));
    insert into bill values ('ada', 1)`);
      await runImport({ project, service }, { accept: ["all"], report });
      const summary = await readFile(join(report, "summary.txt"), "utf8");
      const statements = summary.split("\n").filter((line) => /^(create table|alter|update)/.test(line));
      expect(statements).toHaveLength(1 + 2 * 6);
      const [create = "", ...follow] = statements;
      const [{ id } = { id: "" }, { id: other } = { id: "" }] = await service.database.query<{ id: string }>(
        "select user_id as id from latchkey.imported_users order by old_id",
      );
      await project.run(
        `${create} insert into latchkey_ids values ('1', '${id}'), ('2', '${other}'); ${follow.join("\n")}`,
      );
      await project.run(`create table followed (table_name text primary key, id text not null check (id = '${id}'));
    insert into followed select 'order', "userId_latchkey" from "order" where "userId" = 1;
    insert into followed select 'bill', "select_latchkey" from "Shop ""Bill" where "select" = 1;
    insert into followed select 'often', "buyer id_latchkey" from "Öfter" where "buyer id" = 1;
    insert into followed select 'bill of two', owner_latchkey from bill;
    create table visited (id text not null check (id = '${other}')); insert into visited select who_latchkey from visit`);
      await rm(report, { recursive: true });
    },
  );

test("ids that a spreadsheet would take for formulas are written so that it does not, and followed as they are", async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-follow-"));
  const file = join(folder, "db.sqlite3");
  using database = new DatabaseSync(file);
  database.exec(`create table django_content_type (id integer primary key);
    create table customer (phone varchar(40) primary key, password text, last_login datetime);
    create table bill (buyer varchar(40) references customer (phone));
    insert into customer values ('+905321234567', '', null); insert into bill values ('+905321234567')`);
  await using service = await createTestAuth();
  await runImport({ project: { source: `sqlite:${file}` }, service }, { accept: ["all"], report: folder });
  expect(await readFile(join(folder, "id-map.csv"), "utf8")).toContain('\n"\'+905321234567",');
  const statements = (await readFile(join(folder, "summary.txt"), "utf8"))
    .split("\n")
    .filter((line) => /^(create table|alter|update)/.test(line));
  const [{ id } = { id: "" }] = await service.database.query<{ id: string }>("select id from latchkey.users");
  const [create = "", ...rest] = statements;
  database.exec(create);
  database.prepare("insert into latchkey_ids values (?, ?)").run("'+905321234567", id);
  database.exec(rest.join("\n"));
  expect(database.prepare("select buyer_latchkey as id from bill").all()).toEqual([{ id }]);
  await rm(folder, { recursive: true });
});
