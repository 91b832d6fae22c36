import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { openStorage, type Storage } from "../storage/database.ts";
import { createTestAuth } from "../testing/index.ts";
import { findReservations } from "./imported-user-store.ts";

const people = 5_000;

/** Rows that the connection has read so far. */
async function countReads({ pool }: Storage): Promise<{ readonly staged: number; readonly recorded: number }> {
  const { rows } = await pool.query(`
    select coalesce(sum(seq_tup_read + idx_tup_fetch) filter (where relname = 'import_people'), 0)::int as staged,
      coalesce(sum(seq_tup_read + idx_tup_fetch) filter (where relname = 'imported_users'), 0)::int as recorded
    from pg_stat_xact_user_tables`);
  return rows[0];
}

test("who asks for a name while people come over reads those who have it, by a plan from before the import too", async () => {
  await using service = await createTestAuth();
  const { auth, database } = service;
  const storage = openStorage({ ...database.connection, max: 1 });
  /** What asking for a name finds, and how many rows of the others it reads. */
  const ask = async (name: string) => {
    await storage.pool.query("begin");
    const before = await countReads(storage);
    const found = await findReservations(storage.db, [name]);
    const after = await countReads(storage);
    await storage.pool.query("rollback");
    return {
      found: found.map(({ oldId }) => oldId),
      staged: after.staged - before.staged,
      recorded: after.recorded - before.recorded,
    };
  };
  const nothing = { found: [], staged: 0, recorded: 0 };
  try {
    const other = await auth.importedUsers.startRound({ source: "other", startedAt: service.clock.now() });
    await auth.importedUsers.completeRound(other, { people: 0 });
    for (let query = 0; query < 10; query++) expect(await ask("name7")).toEqual(nothing);

    const id = randomUUID();
    await database.query(
      `insert into latchkey.import_people (run_id, position, old_id, id, old_username, password, is_weak, first_name, last_name,
        is_approved_to_be_in_touch, is_active, is_staff, is_superuser, profile, groups, permissions, prints, changed, username_forms, phone_forms)
      select $1, nth, nth, gen_random_uuid(), 'name' || nth, '!', false, '', '', false, true, false, false, '{}', '{}', '{}', '{}', '{}',
        array['name' || nth], '{}' from generate_series(1, ${people}) nth`,
      [id],
    );
    expect(await ask("name7")).toEqual(nothing);

    // As an import does once it has read everybody.
    await database.query("analyze latchkey.import_people (run_id, old_id)");
    await auth.importedUsers.startRound({ source: "django", startedAt: service.clock.now(), id });
    expect(await ask("name7")).toEqual({ ...nothing, found: ["7"], staged: 1 });
    await database.query(`insert into latchkey.imported_users (source, old_id, named_since, seen_at, username_hashes)
      select 'django', nth, now(), now(), array[sha256(nth::text::bytea)] from generate_series(1, ${people - 10}) nth`);
    await database.query("vacuum analyze latchkey.imported_users");
    // None where the index alone tells that they are recorded.
    expect(await ask("name7")).toEqual({ found: [], staged: 1, recorded: expect.toBeOneOf([0, 1]) });
    const last = String(people);
    expect(await ask(`name${last}`)).toMatchObject({ found: [last], staged: 1, recorded: 0 });
  } finally {
    await storage.close();
  }
});
