import type { Run } from "./staging.ts";

/** Why what an account had open ends: another password there, or that it was disabled there. */
export type Ending = "password_changed" | "ended_by_administrator";

/**
 * Ends what is open in an account, as the same does that is done here: sessions, sign-ins that are half done, remembered devices, and changes that
 * wait. A number or an address whose codes were to open the account is a mere claim again: whoever was put out may have added it. Old tokens are the
 * other system's to end. It belongs into a transaction that holds the account. Answers the sessions.
 */
export async function endOpened({ client }: Run, userId: string, reason: Ending): Promise<string[]> {
  for (const table of ["second_factor_tickets", "remembered_devices"])
    await client.query(`delete from latchkey.${table} where user_id = $1`, [userId]);
  await client.query(
    `with taken as (
      delete from latchkey.pending_changes where user_id = $1
        and (due_at > latchkey.now() or kind not in ('open_by_phone', 'open_by_email')) returning kind
    ), claimed as (
      update latchkey.users set
        phone_proved_at = case when phone_opens_at > latchkey.now() and 'open_by_phone' in (select kind from taken) then null else phone_proved_at end,
        email_proved_at = case when email_opens_at > latchkey.now() and 'open_by_email' in (select kind from taken) then null else email_proved_at end
      where id = $1 and exists (select from taken where kind like 'open_by_%')
    )
    insert into latchkey.audit_events (id, event, subject_id, detail)
    select gen_random_uuid(), 'change_stopped', $1, jsonb_build_object('change', kind, 'by', $2::text) from taken`,
    [userId, reason === "password_changed" ? "new_password" : "sessions_ended"],
  );
  const { rows } = await client.query<{ id: string }>(
    `update latchkey.sessions set ended_at = latchkey.now(), end_reason = $2
    where user_id = $1 and ended_at is null returning id`,
    [userId, reason],
  );
  return rows.map(({ id }) => id);
}
