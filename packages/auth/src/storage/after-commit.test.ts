import { describe, expect, test } from "vitest";
import { createTestDatabase } from "../testing/index.ts";
import { afterCommit, databaseOf, joinDatabase, runToCommit } from "./after-commit.ts";
import { openStorage } from "./database.ts";

const root = {};

describe("what is put off", () => {
  test("is done when the transaction has ended, in the order in which it was said", async () => {
    const done: string[] = [];
    const transaction = {};
    await runToCommit(root, async (note) => {
      note(transaction);
      for (const what of ["first", "second"]) afterCommit(transaction, () => done.push(what));
      expect(done).toEqual([]);
    });
    expect(done).toEqual(["first", "second"]);
  });

  test("is forgotten where the transaction fails", async () => {
    const done: string[] = [];
    const failed = runToCommit(root, async (note) => {
      const transaction = {};
      note(transaction);
      afterCommit(transaction, () => done.push("never"));
      throw new Error("rolled back");
    });
    await expect(failed).rejects.toThrow("rolled back");
    expect(done).toEqual([]);
  });

  test("is done once where the transaction was run several times", async () => {
    const done: number[] = [];
    await runToCommit(root, async (note) => {
      for (const attempt of [1, 2, 3]) {
        const transaction = {};
        note(transaction);
        afterCommit(transaction, () => done.push(attempt));
      }
    });
    expect(done).toEqual([3]);
  });

  test("is done at once outside of a transaction", () => {
    const done: string[] = [];
    afterCommit(root, () => done.push("now"));
    expect(done).toEqual(["now"]);
  });
});

test("other connections to a database are that database, in a transaction too", async () => {
  const [other, transaction] = [{}, {}];
  joinDatabase(root, other);
  await runToCommit(other, async (note) => note(transaction));
  expect([other, transaction, {}].map((db) => databaseOf(db) === root)).toEqual([true, true, false]);
});

test("a transaction of the database knows its database, and what is put off in it is done after its commit can be seen", async () => {
  await using database = await createTestDatabase();
  const { db, pool, close } = openStorage(database.connection);
  try {
    let seen: Promise<unknown[]> = Promise.resolve([]);
    await db.transaction().execute(async (transaction) => {
      expect(databaseOf(transaction)).toBe(db);
      await transaction.insertInto("webhookEndpoints").values({ name: "shop", seenAt: new Date() }).execute();
      afterCommit(transaction, () => {
        seen = pool.query("select name from latchkey.webhook_endpoints").then(({ rows }) => rows);
      });
    });
    expect(await seen).toEqual([{ name: "shop" }]);
  } finally {
    await close();
  }
});
