import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { expect, test } from "vitest";
import { readPage } from "../docs/documents.ts";
import { call } from "../live-server.ts";
import { obtainToken, register, signIn } from "./accounts-by-cli.ts";
import { createInstallation } from "./installation.ts";

/** The commands of docs/backup-and-upgrade.md that have these words in them. */
async function commandsWith(words: string): Promise<string> {
  const { blocks } = await readPage("docs/backup-and-upgrade.md");
  const found = blocks.filter(({ language, code }) => language === "sh" && code.includes(words));
  expect(
    found.map(({ code }) => code),
    words,
  ).toHaveLength(1);
  return found[0]?.code ?? "";
}

// `skipIf` would say of it that it is not skipped, against what its tag says.
(process.platform === "linux" ? test : test.skip)(
  "a backup by the commands of the docs needs no pg_dump, and brings everybody and everything back",
  { tags: ["long"] },
  async () => {
    await using installation = await createInstallation();
    const backups = await makeTemporaryFolder("latchkey-backups-");
    const run = async (words: string) => {
      const commands = (await commandsWith(words)).replaceAll("/var/backups", backups);
      const here = commands.replaceAll(/\.latchkey(?=[.\s/])/g, installation.dataDir);
      await promisify(execFile)("/bin/sh", ["-e", "-c", here], { cwd: join(installation.dataDir, "..") });
    };

    const first = await installation.start();
    await register(first.url, "alice");
    const token = await obtainToken(first.url, "alice");
    await first.stop();
    await run("cp --archive .latchkey ");

    await writeFile(join(installation.dataDir, "postgres", "data", "global", "pg_control"), "what a broken disk left");
    await run("cp --archive /var/backups/");

    const second = await installation.start();
    expect(await call(second.url, "me.get", { token })).toMatchObject({ status: 200, body: { username: "alice" } });
    expect(await signIn(second.url, "alice")).toMatchObject({ status: 200 });
    const doctor = await installation.run(["doctor"]);
    expect(doctor).toMatchObject({ code: 0, stdout: expect.stringContaining("Nothing is wrong.\n") });
    await second.stop();
  },
);
