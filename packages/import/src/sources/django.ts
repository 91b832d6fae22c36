import { parseGroupName } from "@latchkey/auth/import";
import { knownFieldOf } from "../known-columns.ts";
import { type OldGroup, type OldPermission, type OldRow, type Source, SourceError } from "../old-row.ts";
import { findAmbiguous, nameThere, toPermission } from "../rules/permission-names.ts";
import { readForeignKeys } from "./foreign-keys.ts";
import { findLinks, findLinksBeside, idsIn, joinLinks, type Links } from "./links.ts";
import { findParents } from "./parents.ts";
import { findProfiles, type ProfileColumn } from "./profiles.ts";
import { type SqlReader, type Table, toOldId } from "./sql-reader.ts";
import { findTable } from "./tables.ts";

export interface DjangoOptions {
  /** The table of users, where more than one could be it. */
  readonly table?: string | undefined;
  /** Whether what stands in a column is of interest, and not only that something does. */
  readonly isRead?: ((column: string) => boolean) | undefined;
}

/** Reads the people of a Django project: whatever its user model is, with groups and permissions. */
export async function openDjango(reader: SqlReader, options: DjangoOptions = {}): Promise<Source> {
  const { isRead = () => true } = options;
  const tables = await reader.tables();
  const users = findUsers(tables, options.table, reader.place);
  const [key = "", ...more] =
    users.primaryKey.length > 0 ? users.primaryKey : users.columns.filter((name) => name === "id");
  if (key === "" || more.length > 0)
    throw new SourceError(`The table ${users.table} has no primary key of one column.`);
  const ofDjango = ownTablesOf(tables, users, reader.place);
  const permissions = await readPermissions(reader, ofDjango);
  const ambiguousPermissions = findAmbiguous([...permissions.values()]);
  const unclear = new Set(ambiguousPermissions.map(({ permission }) => permission));
  for (const [id, permission] of permissions) if (unclear.has(nameThere(permission))) permissions.delete(id);
  const groups = await readGroups(reader, ofDjango, permissions);
  // Of a model whose key is the username, the address or the number, the key is that name too.
  const isName = ![null, "id"].includes(knownFieldOf(key));
  const memberships = findLinks(reader, { tables, users, suffix: "_groups", column: "group_id" });
  const grants = findLinks(reader, { tables, users, suffix: "_user_permissions", column: "permission_id" });
  const columnOf = (name: string) => `u.${reader.quoteColumn(name)}`;
  const joinTo = (as: string, links: Links | null) =>
    links ? joinLinks(reader, links, { as, key: columnOf(key) }) : "";
  const parents = await findParents(reader, tables, users);
  const profiles = await findProfiles(reader, { tables, of: [{ table: users, as: "u" }, ...parents.tables] });
  const clearGroups = new Map([...groups].flatMap(([id, { name, isAmbiguous }]) => (isAmbiguous ? [] : [[id, name]])));
  const clearPermissions = new Map([...permissions].map(([id, permission]) => [id, toPermission(permission)]));
  const linked = await findLinksBeside(reader, {
    users,
    key: columnOf(key),
    kinds: [
      { of: memberships ? undefined : ofDjango("auth_group"), nameOf: (id) => clearGroups.get(id) },
      { of: grants ? undefined : ofDjango("auth_permission"), nameOf: (id) => clearPermissions.get(id) },
    ],
  });
  const beside = new Map([...profiles.columns, ...linked.columns].map((column) => [column.alias, column]));
  const ofBeside = [...beside.values()].map(({ sql, alias }) => `${sql} as ${reader.quoteColumn(alias)},`).join(" ");
  // A picture that somebody has as a text is as long as all else of a thousand people.
  const own = users.columns.map((name): [string, string] => [name, columnOf(name)]);
  const selected = [...own, ...parents.columns].map(
    ([name, sql]) => `${name === key || isRead(name) ? sql : reader.beginningOf(sql)} as ${reader.quoteColumn(name)}`,
  );
  const query = `select ${selected.join(", ")}, ${ofBeside}
    ${memberships ? "m.ids" : "null"} as "latchkey groups", ${grants ? "h.ids" : "null"} as "latchkey permissions"
    from ${reader.quote(users)} u ${parents.joins} ${profiles.joins} ${linked.joins} ${joinTo("m", memberships)} ${joinTo("h", grants)}
    order by ${columnOf(key)}`;
  return {
    place: `${users.table} in ${reader.place}`,
    startedAt: reader.startedAt,
    groups: [...groups.values()].filter(({ name, isAmbiguous }) => !isAmbiguous && parseGroupName(name) !== null),
    permissions: [...permissions.values()],
    ambiguousPermissions,
    foreignKeys: await readForeignKeys(reader, users, [memberships?.table ?? null, grants?.table ?? null]),
    fieldsBeside: ["groups", "permissions"],
    dialect: reader.dialect,
    uuidKey: users.uuidKey,
    blacklist: findBlacklist(reader, ofDjango),
    async *read() {
      for await (const rows of reader.batches(query)) {
        yield rows.map((row): OldRow => {
          const { "latchkey groups": groupIds, "latchkey permissions": permissionIds, [key]: oldId, ...rest } = row;
          const held = idsIn(groupIds).flatMap((id) => groups.get(id) ?? []);
          return {
            oldId: toOldId(oldId ?? "", users.uuidKey),
            values: named(isName ? { [key]: oldId ?? null, ...rest } : rest, beside),
            groups: held.flatMap(({ name, isAmbiguous }) => (isAmbiguous ? [] : [name])),
            ambiguousGroups: held.flatMap(({ name, isAmbiguous }) => (isAmbiguous ? [name] : [])),
            permissions: idsIn(permissionIds).flatMap((id) => permissions.get(id) ?? []),
          };
        });
      }
    },
    close: reader.close,
  };
}

