import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import pg from "pg";
import { expect, test } from "vitest";
import { call } from "../live-server.ts";
import { createUser, password, signIn } from "./accounts-by-cli.ts";
import { createEmptyDatabase, queryOnce } from "./external-database.ts";
import { createInstallation } from "./installation.ts";
import { until } from "./service-process.ts";

const secret = "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs";
const settings = { LATCHKEY_SECRET: secret };

test("a backup under load brings everybody back into a folder that was destroyed", { tags: ["long"] }, async () => {
  const file = join(await makeTemporaryFolder("latchkey-backup-"), "all.backup");
  const people: { username: string; refreshToken: string }[] = [];
  {
    await using installation = await createInstallation(settings);
    const { url, stop } = await installation.start();
    let isOver = false;
    let failures = 0;
    async function registerOn(who: number): Promise<void> {
      for (let number = 0; !isOver; number += 1) {
        const username = `p${who}_${number}`;
        const { status, body } = await call(url, "account.register", { input: { username, password } });
        if (status === 200) people.push({ username, refreshToken: body.refreshToken });
        else if (status !== 429) failures += 1;
      }
    }
    const load = Promise.all([1, 2].map(registerOn));
    await until(() => people.length >= 5);
    const before = people.length;
    expect(await installation.run(["backup", file])).toMatchObject({ code: 0, stderr: "" });
    isOver = true;
    await load;
    expect(failures).toBe(0);
    people.length = before;
    expect(await installation.run(["backup", file])).toMatchObject({
      code: 3,
      stderr: `latchkey: ${file}: there is such a file already\n`,
    });
    await stop();
  }
  await using restored = await createInstallation(settings, { isNew: true });
  expect(await restored.run(["restore", file])).toMatchObject({ code: 0, stderr: "" });
  const { url } = await restored.start();
  for (const { username, refreshToken } of people) {
    expect((await signIn(url, username)).status, username).toBe(200);
    expect((await call(url, "token.refresh", { input: { refreshToken } })).status, username).toBe(200);
  }
  expect(await restored.run(["doctor"])).toMatchObject({ code: 0 });
  expect(await restored.run(["restore", file])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("has accounts already"),
  });
});

test.each([
  ["that is not there", null, "cannot be read (ENOENT)"],
  ["that is something else", "hello\n", "is damaged, cut off or no backup of Latchkey"],
])("a file %s is refused in one line, before anything is made", async (_what, content, told) => {
  await using installation = await createInstallation(settings, { isNew: true });
  const file = join(await makeTemporaryFolder("latchkey-backup-"), "wrong.backup");
  if (content !== null) await writeFile(file, content);
  const outcome = await installation.run(["restore", file]);
  expect(outcome).toMatchObject({ code: 3, stdout: "", stderr: `latchkey: ${file} ${told}\n` });
  expect(await installation.findPostgres()).toBeUndefined();
});

test("by the clock the service backs up what is due, and keeps the newest alone", { tags: ["long"] }, async () => {
  const folder = await makeTemporaryFolder("latchkey-backups-");
  const schedule = { BACKUP_EVERY: "1h", BACKUP_KEEP: "2", BACKUP_DIR: folder };
  await using installation = await createInstallation({ ...settings, ...schedule });
  const old = ["latchkey-2020-01-01T00-00-00Z.backup", "latchkey-2021-01-01T00-00-00Z.backup"];
  for (const name of [...old, "notes-of-somebody.txt"]) await writeFile(join(folder, name), "");
  await createUser(installation, "--username", "alice");
  const service = await installation.start();
  const { file } = await service.untilLogged("backed up");
  await until(async () => (await readdir(folder)).length === 3);
  const names = await readdir(folder);
  expect(names.sort()).toEqual([old[1], String(file).split("/").at(-1), "notes-of-somebody.txt"]);
  await service.stop();
  // The next one is not due yet.
  const again = await installation.start();
  await again.stop();
  expect(again.stdout()).not.toContain("backed up");
  await using restored = await createInstallation(settings, { isNew: true });
  expect(await restored.run(["restore", String(file)])).toMatchObject({ code: 0, stderr: "" });
  expect(await restored.run(["list-users"])).toMatchObject({ stdout: expect.stringContaining("alice") });
  await rm(folder, { recursive: true });
});

async function backUpAlice(): Promise<string> {
  const file = join(await makeTemporaryFolder("latchkey-backup-"), "all.backup");
  await using source = await createInstallation(settings, { isOnTestServer: true });
  await createUser(source, "--username", "alice");
  expect(await source.run(["backup", file])).toMatchObject({ code: 0 });
  return file;
}

test("a restore that is killed in its midst is told of by a start, and another restore brings everybody back", {
  tags: ["long"],
}, async () => {
  const file = await backUpAlice();
  await using database = await createEmptyDatabase();
  const other = new pg.Client({ connectionString: database.url });
  await other.connect();
  // Who makes the same schema waits for this one's end.
  await other.query("begin; create schema latchkey");
  await using installation = await createInstallation({ ...settings, DATABASE_URL: database.url });
  const restore = installation.launchCommand(["restore", file]);
  const waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  await until(async () => (await queryOnce({ connectionString: database.url }, waiting)).length > 0);
  restore.signal("SIGKILL");
  await restore.outcome;
  await other.query("rollback");
  await other.end();

  const told =
    'latchkey: A restore into this database is under way or did not end, and nothing of it is there: run "latchkey restore" with the file again.\n';
  expect(await installation.launch().outcome).toMatchObject({ code: 3, stderr: told });
  expect(await installation.run(["list-users"])).toMatchObject({ code: 3, stderr: told });
  expect(await installation.run(["restore", file])).toMatchObject({ code: 0, stderr: "" });
  const { url, stop } = await installation.start({ MIGRATE: "check" });
  expect((await signIn(url, "alice")).status).toBe(200);
  await stop();
});

test("of a stopped embedded database a backup and its secret's file come back into a new folder, and into a PostgreSQL of one's own", {
  tags: ["long"],
}, async () => {
  const file = join(await makeTemporaryFolder("latchkey-backup-"), "all.backup");
  await using old = await createInstallation();
  await createUser(old, "--username", "alice");
  expect(await old.run(["backup", file])).toMatchObject({ code: 0, stderr: "" });
  const secretFile = join(old.dataDir, "secret");

  await using upgraded = await createInstallation({}, { isNew: true });
  await mkdir(upgraded.dataDir, { mode: 0o700 });
  await copyFile(secretFile, join(upgraded.dataDir, "secret"));
  await using database = await createEmptyDatabase();
  const elsewhere = { DATABASE_URL: database.url, LATCHKEY_SECRET: (await readFile(secretFile, "utf8")).trim() };
  await using moved = await createInstallation(elsewhere);
  for (const installation of [upgraded, moved]) {
    expect(await installation.run(["restore", file])).toMatchObject({ code: 0, stderr: "" });
    const { url, stop } = await installation.start();
    expect((await signIn(url, "alice")).status).toBe(200);
    await stop();
  }
});
