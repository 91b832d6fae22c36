import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createAuth } from "@latchkey/auth";
import { shareOut, testSecret } from "@latchkey/auth/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { locate } from "./bundle.ts";
import { createMigratedDatabase, type OwnDatabase } from "./external-database.ts";
import { compileCache } from "./service-process.ts";

let database: OwnDatabase;
beforeAll(async () => {
  database = await createMigratedDatabase();
  const auth = createAuth({ connectionString: database.url }, { secret: testSecret });
  await auth.initialize().finally(() => auth.close());
});
afterAll(() => database[Symbol.asyncDispose]());

/** A line of a shell, in which `$CLI` is the command line. */
function shell(line: string) {
  const { PATH } = process.env;
  const settings = { DATABASE_URL: database.url, LATCHKEY_SECRET: testSecret };
  const env = { PATH, NODE_COMPILE_CACHE: compileCache, CLI: locate("cli"), ...settings };
  return promisify(execFile)("/bin/sh", ["-c", line], { env });
}

for (const { tags, cases } of shareOut(["jwks", "export-erasures", "list-users"], 3))
  test.each(cases)("what %s cannot write on a disk that is full is a failure", { tags }, async (command) => {
    if (process.platform !== "linux") return;
    await expect(shell(`node "$CLI" ${command} > /dev/full`)).rejects.toMatchObject({
      code: 1,
      stderr: "latchkey: the output cannot be written (ENOSPC)\n",
    });
  });

test.skipIf(process.platform !== "linux")("a reader who has seen enough is no failure", async () => {
  const piped = `{ node "$CLI" jwks; echo "$?" >&2; } | true`;
  await expect(shell(piped)).resolves.toEqual({ stdout: "", stderr: "0\n" });
});
