import { createConnection } from "mysql2/promise";
import { expect, test } from "vitest";
import { hasMariadb, startMariadb } from "../testing/mariadb.ts";
import { openReader } from "./open-source.ts";
import { findProfiles } from "./profiles.ts";

test.skipIf(!hasMariadb())(
  "in MariaDB a table with a row for each person at most is told from one with many, and its personal columns are read",
  async () => {
    await using database = await startMariadb();
    const there = await createConnection({ uri: database.url, multipleStatements: true });
    await there.query(`create table users_user (id integer primary key, username varchar(150) not null);
      create table accounts_profile (id integer primary key, user_id integer not null unique, phone varchar(40),
        foreign key (user_id) references users_user (id));
      create table shop_customer (user_ptr_id integer primary key, city varchar(40), points integer,
        foreign key (user_ptr_id) references users_user (id));
      create table shop_address (user_id integer not null, place integer not null, city varchar(40), unique (user_id, place),
        foreign key (user_id) references users_user (id));
      insert into users_user values (1, 'ada'), (2, 'bob'); insert into accounts_profile values (1, 2, '0532 111 22 33')`);
    await there.end();
    const reader = await openReader(database.url);
    try {
      const tables = await reader.tables();
      const users = tables.find(({ table }) => table === "users_user");
      if (!users) throw new Error("the table of users is not found");
      const { columns, joins } = await findProfiles(reader, { tables, of: [{ table: users, as: "u" }] });
      expect(columns.map(({ name }) => name)).toEqual(["accounts_profile.phone", "shop_customer.city"]);
      const rows = await reader.all(
        `select u.id, ${columns[0]?.sql} as phone from users_user u ${joins} order by u.id`,
      );
      expect(rows).toEqual([
        { id: "1", phone: null },
        { id: "2", phone: "0532 111 22 33" },
      ]);
    } finally {
      await reader.close();
    }
  },
);