/** What was read beside the users, of which the columns are here by their aliases, by its own names. */
function named(values: OldRow["values"], beside: ReadonlyMap<string, ProfileColumn>): OldRow["values"] {
  if (beside.size === 0) return values;
  return Object.fromEntries(
    Object.entries(values).map(([alias, value]) => {
      const { name = alias, read } = beside.get(alias) ?? {};
      return [name, read ? read(value) : value];
    }),
  );
}

/** What every user model has that signs in with a password. */
const isUserTable = ({ columns }: Table) => ["password", "last_login"].every((name) => columns.includes(name));

/** Some have no column whose name says that people sign in with it, or have it from a model that they extend. */
const hasName = ({ columns }: Table) => columns.some((column) => nameFields.includes(knownFieldOf(column)));
const nameFields: readonly (string | null)[] = ["username", "email", "phoneNumber"];

/** @throws SourceError where there is none, or more than one */
export function findUsers(tables: readonly Table[], named: string | undefined, place: string): Table {
  if (!tables.some(({ table }) => table === "django_content_type"))
    throw new SourceError(`${place} is no database of a Django project: it has no table django_content_type.`);
  if (named !== undefined) return findTable(tables, named, place);
  const found = tables.filter(isUserTable);
  const candidates = found.some(hasName) ? found.filter(hasName) : found;
  if (candidates[0] && candidates.length === 1) return candidates[0];
  const names = candidates.map(({ schema, table }) => (schema === "" ? table : `${schema}.${table}`));
  throw new SourceError(
    names.length === 0
      ? `No table in ${place} looks like one of users: none has the columns password and last_login. Say which it is with --table, and what its columns are with --map.`
      : `More than one table could be that of users: ${names.join(", ")}. Say which with --table. People of another one come over in a run of its own, with a --source of its own.`,
  );
}

/** Finds a table of Django's own, or of an app beside it, by its name. */
type FindTable = (name: string) => Table | undefined;

/**
 * The tables that belong to this table of users: those of its own schema, else the only ones of their name.
 *
 * @throws SourceError where two schemas beside it have a table of one name
 */
const ownTablesOf =
  (tables: readonly Table[], { schema, table: users }: Table, place: string): FindTable =>
  (name) => {
    const found = tables.filter(({ table }) => table === name);
    const own = found.find((one) => one.schema === schema);
    if (own || found.length < 2) return own ?? found[0];
    throw new SourceError(
      `Which ${name} goes with ${users} in ${place}? There are ${found.map((one) => `${one.schema}.${name}`).join(", ")}, and none in the schema ${schema}. Let the source's role read the one alone.`,
    );
  };

async function readPermissions(reader: SqlReader, find: FindTable): Promise<Map<string, OldPermission>> {
  const [permissions, types] = [find("auth_permission"), find("django_content_type")];
  if (!permissions || !types) return new Map();
  const rows = await reader.all(`select p.id, p.codename, t.app_label as app, t.model
    from ${reader.quote(permissions)} p join ${reader.quote(types)} t on t.id = p.content_type_id`);
  return new Map(
    rows.map(({ id, codename, app, model }) => [
      id ?? "",
      { app: app ?? "", codename: codename ?? "", model: model ?? "" },
    ]),
  );
}

interface ReadGroup extends OldGroup {
  /** Whether it would be called here as another one there is, such as `Clerks` with a space behind: who is in the one has not the other's rights. */
  readonly isAmbiguous: boolean;
}

async function readGroups(
  reader: SqlReader,
  find: FindTable,
  permissions: ReadonlyMap<string, OldPermission>,
): Promise<Map<string, ReadGroup>> {
  const [groups, links] = [find("auth_group"), find("auth_group_permissions")];
  if (!groups || !links) return new Map();
  const rows = await reader.all(`select g.id, g.name, l.permission_id as permission
    from ${reader.quote(groups)} g left join ${reader.quote(links)} l on l.group_id = g.id order by g.id`);
  const spellings = Map.groupBy(new Set(rows.map(({ name }) => name ?? "")), parseGroupName);
  const toGroup = (name: string) => {
    const read = parseGroupName(name);
    const isAmbiguous = read !== null && read !== name && (spellings.get(read)?.length ?? 0) > 1;
    return { name: isAmbiguous ? name : (read ?? name), isAmbiguous, permissions: [] as OldPermission[] };
  };
  const found = new Map<string, ReturnType<typeof toGroup>>();
  for (const { id, name, permission } of rows) {
    const group = found.get(id ?? "") ?? toGroup(name ?? "");
    const held = permissions.get(permission ?? "");
    if (held) group.permissions.push(held);
    found.set(id ?? "", group);
  }
  return found;
}

/** The blacklist of djangorestframework-simplejwt: refresh tokens by which people signed out, or that were rotated. */
function findBlacklist(reader: SqlReader, find: FindTable): Source["blacklist"] {
  const [ended, issued] = [find("token_blacklist_blacklistedtoken"), find("token_blacklist_outstandingtoken")];
  if (!ended || !issued) return null;
  const query = `select o.jti, o.expires_at from ${reader.quote(ended)} b join ${reader.quote(issued)} o on o.id = b.token_id`;
  return async function* () {
    for await (const rows of reader.batches(query))
      yield rows.map(({ jti, expires_at }) => ({ id: jti ?? "", expiresAt: expires_at ?? "" }));
  };
}
