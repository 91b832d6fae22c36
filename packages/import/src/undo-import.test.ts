import { importLock } from "@latchkey/auth/import";
import { createTestAuth } from "@latchkey/auth/testing";
import pg from "pg";
import { expect, test } from "vitest";
import { createSqliteProject } from "./testing/django-project.ts";
import { runImport } from "./testing/run-import.ts";
import { undoImport } from "./undo-import.ts";

test("an undo of a source that nobody came from names those that there are, and one beside an import waits for its end", async () => {
  await using project = await createSqliteProject();
  await using service = await createTestAuth();
  const { connection } = service.database;
  const undo = (source: string) => undoImport({ connection, source, apply: true });
  await expect(undo("django")).rejects.toThrow("Nobody came from a source called django. Nothing was imported.");
  await project.insert({ id: 1, username: "ada" });
  await runImport({ project, service }, { accept: ["all"], name: "shop" });
  await expect(undo("django")).rejects.toMatchObject({
    exitCode: 2,
    message: "Nobody came from a source called django. There are shop: say which with --source.",
  });

  const importing = new pg.Client(connection as pg.ClientConfig);
  await importing.connect();
  await importing.query(`select pg_advisory_lock(${importLock})`);
  await expect(undo("shop")).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/^An import is under way/),
  });
  await importing.end();
  expect(await undo("shop")).toEqual({ deleted: 1, kept: 0 });
});
