import { retryHook, takeHookNotice } from "../../messages/notice-store.ts";
import { findUser } from "../../users/user-store.ts";
import type { Core } from "./core.ts";
import { tellHook } from "./tell-hooks.ts";

/** Tells the hook of the notices that it was not told of yet, each in a transaction of its own, and answers of how many. */
export async function tellNoticeHook(core: Pick<Core, "db" | "options" | "profile">): Promise<number> {
  if (!core.options.on.noticeKept) return 0;
  for (let told = 0; ; told += 1) if (!(await tellNext(core))) return told;
}

async function tellNext(core: Pick<Core, "db" | "options" | "profile">): Promise<boolean> {
  let failing: string | undefined;
  try {
    return await core.db.transaction().execute(async (transaction) => {
      const notice = await takeHookNotice(transaction);
      const user = notice && (await findUser(transaction, core.profile, notice.userId));
      if (!notice || !user) return false;
      failing = notice.id;
      const { id, kind, createdAt } = notice;
      await tellHook(core, transaction, "noticeKept", { user, notice: { id, kind, createdAt }, request: null });
      return true;
    });
  } catch (error) {
    if (failing === undefined) throw error;
    core.options.onError(error instanceof Error ? (error.cause ?? error) : error, { hook: "noticeKept" });
    await retryHook(core.db, failing);
    return true;
  }
}
