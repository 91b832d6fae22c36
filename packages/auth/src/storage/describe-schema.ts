import { sql } from "kysely";
import { type Queries, schemaName } from "./database.ts";

const describeQuery = `
  select line from (
    select 1 as kind, c.relname as name, a.attnum as position,
      format('%s.%s %s%s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
        case when a.attcollation <> y.typcollation then ' collate ' || a.attcollation::regcollation else '' end,
        case when a.attnotnull then ' not null' else '' end,
        coalesce(case when a.attgenerated = '' then ' default ' else ' generated ' end || pg_get_expr(d.adbin, d.adrelid), '')) as line
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_type y on y.oid = a.atttypid
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relnamespace = $1::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
    union all
    select 2, conrelid::regclass::text, 0, format('%s: %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    from pg_constraint where connamespace = $1::regnamespace and contype <> 'n'
    union all
    select 3, tablename, 0, indexdef from pg_indexes where schemaname = $1
    union all
    select 4, proname, 0, pg_get_functiondef(oid) from pg_proc where pronamespace = $1::regnamespace
    union all
    select 5, t.tgname, 0, pg_get_triggerdef(t.oid)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = $1::regnamespace and not t.tgisinternal
  ) lines
  where name not like '%kysely%'
  order by kind, name, position, line`;

/** The schema as the database has it, a line for each column, constraint, index, function and trigger, in a fixed order. */
export async function describeSchema(db: Queries): Promise<string> {
  const rows = await db.transaction().execute(async (transaction) => {
    // So that what is ours is named without its schema.
    await sql.raw(`set local search_path = ${schemaName}`).execute(transaction);
    const query = sql.raw<{ line: string }>(describeQuery.replaceAll("$1", `'${schemaName}'`));
    return (await query.execute(transaction)).rows;
  });
  return `${rows.map((row) => row.line.trim()).join("\n")}\n`;
}
