import { join } from "node:path";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { expect, test } from "vitest";
import { createUser, signIn } from "./accounts-by-cli.ts";
import { hasDebianPostgres, startDebianPostgres } from "./debian-postgres.ts";
import { createInstallation } from "./installation.ts";

const settings = { LATCHKEY_SECRET: "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs" };

test.skipIf(!hasDebianPostgres)(
  "a backup of Debian's older PostgreSQL is restored into the embedded one, and the other way round",
  async () => {
    await using server = await startDebianPostgres();
    const folder = await makeTemporaryFolder("latchkey-backup-");
    const [fromOld, fromNew] = [join(folder, "old.backup"), join(folder, "new.backup")];
    const open = async () =>
      createInstallation({
        ...settings,
        DATABASE_URL: server.urlOf("latchkey", await server.createDatabase("latchkey")),
      });
    await using old = await open();
    await createUser(old, "--username", "alice");
    expect(await old.run(["backup", fromOld])).toMatchObject({ code: 0, stderr: "" });

    await using embedded = await createInstallation(settings, { isNew: true });
    expect(await embedded.run(["restore", fromOld])).toMatchObject({ code: 0, stderr: "" });
    const { url } = await embedded.start();
    expect((await signIn(url, "alice")).status).toBe(200);
    expect(await embedded.run(["backup", fromNew])).toMatchObject({ code: 0, stderr: "" });

    await using back = await open();
    expect(await back.run(["restore", fromNew])).toMatchObject({ code: 0, stderr: "" });
    expect((await signIn((await back.start()).url, "alice")).status).toBe(200);
  },
);
