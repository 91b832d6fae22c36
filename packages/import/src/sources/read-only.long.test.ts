import { createConnection } from "mysql2/promise";
import { expect, test } from "vitest";
import { hasMariadb, startMariadb } from "../testing/mariadb.ts";
import { openReader } from "./open-source.ts";

test.skipIf(!hasMariadb())(
  "MariaDB is opened so that nothing can be written to it, and read as of one moment, whatever changes there meanwhile",
  async () => {
    await using database = await startMariadb();
    const there = await createConnection({ uri: database.url, multipleStatements: true });
    await there.query(`create table users_user (id integer primary key, username varchar(150) not null);
      insert into users_user values (1, 'ada'), (2, 'bob')`);
    // This server has no certificate: what would go in clear text goes not at all.
    await expect(openReader(`${database.url}?ssl-mode=REQUIRED`)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/cannot be reached: .*secure connection/),
    });
    const reader = await openReader(`${database.url}?ssl-mode=PREFERRED`);
    try {
      const writes = [
        "insert into users_user values (3, 'eve')",
        "update users_user set username = 'x'",
        "delete from users_user",
      ];
      for (const statement of writes)
        await expect(reader.all(statement), statement).rejects.toMatchObject({
          name: "SourceError",
          message: expect.stringMatching(/READ ONLY transaction/),
        });

      await there.query(`update users_user set username = 'ada_' where id = 1; delete from users_user where id = 2;
        insert into users_user values (3, 'eve')`);
      const read: unknown[] = [];
      for await (const rows of reader.batches("select id, username from users_user order by id")) read.push(...rows);
      expect(read).toEqual([
        { id: "1", username: "ada" },
        { id: "2", username: "bob" },
      ]);
      const [after] = await there.query("select id, username from users_user order by id");
      expect(after).toEqual([
        { id: 1, username: "ada_" },
        { id: 3, username: "eve" },
      ]);
    } finally {
      await reader.close();
      await there.end();
    }
  },
);
