import { createUuid } from "@latchkey/auth/import";
import type { OldGroup } from "../old-row.ts";
import { toPermission } from "../rules/permission-names.ts";
import { inTransaction, type Run } from "./staging.ts";

/** Makes the groups that are missing here, with those of their permissions that are declared. A group that is here stays as it is. */
export async function createGroups(run: Run, groups: readonly OldGroup[]): Promise<void> {
  const permissionsOf = new Map(groups.map(({ name, permissions }) => [name, permissions.map(toPermission)]));
  const { rows } = await run.client.query<{ name: string }>(
    `select name from (
      select unnest(groups) as name from latchkey.import_people where run_id = $1 union select unnest($2::text[])
    ) there where not exists (select from latchkey.groups here where here.name = there.name)`,
    [run.id, [...permissionsOf.keys()]],
  );
  for (const { name } of rows) await inTransaction(run.client, () => createGroup(run, name, permissionsOf.get(name)));
}

async function createGroup({ client, source }: Run, name: string, permissions: readonly string[] = []): Promise<void> {
  const id = createUuid();
  const { rowCount } = await client.query(
    "insert into latchkey.groups (id, name) values ($1, $2) on conflict (name) do nothing",
    [id, name],
  );
  if (rowCount === 0) return;
  await client.query(
    `with given as (
      insert into latchkey.group_permissions (group_id, permission)
      select $2, permission from latchkey.permissions where permission = any ($3) returning permission
    )
    insert into latchkey.imported_groups (source, group_id, permissions) select $1, $2, array(select permission from given)`,
    [source, id, permissions],
  );
  await client.query(
    `insert into latchkey.audit_events (id, event, detail) select $1, 'group_created', ${detailOf("$2")}`,
    [createUuid(), id],
  );
}

/** What an event says of a group, in SQL. */
const detailOf = (id: string, more = "'{}'") => `jsonb_build_object('group', ${id}::uuid, 'permissions', coalesce((
  select jsonb_agg(permission order by permission collate "C") from latchkey.group_permissions where group_id = ${id}::uuid), '[]')) || ${more}`;

/** What a group loses here, or gets, because it did so there. */
interface GroupChange {
  readonly id: string;
  readonly name: string;
  readonly lost: readonly string[];
  readonly gained: readonly string[];
}

/**
 * Takes from the groups that this source brought what they lost there since, and gives them what they were given there where that is asked for. What
 * was given or taken away here stays so. Answers what changed: `group: permission`.
 */
export async function followGroups(run: Run, groups: readonly OldGroup[], allowRaising: boolean): Promise<string[]> {
  const there = groups.map(({ name, permissions }) => ({ name, permissions: permissions.map(toPermission) }));
  const { rows } = await run.client.query<GroupChange>(
    `select g.id, g.name, array(select unnest(i.permissions) except select unnest(there.permissions)) as lost,
      array(select d.permission from latchkey.permissions d
        where $3 and d.permission = any (there.permissions) and d.permission <> all (i.permissions)
          and not exists (select from latchkey.group_permissions h where h.group_id = g.id and h.permission = d.permission)) as gained
    from jsonb_to_recordset($2) there (name text, permissions text[])
    join latchkey.groups g on g.name = there.name join latchkey.imported_groups i on i.source = $1 and i.group_id = g.id
    order by g.id`,
    [run.source, JSON.stringify(there), allowRaising],
  );
  const changed: string[] = [];
  for (const change of rows)
    if (change.lost.length + change.gained.length > 0)
      changed.push(...(await inTransaction(run.client, () => followGroup(run, change))));
  return changed;
}

async function followGroup({ client, source }: Run, { id, name, lost, gained }: GroupChange): Promise<string[]> {
  // As an administrator's change of the group does: one at a time.
  await client.query("select from latchkey.groups where id = $1 for no key update", [id]);
  // What an administrator has just given counts as given here: as the source's it would be lost with it.
  const { rows } = await client.query<{ permission: string; isGiven: boolean }>(
    `with taken as (
      delete from latchkey.group_permissions where group_id = $1 and permission = any ($2) returning permission
    ), given as (
      insert into latchkey.group_permissions (group_id, permission)
      select g.id, d.permission from latchkey.groups g, latchkey.permissions d where g.id = $1 and d.permission = any ($3)
      on conflict do nothing returning permission
    )
    select permission, false as "isGiven" from taken union all select permission, true from given order by 1`,
    [id, lost, gained],
  );
  const given = rows.filter(({ isGiven }) => isGiven).map(({ permission }) => permission);
  await client.query(
    `update latchkey.imported_groups i set permissions = array(
      select unnest(i.permissions) except select unnest($3::text[]) union select unnest($4::text[]))
    where i.source = $1 and i.group_id = $2`,
    [source, id, lost, given],
  );
  if (rows.length === 0) return [];
  await client.query(
    `insert into latchkey.audit_events (id, event, detail)
    select $1, 'group_updated', ${detailOf("$2", `'{"fields": ["permissions"]}'`)}`,
    [createUuid(), id],
  );
  return rows.map(({ permission }) => `${name}: ${permission}`);
}
