import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { openStorage } from "../../storage/database.ts";
import { createTestDatabase } from "../../testing/index.ts";
import { defineProfile } from "../../users/profile.ts";
import { createCallerColumns } from "../steps/caller-row.ts";
import { createCallerReader } from "./read-caller.ts";

test("sessions are read by one plan, however many calls share the query", async () => {
  await using database = await createTestDatabase();
  const storage = openStorage({ ...database.connection, max: 1 });
  try {
    const read = createCallerReader(storage, createCallerColumns(defineProfile()), {
      secondFactor: "optional",
      rememberedDevices: { lifetime: "off", of: "no_rights" },
      codes: { phoneTrust: 1, holdersByCode: false },
      watch: (_work, _about, run) => run(),
    });
    const readTogether = (calls: number) =>
      Promise.all(Array.from({ length: calls }, () => read({ sessionId: randomUUID(), kid: "unknown" })));
    for (let query = 0; query < 10; query++) expect(await readTogether(1 + (query % 3))).not.toContain(undefined);

    const { rows } = await storage.pool.query(
      "select generic_plans from pg_prepared_statements where name = 'read-callers'",
    );
    // PostgreSQL makes five plans for what it is given before it settles for one; it makes them for ever where these look cheaper.
    expect(rows).toEqual([{ generic_plans: "5" }]);
  } finally {
    await storage.close();
  }
});
