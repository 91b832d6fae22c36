import { expect, test } from "vitest";
import { createTestDatabase } from "../testing/index.ts";
import { openStorage } from "./database.ts";

test("closing ends the connections of a pool that was only used by hand, so that a process can end", async () => {
  await using database = await createTestDatabase();
  const storage = openStorage(database.connection);
  await storage.pool.query("select");
  await storage.close();
  expect([storage.pool.ended, storage.pool.totalCount]).toEqual([true, 0]);
});
