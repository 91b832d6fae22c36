import { endOpened } from "./end-opened.ts";
import { printOf } from "./prints.ts";
import { inTransaction, type Run } from "./staging.ts";
import { type Told, tellWebhooks } from "./tell-webhooks.ts";

/**
 * Disables the accounts of people who are there no more, if they are active here as they were when they came: who was enabled again here
 * since stays so, and so does the last superuser. Answers how many.
 */
export async function disableGone(run: Run): Promise<number> {
  const { client, id, source } = run;
  return inTransaction(client, async () => {
    const { rows } = await client.query<{ userId: string }>(
      `with disabled as (
        update latchkey.users u set is_active = false
        from latchkey.imported_users i, latchkey.imported_name_key k
        where i.source = $1 and i.gone_at is not null and i.user_id = u.id and u.is_active
          and not exists (select from latchkey.import_people p where p.run_id = $2 and p.old_id = i.old_id)
          and i.prints -> 'here' ->> 'isActive' = ${printOf("'true'")}
          and not (u.is_superuser and not exists (
            select from latchkey.users o where o.is_superuser and o.is_active and o.id <> u.id
              and not exists (select from latchkey.imported_users g where g.user_id = o.id and g.gone_at is not null)))
        returning u.id
      ), noted as (
        update latchkey.imported_users i set prints = jsonb_set(i.prints, '{here,isActive}', to_jsonb(${printOf("'false'")}))
        from disabled, latchkey.imported_name_key k where i.source = $1 and i.user_id = disabled.id
      )
      insert into latchkey.audit_events (id, event, subject_id, detail)
      select gen_random_uuid(), 'user_updated', id, '{"fields": ["isActive"], "isActive": false}' from disabled returning subject_id as "userId"`,
      [source, id],
    );
    const told: Told[] = [];
    for (const { userId } of rows) {
      const sessionIds = await endOpened(run, userId, "ended_by_administrator");
      if (sessionIds.length > 0)
        told.push({ userId, type: "session.ended", data: { sessionIds, reason: "ended_by_administrator" } });
      told.push({ userId, type: "user.updated", data: { fields: ["isActive"] } });
    }
    await tellWebhooks(run, told);
    return rows.length;
  });
}
