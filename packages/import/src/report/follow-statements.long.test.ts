import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestAuth } from "@latchkey/auth/testing";
import { createConnection } from "mysql2/promise";
import { expect, test } from "vitest";
import { hasMariadb, startMariadb } from "../testing/mariadb.ts";
import { runImport } from "../testing/run-import.ts";

const people = (type: string) => `create table person (id ${type} primary key, username varchar(150) not null unique,
  password varchar(128), last_login datetime(6), is_active bit(1) not null, is_staff bit(1) not null);
  create table bill (buyer ${type}, foreign key (buyer) references person (id));
  create table visit (who varchar(150), foreign key (who) references person (username));`;

test.skipIf(!hasMariadb()).each([
  ["numbers of more digits than a float keeps", "bigint", ["9007199254740992", "9007199254740993"]],
  ["texts that differ in case, or hold a backslash", "varchar(40) collate utf8mb4_bin", ["a\\B", "a\\b"]],
] as const)("the statements for MariaDB let rows follow by ids that are %s", async (_, type, ids) => {
  await using database = await startMariadb();
  await using service = await createTestAuth();
  const folder = await mkdtemp(join(tmpdir(), "latchkey-follow-"));
  const there = await createConnection({ uri: database.url, multipleStatements: true, supportBigNumbers: true });
  await there.query(`create table django_content_type (id integer primary key); ${people(type)}`);
  for (const [at, id] of ids.entries())
    await there.query("insert into person values (?, ?, '', null, ?, 0); insert into bill values (?)", [
      id,
      `person_${at}`,
      at,
      id,
    ]);
  await there.query("insert into visit values ('person_1'), (null)");
  await runImport({ project: { source: database.url }, service }, { accept: ["all"], report: folder });
  const here = await service.database.query<{ old_id: string; user_id: string; is_active: boolean }>(
    `select old_id, user_id::text, is_active from latchkey.imported_users join latchkey.users u on u.id = user_id order by username`,
  );
  expect(here.map(({ is_active }) => is_active)).toEqual([false, true]);

  const summary = await readFile(join(folder, "summary.txt"), "utf8");
  const [create = "", ...follow] = summary.split("\n").filter((line) => /^(create table|alter|update)/.test(line));
  await there.query(create);
  for (const { old_id, user_id } of here)
    await there.query("insert into latchkey_ids values (?, ?)", [old_id, user_id]);
  await there.query(follow.join("\n"));
  const [bills] = await there.query(
    "select buyer_latchkey as id from bill join person p on p.id = buyer order by username",
  );
  expect(bills).toEqual(here.map(({ user_id: id }) => ({ id })));
  const [visits] = await there.query("select who_latchkey as id from visit where who is not null");
  expect(visits).toEqual([{ id: here[1]?.user_id }]);
  await there.end();
  await rm(folder, { recursive: true });
});
