import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { createPostgresProject, createSqliteProject } from "../testing/django-project.ts";
import { openReader, openSource } from "./open-source.ts";

test.each([
  ["PostgreSQL", createPostgresProject],
  ["SQLite", createSqliteProject],
])("%s is opened so that nothing can be written to it", async (_name, createProject) => {
  await using project = await createProject();
  await project.insert({ id: 1, username: "ada" });
  const reader = await openReader(project.source);
  try {
    await expect(reader.all("delete from users_user")).rejects.toMatchObject({
      name: "SourceError",
      message: expect.stringMatching(/read-?only/),
    });
  } finally {
    await reader.close();
  }
});

test("PostgreSQL is read as of one moment, whatever changes there meanwhile", async () => {
  await using project = await createPostgresProject();
  await project.insert({ id: 1, username: "ada" }, { id: 2, username: "bob" });
  const reader = await openReader(project.source);
  try {
    expect(await reader.all("select username from users_user where id = 1")).toEqual([{ username: "ada" }]);
    await project.run("update users_user set username = 'ada_' where id = 1; delete from users_user where id = 2");
    await project.insert({ id: 3, username: "eve" });
    const read: unknown[] = [];
    for await (const rows of reader.batches("select id, username from users_user order by id")) read.push(...rows);
    expect(read).toEqual([
      { id: "1", username: "ada" },
      { id: "2", username: "bob" },
    ]);
  } finally {
    await reader.close();
  }
});

test.each([
  ["PostgreSQL", createPostgresProject],
  ["SQLite", createSqliteProject],
])("of a column of %s that nobody asks about only the beginning is read", async (_name, createProject) => {
  await using project = await createProject();
  await project.insert({ id: 1, username: "ada", city: "Bursa", state: "" });
  const source = await openSource(project.source, "django", { isRead: (name) => name === "username" });
  try {
    for await (const rows of source.read())
      expect(rows).toMatchObject([{ oldId: "1", values: { username: "ada", city: "B", state: "", country: null } }]);
  } finally {
    await source.close();
  }
});

const writer = `const { DatabaseSync } = require("node:sqlite");
  const { parentPort, workerData } = require("node:worker_threads");
  const database = new DatabaseSync(workerData);
  database.exec("begin exclusive; update users_user set username = 'ada_'");
  parentPort.postMessage("locked");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  database.exec("commit");
  database.close();`;

test("SQLite is waited for while somebody writes for a moment, and nobody waits there once people are read", async () => {
  await using project = await createSqliteProject();
  await project.insert({ id: 1, username: "ada" });
  const worker = new Worker(writer, { eval: true, workerData: project.source.slice("sqlite:".length) });
  await once(worker, "message");
  const reader = await openReader(project.source);
  try {
    expect(await reader.all("select username from users_user")).toEqual([{ username: "ada_" }]);
    for await (const _ of reader.batches("select id from users_user"));
    await project.run("update users_user set username = 'bob'");
  } finally {
    await reader.close();
  }
});
