import type { SqlReader, Table } from "./sql-reader.ts";

/** What a model of users has from the models that it extends, each in a table of its own. */
export interface Parents {
  /** These columns, in SQL, by their names: Django lets no model have one that its parent has. */
  readonly columns: ReadonlyMap<string, string>;
  /** These tables, with what each is called in the query. */
  readonly tables: readonly { readonly table: Table; readonly as: string }[];
  /** How they are joined to the users, in SQL. */
  readonly joins: string;
}

/** Finds the models that the users' model extends: `class User(Person, AbstractBaseUser)`. */
export async function findParents(reader: SqlReader, tables: readonly Table[], users: Table): Promise<Parents> {
  const columns = new Map<string, string>();
  const joins: string[] = [];
  const found: { table: Table; as: string }[] = [];
  let [child, as] = [users, "u"];
  for (;;) {
    const parent = await findParent(reader, tables, child);
    const [key = "", link = ""] = [parent?.primaryKey[0], child.primaryKey[0]];
    if (!parent) return { columns, tables: found, joins: joins.join(" ") };
    const from = `latchkey_parent_${joins.length}`;
    found.push({ table: parent, as: from });
    joins.push(
      `join ${reader.quote(parent)} ${from} on ${from}.${reader.quoteColumn(key)} = ${as}.${reader.quoteColumn(link)}`,
    );
    for (const name of parent.columns)
      if (name !== key && !users.columns.includes(name)) columns.set(name, `${from}.${reader.quoteColumn(name)}`);
    [child, as] = [parent, from];
  }
}

/** Django calls the key of a model that extends `Person` `person_ptr_id`, and the table of that one usually `…_person`. */
async function findParent(reader: SqlReader, tables: readonly Table[], child: Table): Promise<Table | undefined> {
  const [key = "", ...more] = child.primaryKey;
  const model = /^(.+)_ptr_id$/.exec(key)?.[1];
  if (model === undefined || more.length > 0) return undefined;
  const isCalledSo = ({ table }: Table) => table.endsWith(`_${model}`);
  for (const table of [...tables.filter(isCalledSo), ...tables.filter((one) => !isCalledSo(one))])
    if (await isPointedAt(reader, table, child)) return table;
  return undefined;
}

async function isPointedAt(reader: SqlReader, table: Table, child: Table): Promise<boolean> {
  if (table.primaryKey.length !== 1 || table === child) return false;
  return (await reader.references(table)).some(
    (one) => reader.quote(one.table) === reader.quote(child) && one.column === child.primaryKey[0],
  );
}
