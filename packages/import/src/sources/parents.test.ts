import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { openSource } from "./open-source.ts";

test("a model of users that extends others has their columns as its own, and is found though no name stands in its table", async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-parents-"));
  const path = join(folder, "db.sqlite3");
  const there = new DatabaseSync(path);
  there.exec(`create table django_content_type (id integer primary key, app_label text, model text);
    create table crm_entity (id integer primary key, city varchar(40));
    create table crm_person (entity_ptr_id integer primary key references crm_entity (id), email varchar(254));
    create table other_person (id integer primary key, phone varchar(40));
    create table accounts_user (person_ptr_id integer primary key references crm_person (entity_ptr_id),
      password varchar(128), last_login datetime, is_active bool);
    insert into crm_entity values (7, 'Bursa'), (8, 'of no user'); insert into crm_person values (7, 'ada@example.com');
    insert into accounts_user values (7, '!', null, 1)`);
  there.close();
  const source = await openSource(`sqlite:${path}`, "django", {});
  const rows = await Array.fromAsync(source.read());
  await source.close();
  await rm(folder, { recursive: true });
  expect(rows).toMatchObject([[{ oldId: "7", values: { email: "ada@example.com", city: "Bursa", is_active: "1" } }]]);
});
