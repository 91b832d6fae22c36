import { readWeakHash, wrapWeakDigest } from "@latchkey/auth/import";
import type { PersonState, Run } from "./staging.ts";

/** People of the staging table: those of these positions, the last one excluded, who are to be done so with. */
interface PeopleToWrap {
  readonly from: number;
  readonly to: number;
  readonly state: Extract<PersonState, "new" | "changed">;
}

/** Puts bcrypt around weak hashes that are about to be stored. It is the one thing that takes a while for each person. */
export async function wrapWeak({ client, id }: Run, { from, to, state }: PeopleToWrap, cost: number): Promise<void> {
  const { rows } = await client.query<{ oldId: string; password: string }>(
    `select old_id as "oldId", password from latchkey.import_people
    where run_id = $1 and position >= $2 and position < $3 and state = $4 and is_weak and stored_password is null
      and (state = 'new' or 'password' = any (changed))`,
    [id, from, to, state],
  );
  for (let at = 0; at < rows.length; at += 2) {
    const wrapped = await Promise.all(
      rows.slice(at, at + 2).map(async ({ oldId, password }) => {
        const hash = readWeakHash(password);
        return { oldId, stored: hash ? await wrapWeakDigest(hash, cost) : "!" };
      }),
    );
    await client.query(
      `update latchkey.import_people p set stored_password = w.stored
      from unnest($2::text[], $3::text[]) w (old_id, stored) where p.run_id = $1 and p.old_id = w.old_id`,
      [id, wrapped.map(({ oldId }) => oldId), wrapped.map(({ stored }) => stored)],
    );
  }
}
