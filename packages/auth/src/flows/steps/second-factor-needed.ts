import type { ResolvedOptions } from "../../options.ts";

/** Whether a user holds any right, in SQL; `alias` is the table's name in the query. */
export function holdsRights(alias: string): string {
  return `(${alias}.is_staff or ${alias}.is_superuser
        or exists (select from latchkey.user_permissions p where p.user_id = ${alias}.id)
        or exists (select from latchkey.user_groups m join latchkey.group_permissions g on g.group_id = m.group_id
          where m.user_id = ${alias}.id))`;
}

/** The same for a statement of every call, which seldom asks: what it holds of other tables has its price in each run. */
function holdsRightsOnRequest(alias: string): string {
  return `(${alias}.is_staff or ${alias}.is_superuser or latchkey.holds_rights(${alias}.id))`;
}

type Settings = Pick<ResolvedOptions, "secondFactor" | "rememberedDevices"> & {
  readonly codes: Pick<ResolvedOptions["codes"], "holdersByCode">;
};

/**
 * Whether a session shows less than its account needs at this moment, in SQL, for a query that calls the tables `session` and `caller`. Where
 * the settings ask nobody for a second factor, and a password was shown, it is a few columns of rows that are read in any case.
 */
export function showsTooLittle(settings: Settings): string {
  return `(${lacksSecondFactor(settings)} or ${isHolderByCode(settings)})`;
}

/** By codes that were sent, and nothing else, for an account that was given rights since: such codes open none that has them. */
function isHolderByCode({ codes }: Settings): string {
  if (codes.holdersByCode) return "false";
  return `case when session.amr in ('sms', 'otp', 'sms otp', 'otp sms') then
    coalesce(session.reauthenticated_by, 'code') = 'code' and ${holdsRightsOnRequest("caller")} else false end`;
}

/** The one exception is a session on a device that is remembered at this moment. */
function lacksSecondFactor(settings: Settings): string {
  return `case when session.acr >= 2 then false
    when caller.second_factor_at is not null or (${isRequired(settings)}) then not (${isRemembered(settings)})
    else false end`;
}

function isRequired({ secondFactor }: Settings): string {
  return {
    off: "false",
    optional: "false",
    staff: `caller.test_until is null and ${holdsRightsOnRequest("caller")}`,
    all: "caller.test_until is null",
  }[secondFactor];
}

/** As {@link rememberableFor} says it of an account, and the mark itself: every part is of this moment. */
function isRemembered(settings: Settings): string {
  const { lifetime, of } = settings.rememberedDevices;
  if (lifetime === "off") return "false";
  const isAllowed = {
    all: "true",
    no_rights: `not ${holdsRightsOnRequest("caller")}`,
    optional: `not (${isRequired(settings)})`,
  };
  return `exists (
      select from latchkey.remembered_devices remembered
      where remembered.id = session.remembered_device and remembered.user_id = caller.id
        and remembered.device_epoch = caller.device_epoch and remembered.expires_at > latchkey.now()
        and remembered.created_at > latchkey.now() - interval '${lifetime} seconds') and ${isAllowed[of]}`;
}
