import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { locate } from "./bundle.ts";
import { createMigratedDatabase } from "./external-database.ts";
import { createInstallation } from "./installation.ts";

test.skipIf(process.platform !== "linux")(
  "what cannot be written on a disk that is full is a failure, and a reader who has seen enough is none",
  async () => {
    await using database = await createMigratedDatabase();
    const env = {
      ...{ PATH: process.env.PATH, DATABASE_URL: database.url, CLI: locate("cli") },
      LATCHKEY_SECRET: "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs",
    };
    await using installation = await createInstallation({ ...env, PATH: env.PATH ?? "" });
    expect(await installation.run(["list-users"])).toMatchObject({ code: 0 });
    for (const command of ["jwks", "export-erasures", "list-users"]) {
      const run = (to: string) => promisify(execFile)("/bin/sh", ["-c", `node "$CLI" ${command} ${to}`], { env });
      await expect(run("> /dev/full"), command).rejects.toMatchObject({
        code: 1,
        stderr: "latchkey: the output cannot be written (ENOSPC)\n",
      });
    }
    const piped = `{ node "$CLI" jwks; echo "$?" >&2; } | true`;
    await expect(promisify(execFile)("/bin/sh", ["-c", piped], { env })).resolves.toEqual({
      stdout: "",
      stderr: "0\n",
    });
  },
);
