import { createTestAuth, shareOut, type TestAuth } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { exportToDjango } from "./export-to-django.ts";
import { importPeople } from "./import-people.ts";
import { createPostgresProject, createSqliteProject } from "./testing/django-project.ts";
import { pbkdf2 } from "./testing/odd-people.ts";
import { usual } from "./testing/usual-options.ts";

const bring = (service: TestAuth, source: string) =>
  importPeople(service.auth, { ...usual, accept: ["all"], connection: service.database.connection, source });

for (const { tags, cases } of shareOut(
  [
    ["PostgreSQL", createPostgresProject],
    ["SQLite", createSqliteProject],
  ] as const,
  2,
))
  test.each(cases)(
    "what was changed here is there after the export to %s, and nothing else is another",
    { tags },
    async (_name, createProject) => {
      await using project = await createProject();
      await using service = await createTestAuth({ passwords: { format: "pbkdf2_sha256" } });
      await project.insert(
        {
          id: 1,
          username: "ada",
          password: pbkdf2("first password", "salt"),
          city: "İzmir",
          phone_number: "+905321234501",
        },
        { id: 2, username: "20201234", password: pbkdf2("second password", "salt"), city: "Bursa" },
        { id: 3, username: "gone_here", password: pbkdf2("third password", "salt") },
        { id: 4, username: "boss", password: pbkdf2("fourth password", "salt"), is_superuser: true },
        { id: 5, username: "shared@firma.example" },
        { id: 6, username: "other", email: "shared@firma.example" },
      );
      await bring(service, project.source);
      const { operator } = service.auth;
      await operator.changePassword("ada", "chosen here by ada");
      await service.database.query(
        "update latchkey.users set city = 'O''Hara \\ Van', phone_number = null where username = 'ada'",
      );
      await operator.delete("gone_here");
      await service.auth.createUser({ username: "of_here", password: "a long enough one", isSuperuser: true });
      // What is their address here is somebody's username there.
      await service.auth.createUser({ email: "shared@firma.example", password: "a long enough one" });

      let script = "";
      const options = { source: project.source, name: "django", map: {}, connection: service.database.connection };
      for await (const text of exportToDjango(service.auth, options)) script += text;
      expect(script).not.toMatch(/second password|20201234|'Bursa'/);
      let id = 50;
      await project.run(
        script.replaceAll(
          /insert into (\S+) \((.*?)\) values \(/g,
          (_all, table, columns) => `insert into ${table} (id, ${columns}) values (${id++}, `,
        ),
      );

      await using later = await createTestAuth();
      await bring(later, project.source);
      const people = await later.database.query(
        `select username, city, phone_number, is_active, is_superuser, i.old_id
    from latchkey.users u join latchkey.imported_users i on i.user_id = u.id order by length(i.old_id), i.old_id`,
      );
      const rest = { phone_number: null, is_active: true, is_superuser: false, city: null };
      expect(people).toEqual([
        { ...rest, old_id: "1", username: "ada", city: "O'Hara \\ Van" },
        { ...rest, old_id: "2", username: null, city: "Bursa" },
        { ...rest, old_id: "3", username: "gone_here", is_active: false },
        { ...rest, old_id: "4", username: "boss", is_superuser: true },
        { ...rest, old_id: "5", username: null },
        { ...rest, old_id: "6", username: "other" },
        { ...rest, old_id: "50", username: "of_here" },
        { ...rest, old_id: "51", username: null },
      ]);
      const signIn = (username: string, password: string) => later.auth.signIn({ username, password }, later.facts);
      await expect(signIn("ada", "chosen here by ada")).resolves.toHaveProperty("token");
      await expect(signIn("20201234", "second password")).resolves.toHaveProperty("token");
      await expect(signIn("of_here", "a long enough one")).resolves.toHaveProperty("token");
    },
  );
