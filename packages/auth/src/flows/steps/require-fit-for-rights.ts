import { sql } from "kysely";
import { AuthError } from "../../errors.ts";
import { hasGoodCode } from "../../one-time-codes/code-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core } from "./core.ts";
import { forbidTestAccount } from "./forbid-test-account.ts";
import { readGateAccount } from "./gate.ts";

/**
 * Refuses rights for an account that only codes open: from then on nothing would open it. One for which an administrator's code is under way
 * is about to have a password.
 *
 * @throws AuthError `permission_denied`
 */
export async function requireFitForRights(core: Core, transaction: Queries, id: string): Promise<void> {
  await forbidTestAccount(transaction, id);
  const account = await readGateAccount(core, transaction, id, { isLocked: true });
  if (!account || account.state.hasPassword || account.state.hasPasskey) return;
  if (await hasGoodCode(transaction, { userId: id, purpose: "set_password" })) return;
  throw unfit("The account has no password");
}

/** Members whom one statement looks at: a group may have a million, and a statement takes two seconds at most. */
const membersAtOnce = 20_000;

/**
 * The same of everybody in a group that gave nothing and is to give something. The transaction holds the group, so that nobody else comes in.
 *
 * @throws AuthError `permission_denied`
 */
export async function requireFitMembers(transaction: Queries, groupId: string): Promise<void> {
  let after: string | null = null;
  do {
    const { unfit: count, last } = await countUnfit(transaction, groupId, after);
    if (count > 0) throw unfit(`Members of the group have no password, ${count} at least`);
    after = last;
  } while (after !== null);
}

/** Of the next members, in the order of their ids; `last` is null at the end. */
async function countUnfit(transaction: Queries, groupId: string, after: string | null) {
  const { rows } = await sql<{ unfit: number; last: string | null }>`
    with members as (
      select user_id from latchkey.user_groups
      where group_id = ${groupId} and (${after}::uuid is null or user_id > ${after}::uuid)
      order by user_id limit ${membersAtOnce}
    )
    select count(*) filter (where u.test_until is not null or (
        (u.password = '' or u.password like '!%')
        and not exists (select from latchkey.passkeys p where p.user_id = u.id)
        and not exists (select from latchkey.one_time_codes c
          where c.user_id = u.id and c.purpose = 'set_password' and c.expires_at > latchkey.now())
      ))::int as unfit,
      case when count(*) = ${membersAtOnce} then (array_agg(m.user_id order by m.user_id desc))[1]::text end as last
    from members m join latchkey.users u on u.id = m.user_id`.execute(transaction);
  return rows[0] ?? { unfit: 0, last: null };
}

function unfit(who: string): AuthError {
  const message = `${who}: rights are for accounts that more than a code opens. Have one set first`;
  return new AuthError("permission_denied", message);
}
