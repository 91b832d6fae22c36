import { createTestAuth, shareOut } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { createPostgresProject, createSqliteProject } from "./testing/django-project.ts";
import { runImport } from "./testing/run-import.ts";

const [composed, decomposed] = ["Şefler".normalize("NFC"), "Şefler".normalize("NFD")];

for (const { tags, cases } of shareOut(
  [
    ["PostgreSQL", createPostgresProject],
    ["SQLite", createSqliteProject],
  ] as const,
  2,
))
  test.each(cases)(
    "of two groups in %s that would be called the same here, nobody gets the rights of the one by being in the other",
    { tags },
    async (_name, createProject) => {
      await using project = await createProject();
      await using service = await createTestAuth({ permissions: ["shop.add_order"] });
      await project.run(`insert into auth_group values (2, 'Clerks '), (3, 'clerks'), (4, '${composed}'), (5, '${decomposed}'), (6, ' Alone');
    insert into auth_group_permissions values (3, 5, 1), (4, 2, 1)`);
      await project.insert(...[1, 2, 3, 4, 5, 6].map((id) => ({ id, username: `u${id}` })));
      for (const id of [1, 2, 3, 4, 5, 6])
        await project.run(`insert into users_user_groups values (${id}, ${id}, ${id})`);
      const { codes } = await runImport({ project, service }, { accept: ["all"] });
      expect(codes).toContainEqual(
        expect.objectContaining({
          code: "group_unreadable",
          rows: 2,
          undecided: 0,
          examples: ["2 Clerks ", `5 ${decomposed}`],
        }),
      );
      const held = await service.database.query(
        `select u.username, g.name, array(select permission from latchkey.group_permissions p where p.group_id = g.id) as permissions
      from latchkey.users u left join latchkey.user_groups m on m.user_id = u.id left join latchkey.groups g on g.id = m.group_id order by 1`,
      );
      expect(held).toEqual([
        { username: "u1", name: "Clerks", permissions: ["shop.add_order"] },
        { username: "u2", name: null, permissions: [] },
        { username: "u3", name: "clerks", permissions: [] },
        { username: "u4", name: composed, permissions: [] },
        { username: "u5", name: null, permissions: [] },
        { username: "u6", name: "Alone", permissions: [] },
      ]);
      await project.run("update auth_group set name = 'Others' where id = 2");
      await runImport({ project, service }, { accept: ["all"], allowRaising: true });
      const [row] = await service.database.query(
        "select g.name from latchkey.users u join latchkey.user_groups m on m.user_id = u.id join latchkey.groups g on g.id = m.group_id where u.username = 'u2'",
      );
      expect(row).toEqual({ name: "Others" });
    },
  );
