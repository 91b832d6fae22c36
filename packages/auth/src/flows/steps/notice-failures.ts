import { hasRefusals } from "../../audit/audit-log.ts";
import { wasNoticedToday } from "../../messages/notice-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core } from "./core.ts";
import { nobody } from "./gate.ts";
import { keepNotice } from "./keep-notice.ts";

/** Refused passwords in a day, at sign-ins and in sessions, from which on the owner is told of them, once a day. */
const toldFrom = 5;

/**
 * Tells the owner of an account that passwords are refused, in the transaction that writes the refusal down. Looked at for nobody's as well, so
 * that a refusal takes the same.
 */
export async function noticeFailures(
  core: Core,
  transaction: Queries,
  account: { readonly id: string } | null,
): Promise<void> {
  const userId = account?.id ?? nobody;
  const isEnough = await hasRefusals(transaction, { subjectId: userId, count: toldFrom });
  const isTold = await wasNoticedToday(transaction, userId, "failed_sign_ins");
  if (!account || !isEnough || isTold) return;
  await keepNotice(core, transaction, { userId, kind: "failed_sign_ins", facts: null });
}
