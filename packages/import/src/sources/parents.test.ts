import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { openSource } from "./open-source.ts";

test("a model of users that extends others has their columns as its own, is found though no name stands in its table, and has what is beside them beside it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-parents-"));
  const path = join(folder, "db.sqlite3");
  const there = new DatabaseSync(path);
  there.exec(`create table django_content_type (id integer primary key, app_label text, model text);
    create table crm_entity (id integer primary key, city varchar(40));
    create table crm_person (entity_ptr_id integer primary key references crm_entity (id), email varchar(254));
    create table other_person (id integer primary key, phone varchar(40));
    create table accounts_user (person_ptr_id integer primary key references crm_person (entity_ptr_id),
      password varchar(128), last_login datetime, is_active bool);
    create table crm_contact (id integer primary key, person_id integer not null unique references crm_person (entity_ptr_id));
    create table crm_line (contact_id integer primary key references crm_contact (id), gsm_no varchar(40));
    insert into crm_entity values (7, 'Bursa'), (8, 'of no user'); insert into crm_person values (7, 'ada@example.com');
    insert into accounts_user values (7, '!', null, 1);
    insert into crm_contact values (3, 7); insert into crm_line values (3, '0532 111 22 33')`);
  there.close();
  const source = await openSource(`sqlite:${path}`, "django", {});
  const rows = [];
  for await (const batch of source.read()) rows.push(...batch);
  await source.close();
  await rm(folder, { recursive: true });
  const values = { email: "ada@example.com", city: "Bursa", is_active: "1", "crm_line.gsm_no": "0532 111 22 33" };
  expect(rows).toMatchObject([{ oldId: "7", values }]);
});
