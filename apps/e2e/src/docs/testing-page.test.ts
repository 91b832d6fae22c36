import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readPage } from "./documents.ts";
import { openWorkbench } from "./workbench.ts";

test("the test that docs/testing.md shows passes, and fails where a procedure lets strangers in", {
  tags: ["long"],
}, async () => {
  await using bench = await openWorkbench();
  const { blocks } = await readPage("docs/testing.md");
  const [helper = "", program = "", ...others] = blocks
    .filter(({ language }) => language === "ts")
    .map(({ code }) => code);
  expect(others).toEqual([]);
  const run = async (app: string): Promise<string> => {
    await writeFile(join(bench.path, "open-test-app.ts"), app);
    await writeFile(join(bench.path, "orders.test.ts"), program);
    const outcome = await promisify(execFile)(process.execPath, ["--test", "orders.test.ts"], {
      cwd: bench.path,
    }).catch((failure: { stdout: string }) => failure);
    return outcome.stdout;
  };

  expect(await run(helper)).toContain("pass 1");
  const open = helper
    .replace("latchkey.protectedProcedure", "latchkey.publicProcedure")
    .replace(/\(\{ ctx \}\) => `[^`]*`/, '() => "orders of alice"');
  expect(await run(open)).toContain("fail 1");
});
