import type { ResolvedOptions } from "../../options.ts";

/** Whether a user holds any right, in SQL; `alias` is the table's name in the query. */
export function holdsRights(alias: string): string {
  return `(${alias}.is_staff or ${alias}.is_superuser
        or exists (select from latchkey.user_permissions p where p.user_id = ${alias}.id)
        or exists (select from latchkey.user_groups m join latchkey.group_permissions g on g.group_id = m.group_id
          where m.user_id = ${alias}.id))`;
}

/**
 * Whether a session shows less than its account needs, in SQL, for a query that calls the tables `session` and `caller`. Where the settings
 * ask nobody for a second factor it is two columns of rows that are read in any case.
 */
export function lacksSecondFactor({ secondFactor }: Pick<ResolvedOptions, "secondFactor">): string {
  const isRequired = {
    off: "false",
    optional: "false",
    staff: `caller.test_until is null and ${holdsRights("caller")}`,
    all: "caller.test_until is null",
  }[secondFactor];
  return `case when session.acr >= 2 then false else caller.second_factor_at is not null or (${isRequired}) end`;
}
