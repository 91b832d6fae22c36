import { type Erasure, findReturned, insertErasures, listErasures } from "../../deletions/erased-user-store.ts";
import type { User } from "../../users/user.ts";
import { findUser } from "../../users/user-store.ts";
import type { Core } from "../steps/core.ts";
import { eraseAccount } from "../steps/erase-account.ts";
import { nobody } from "../steps/gate.ts";
import { tellHookAfterwards } from "../steps/tell-hooks.ts";

/** Rows that one statement reads or writes. */
const pageSize = 1_000;

export interface ListErasuresInput {
  /** Only those since then. */
  readonly since?: Date | undefined;
}

/** Who was deleted, by digests of ids: to be kept beside backups, and handed to `replayErasures` after one was restored. */
export async function* exportErasures(core: Core, { since }: ListErasuresInput = {}): AsyncGenerator<Erasure> {
  let after = "";
  for (;;) {
    const page = await listErasures(core.db, { after, since: since ?? null, limit: pageSize });
    yield* page;
    after = page.at(-1)?.digest ?? after;
    if (page.length < pageSize) return;
  }
}

/** What a replay did. */
export interface ErasuresReplayed {
  /** Erasures of which the database did not know. */
  readonly added: number;
  /** The ids of accounts that were deleted once more, for tables of your own. */
  readonly deleted: readonly string[];
}

/**
 * Deletes everybody once more who was deleted after a backup was made that has been restored. It may be broken off and called again, and does
 * nothing where there is nobody to delete.
 */
export async function replayErasures(core: Core, erasures: AsyncIterable<Erasure>): Promise<ErasuresReplayed> {
  let [added, page]: [number, Erasure[]] = [0, []];
  const write = async () => {
    if (page.length > 0) added += await insertErasures(core.db, page);
    page = [];
  };
  for await (const erasure of erasures) if (page.push(erasure) >= pageSize) await write();
  await write();
  return { added, deleted: await eraseReturned(core) };
}

async function eraseReturned(core: Core): Promise<string[]> {
  const deleted: string[] = [];
  let failure: unknown;
  let after: string | null = nobody;
  while (after !== null) {
    const { ids, last } = await findReturned(core.db, { after, limit: pageSize });
    for (const id of ids) {
      try {
        const user = await eraseAgain(core, id);
        if (!user) continue;
        deleted.push(id);
        await tellHookAfterwards(core, "userDeleted", { user, request: null });
      } catch (error) {
        // One whom a table of a team's own holds must not keep the others.
        failure = error;
      }
    }
    after = last;
  }
  if (failure !== undefined) throw failure;
  return deleted;
}

async function eraseAgain(core: Core, id: string): Promise<User | null> {
  return core.db.transaction().execute(async (transaction) => {
    const user = await findUser(transaction, core.profile, id);
    const nowhere = { actorId: null, address: null, requestId: null };
    return user && (await eraseAccount(transaction, id, nowhere, "restored_backup")) ? user : null;
  });
}
