import type { Queries } from "../../storage/database.ts";
import { findPasswordOfKind } from "../../users/user-store.ts";
import type { Core } from "../steps/core.ts";
import { readPasswordKinds } from "./password-kinds.ts";

/**
 * Finds out what the kinds of stored hashes cost to check, so that refusals take as long as the most expensive of them: imported ones are often
 * dearer than ours, and would tell which accounts exist.
 *
 * @param db connections that may take their time
 * @throws AuthError `overloaded`
 */
export async function measureHashCosts(core: Core, db: Queries): Promise<void> {
  const kinds = await readPasswordKinds(db);
  core.passwords.countForeign(kinds);
  await core.passwords.learnCosts(
    kinds.map(({ kind }) => kind),
    (kind) => findPasswordOfKind(db, kind),
  );
}
