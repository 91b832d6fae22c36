import type { Run } from "./staging.ts";

/**
 * Of what the source has no column of any more it says nothing: a shorter export is no deletion of everybody's addresses and passwords. Such fields
 * count as unchanged there. Answers which ones they are.
 */
export async function keepUntold({ client, id, source }: Run, told: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ field: string }>(
    `select distinct field from latchkey.import_people p
    join latchkey.imported_users i on i.source = $2 and i.old_id = p.old_id, unnest(p.changed) field
    where p.run_id = $1 and p.state = 'changed' and field <> all ($3) and i.prints -> 'there' ? field order by field`,
    [id, source, told],
  );
  const untold = rows.map(({ field }) => field);
  if (untold.length === 0) return [];
  const ofPrints = untold.includes("password") ? [...untold, "passwordKind"] : untold;
  await client.query(
    `update latchkey.import_people p set changed = array(select field from unnest(p.changed) field where field <> all ($3)),
      state = case when p.changed <@ $3 then 'settled' else p.state end,
      prints = p.prints || coalesce(
        (select jsonb_object_agg(key, value) from jsonb_each(i.prints -> 'there') where key = any ($4)), '{}')
    from latchkey.imported_users i
    where p.run_id = $1 and p.state = 'changed' and p.changed && $3 and i.source = $2 and i.old_id = p.old_id`,
    [id, source, untold, ofPrints],
  );
  await client.query(
    `delete from latchkey.import_issues i using latchkey.import_people p
    where i.run_id = $1 and p.run_id = $1 and p.old_id = i.old_id and p.state = 'settled'`,
    [id],
  );
  return untold;
}
