import type { HookEvent, HookName, Hooks } from "../../hooks/hooks.ts";
import { runHook } from "../../hooks/run-hook.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { findUser } from "../../users/user-store.ts";
import type { Core } from "./core.ts";

/** What a hook is told, without what every hook is handed. */
type Told<Name extends HookName> = Omit<Parameters<NonNullable<Hooks<User>[Name]>>[0], "transaction">;

/**
 * Tells a hook in the transaction of what it is told.
 *
 * @throws AuthError `refused_by_hook`, `hook_failed`: the transaction must not be committed then
 */
export async function tellHook<Name extends HookName>(
  { options: { on } }: Pick<Core, "options">,
  transaction: Queries,
  name: Name,
  told: Told<Name>,
): Promise<void> {
  const hook = on[name] as ((event: HookEvent) => void | Promise<void>) | undefined;
  if (hook) await runHook(transaction, (lent) => hook.call(on, { ...told, transaction: lent }));
}

/** Tells a hook what has happened, in a transaction of its own. It prevents nothing: a failure goes to `onError`. */
export async function tellHookAfterwards<Name extends HookName>(
  core: Core,
  name: Name,
  told: Told<Name>,
): Promise<void> {
  if (!core.options.on[name]) return;
  try {
    await core.db.transaction().execute((transaction) => tellHook(core, transaction, name, told));
  } catch (error) {
    core.options.onError(error instanceof Error ? (error.cause ?? error) : error, { hook: name });
  }
}

/** Tells `passwordChanged` after a reset, with the user as they are then. */
export async function tellPasswordReset(
  core: Core,
  userId: string,
  told: Omit<Told<"passwordChanged">, "user">,
): Promise<void> {
  if (!core.options.on.passwordChanged) return;
  const user = await findUser(core.db, core.profile, userId).catch(() => null);
  if (user) await tellHookAfterwards(core, "passwordChanged", { ...told, user });
}
