import { type Kysely, sql } from "kysely";

/**
 * Whether somebody was given a right, by themselves or by a group. What is in a statement is prepared with it at each run, also where nobody asks
 * for it; what a function reads is not.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create function latchkey.holds_rights(person uuid) returns boolean language plpgsql stable parallel safe as $$
    begin
      return exists (select from latchkey.user_permissions p where p.user_id = person)
        or exists (
          select from latchkey.user_groups m join latchkey.group_permissions g on g.group_id = m.group_id
          where m.user_id = person
        );
    end $$`.execute(db);
}
