import { expect, test } from "vitest";
import { createPostgresProject } from "../testing/django-project.ts";
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
        { table: { schema: "public", table: "profile" }, column: "user_id", isOneToOne: true },
      ]);
      expect(references.map(({ table }) => table.table)).toContain("visit");
    } finally {
      await reader.close();
    }
  },
);
