import { setTimeout as delay } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { createPostgresProject } from "../testing/django-project.ts";
import { findUsers } from "./django.ts";
import { openPostgresReader, readReferences, readTables } from "./postgres-reader.ts";

test.each([90_600, 100_000, 110_000, 180_000])(
  "tables and references are read alike by what PostgreSQL knows since version %i",
  async (version) => {
    await using project = await createPostgresProject();
    await project.run(`create table profile (user_id integer not null unique references users_user (id), phone text not null default '');
      create table visit (id integer primary key, user_id integer not null references users_user (id), unique (user_id, id))`);
    const reader = await openPostgresReader(project.source);
    try {
      const tables = await readTables(reader.all, version);
      expect(tables).toEqual(await reader.tables());
      const [users, profile] = ["users_user", "profile"].map((name) => tables.find(({ table }) => table === name));
      expect(profile?.required).toEqual([
        { name: "user_id", isFilled: false },
        { name: "phone", isFilled: true },
      ]);
      if (!users) throw new Error("the table of users is not found");
      const references = await readReferences(reader.all, version, users);
      expect(references.filter(({ isOneToOne }) => isOneToOne)).toEqual([
        { table: { schema: "public", table: "profile" }, column: "user_id", target: "id", isOneToOne: true },
      ]);
      expect(references.map(({ table }) => table.table)).toContain("visit");
    } finally {
      await reader.close();
    }
  },
);

test("neither a role's own settings nor what it may see of a table change what is read", async () => {
  await using project = await createPostgresProject();
  await project.insert({ id: 1, username: "ada" }, { id: 2, username: "bob" });
  const options = "-c transaction_timeout=300ms -c idle_in_transaction_session_timeout=100ms -c datestyle=SQL,DMY";
  const reader = await openPostgresReader(`${project.source}?options=${encodeURIComponent(options)}`);
  try {
    await delay(400);
    expect(await reader.all("select date_joined from users_user where id = 1")).toEqual([
      { date_joined: "2020-01-02 03:04:05.678901+00" },
    ]);
  } finally {
    await reader.close();
  }
  // As for every role but the owner and superusers.
  await project.run(`alter table users_user enable row level security; alter table users_user force row level security;
    create policy own on users_user using (id = 1)`);
  const another = await openPostgresReader(project.source);
  try {
    await expect(another.all("select id from users_user")).rejects.toMatchObject({
      name: "SourceError",
      message: expect.stringContaining("row-level security policy"),
    });
  } finally {
    await another.close();
  }
});

test("a table of users in parts is one table", async () => {
  await using project = await createPostgresProject();
  await project.run(`alter table users_user rename to part;
    create table users_user (like part) partition by range (id);
    alter table users_user attach partition part for values from (0) to (100)`);
  const reader = await openPostgresReader(project.source);
  try {
    expect((await reader.tables()).map(({ table }) => table)).not.toContain("part");
    expect(findUsers(await reader.tables(), undefined, reader.place)).toMatchObject({ table: "users_user" });
  } finally {
    await reader.close();
  }
});

test.each([
  [
    "postgres://me:hidden-word@/shop?host=/nowhere",
    /^The source postgres:\/\/\/nowhere\/shop cannot be reached: connect ENOENT/,
  ],
  ["postgres://me:hidden-word@127.0.0.1:1/shop?sslmode=require", /cannot be reached: connect ECONNREFUSED/],
  ["postgres://me:hidden-word@127.0.0.1:1/shop?sslrootcert=/nowhere", /cannot be reached: ENOENT/],
])("%s is one line", async (address, message) => {
  const warned = vi.spyOn(process, "emitWarning");
  await expect(openPostgresReader(address)).rejects.toMatchObject({
    name: "SourceError",
    exitCode: 3,
    message: expect.stringMatching(message),
  });
  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});
