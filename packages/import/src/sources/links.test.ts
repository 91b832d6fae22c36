import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { createPostgresProject } from "../testing/django-project.ts";
import { openSource } from "./open-source.ts";

const people = { id: 1, username: "ada" };
const links = `insert into users_user_groups values (1, 1, 1);
  alter table users_user_groups add foreign key (group_id) references auth_group (id);
  insert into users_user_user_permissions values (1, 1, 2);
  alter table users_user_user_permissions add foreign key (permission_id) references auth_permission (id);`;

async function readAll(address: string) {
  const source = await openSource(address, "django", {});
  try {
    const found = [];
    for await (const rows of source.read()) found.push(...rows);
    return found;
  } finally {
    await source.close();
  }
}

test("groups and permissions are read of a model whose name is so long that Django cuts those of their tables", async () => {
  await using project = await createPostgresProject();
  await project.insert(people);
  const name = "a_table_of_people_whose_name_somebody_has_made_rather_long";
  // As `truncate_name` of Django does for PostgreSQL.
  const cut = (whole: string) => `${whole.slice(0, 59)}${createHash("md5").update(whole).digest("hex").slice(0, 4)}`;
  await project.run(`${links} alter table users_user rename to ${name};
    alter table users_user_groups rename to ${cut(`${name}_groups`)};
    alter table users_user_user_permissions rename to ${cut(`${name}_user_permissions`)}`);
  expect(await readAll(project.source)).toMatchObject([{ groups: ["Clerks"], permissions: [{ codename: "publish" }] }]);
});

test("groups and permissions in tables of other names are columns that somebody has to decide, and are lost to nobody unsaid", async () => {
  await using project = await createPostgresProject();
  await project.insert(people);
  await project.run(`${links} alter table users_user_groups rename to membership;
    alter table users_user_user_permissions rename to direct_grants`);
  expect(await readAll(project.source)).toMatchObject([
    { groups: [], permissions: [], values: { membership: "Clerks", direct_grants: "shop.publish_order" } },
  ]);
});
