import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "../testing/index.ts";
import { noteBeginning, trackAbandonedConnections } from "./abandoned-connections.ts";

test("an abandoned connection is ended by its number and its beginning, and one that only has its number is left alone", async () => {
  await using database = await createTestDatabase({ isEmpty: true });
  const open = async () => {
    const client = new pg.Client(database.connection);
    const ended = new Promise<string>((resolve) => client.on("error", () => resolve("ended")));
    await client.connect();
    const { rows } = await client.query(
      "select extract(epoch from backend_start)::text as began from pg_stat_activity where pid = pg_backend_pid()",
    );
    return { client, ended, began: String(rows[0]?.began) };
  };
  const [abandoned, other] = [await open(), await open()];
  noteBeginning(abandoned.client, abandoned.began);
  noteBeginning(other.client, abandoned.began);
  const connections = trackAbandonedConnections(database.connection, () => false);
  const freed = [abandoned, other].map(({ client }) => new Promise<void>((free) => connections.add(client, free)));
  await Promise.all(freed);
  expect(await abandoned.ended).toBe("ended");
  expect((await other.client.query("select 1 as alive")).rows).toEqual([{ alive: 1 }]);
  await other.client.end();
});
