import { createTestAuth, shareOut } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { importPeople } from "./import-people.ts";
import { createPostgresProject, createSqliteProject } from "./testing/django-project.ts";
import { usual } from "./testing/usual-options.ts";
import { verifyImport } from "./verify-import.ts";

/** A profile beside each user, a model that extends the user, and tables of which nothing may be read or that have many rows for one person. */
const beside = `
create table accounts_profile (id integer primary key, user_id integer not null unique references users_user (id), phone varchar(40), city varchar(40));
create table shop_customer (user_ptr_id integer primary key references users_user (id), gender varchar(10), points integer);
create table authtoken_token (key varchar(40) primary key, user_id integer not null unique references users_user (id), created varchar(40));
create table shop_address (id integer primary key, user_id integer not null references users_user (id), phone varchar(40), city varchar(40));
insert into accounts_profile values (1, 1, '0532 111 22 33', 'Bursa'), (2, 2, '', null);
insert into shop_customer values (1, 'Female', 3);
insert into authtoken_token values ('secret', 1, '2020');
insert into shop_address values (1, 1, '0532 999 99 99', 'Ankara'), (2, 1, '0532 999 99 98', 'Izmir')`;

for (const { tags, cases } of shareOut(
  [
    ["PostgreSQL", createPostgresProject],
    ["SQLite", createSqliteProject],
  ] as const,
  2,
))
  test.each(cases)(
    "what is kept of people beside the table of users is lost to nobody unsaid: %s",
    { tags },
    async (_, createProject) => {
      await using project = await createProject();
      await using service = await createTestAuth({ permissions: ["shop.add_order", "shop.approve_order"] });
      await project.insert({ id: 1, username: "ada" }, { id: 2, username: "bob" });
      await project.run(beside);
      const options = { ...usual, connection: service.database.connection, source: project.source };

      const asked = await importPeople(service.auth, options);
      expect(asked).toMatchObject({ created: 0, exitCode: 4 });
      const columns = ["accounts_profile.phone", "accounts_profile.city", "shop_customer.gender"];
      expect(asked.codes).toEqual([expect.objectContaining({ code: "unknown_column", rows: 3, undecided: 3 })]);
      for (const column of columns) expect(asked.text).toContain(column);
      expect(asked.text).not.toMatch(/authtoken_token|shop_address|points/);

      const map = {
        "accounts_profile.phone": "phoneNumber",
        "accounts_profile.city": "city",
        "shop_customer.gender": "gender",
      };
      const only = { "accounts_profile.phone": "phoneNumber" };
      expect(await importPeople(service.auth, { ...options, map: only, apply: false })).toMatchObject({
        undecidedRows: 2,
      });
      expect(await importPeople(service.auth, { ...options, map })).toMatchObject({ created: 2, exitCode: 0 });
      const people = await service.database.query(
        "select username, phone_number, city, gender from latchkey.users order by username",
      );
      expect(people).toEqual([
        { username: "ada", phone_number: "+905321112233", city: "Bursa", gender: "Female" },
        { username: "bob", phone_number: null, city: null, gender: null },
      ]);
      expect(await verifyImport(service.auth, { ...options, map })).toMatchObject({ isGood: true, unknownColumns: [] });
      expect(await verifyImport(service.auth, options)).toMatchObject({ unknownColumns: columns });

      await project.run("update accounts_profile set city = 'Ankara' where user_id = 1");
      expect(await importPeople(service.auth, { ...options, map })).toMatchObject({
        created: 0,
        followed: { people: 1 },
      });
    },
  );
