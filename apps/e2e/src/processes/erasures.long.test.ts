import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { expect, test } from "vitest";
import { createUser, signIn } from "./accounts-by-cli.ts";
import { hasDebianPostgres, startDebianPostgres } from "./debian-postgres.ts";
import { createInstallation } from "./installation.ts";

const settings = { LATCHKEY_SECRET: "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs" };

test.skipIf(!hasDebianPostgres)(
  "whom a dump of PostgreSQL's own brings back is deleted once more by the commands of the docs, and nobody else",
  async () => {
    await using server = await startDebianPostgres();
    const url = server.urlOf("latchkey", await server.createDatabase("latchkey"));
    const folder = await makeTemporaryFolder("latchkey-erasures-");
    const [dump, journal] = [join(folder, "latchkey.sql"), join(folder, "latchkey.erasures")];
    await using installation = await createInstallation({ ...settings, DATABASE_URL: url });
    for (const name of ["alice", "bob", "carol"]) await createUser(installation, "--username", name);
    await promisify(execFile)("pg_dump", ["--no-owner", "--schema", "latchkey", "--file", dump, url]);
    for (const name of ["alice", "carol"])
      expect(await installation.run(["delete-user", name, "--yes"])).toMatchObject({ code: 0 });
    const { code, stdout } = await installation.run(["export-erasures"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# latchkey erasures 1\n([0-9a-f]{64} \S+Z\n){2}# end 2 [0-9a-f]{64}\n$/);
    expect(await installation.run(["export-erasures", journal])).toMatchObject({ code: 0, stdout: "" });
    expect(await readFile(journal, "utf8")).toBe(stdout);

    const restore = ["--quiet", "--set", "ON_ERROR_STOP=1", "--single-transaction"];
    const files = ["--command", "drop schema latchkey cascade", "--file", dump];
    await promisify(execFile)("psql", [...restore, ...files, url]);
    const service = await installation.start();
    expect((await signIn(service.url, "alice")).status).toBe(200);
    await writeFile(`${journal}.cut`, stdout.slice(0, -10));
    expect(await installation.run(["replay-erasures", `${journal}.cut`])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("is no erasure: the file was cut off or changed"),
    });
    expect(await installation.run(["replay-erasures", dump])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("was not written by export-erasures"),
    });
    expect((await signIn(service.url, "carol")).status).toBe(200);
    const replayed = await installation.run(["replay-erasures", journal]);
    expect(replayed).toMatchObject({ code: 0, stdout: expect.stringContaining("Deleted 2 accounts once more") });
    for (const name of ["alice", "carol"]) expect((await signIn(service.url, name)).status, name).toBe(400);
    expect((await signIn(service.url, "bob")).status).toBe(200);
    const again = await installation.run(["replay-erasures", journal, "--json"]);
    expect(JSON.parse(again.stdout)).toEqual({ added: 0, deleted: [] });
  },
);
