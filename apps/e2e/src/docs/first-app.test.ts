import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testSecret } from "@latchkey/auth/testing";
import { createAuthClient } from "@latchkey/client";
import { afterEach, expect, test } from "vitest";
import { launchScript, type Program, until } from "../processes/service-process.ts";
import { applyEdit } from "./apply-edit.ts";
import { readPage } from "./documents.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

const page = await readPage("docs/first-app.md");

/** The tutorial's files by name, before its last step. */
const files = new Map(page.blocks.map(({ code }) => [/^\/\/ ([\w.-]+)\n/.exec(code)?.[1] ?? "", code]));
const serverFile = files.get("server.ts") ?? "";
/** What its last step makes of the server. */
const extendedServer = page.blocks
  .filter(({ language }) => language === "diff")
  .reduce((source, { code }) => applyEdit(source, code.trimEnd().split("\n")), serverFile);

/** At a free port, which it prints in place of its address. */
const atFreePort = (source: string) =>
  source
    .replace("server.listen(3001,", "server.listen(0,")
    .replace('console.log("http://127.0.0.1:3001")', "console.log(JSON.stringify(server.address()))");

let bench: Workbench;
let program: Program | undefined;
afterEach(async () => {
  program?.signal("SIGINT");
  await program?.outcome;
  await bench[Symbol.asyncDispose]();
});

test("the tutorial's server refuses strangers and greets somebody who registers, also after its last step", {
  tags: ["long"],
}, async () => {
  bench = await openWorkbench();
  expect(extendedServer).toContain("nickname");
  await writeFile(join(bench.path, "server.ts"), atFreePort(extendedServer));
  program = launchScript(join(bench.path, "server.ts"), [], {
    folder: bench.path,
    variables: { LATCHKEY_SECRET: testSecret },
  });
  await until(() => program?.stdout().includes("port") === true || program?.isRunning() === false);
  const [, listening = ""] = /"port":(\d+)/.exec(program.stdout()) ?? [];
  expect(listening, program.stderr()).not.toBe("");

  const url = `http://127.0.0.1:${listening}`;
  const refused = await fetch(`${url}/trpc/hello`);
  expect([refused.status, await refused.text()]).toEqual([401, expect.stringContaining('"reason":"token_missing"')]);

  const auth = createAuthClient({ url, path: "auth" });
  await fetch(`${url}/trpc/auth.account.register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "alice", password: "correct horse battery", nickname: "Al" }),
  });
  const user = await auth.signIn({ username: "alice", password: "correct horse battery" });
  expect(user).toMatchObject({ username: "alice", nickname: "Al" });
  const greeting = await fetch(`${url}/trpc/hello`, { headers: await auth.headers() });
  expect(await greeting.text()).toContain("Hello alice, you joined on");
  // A query with an input comes by POST, as the SDK sends it.
  const activity = await fetch(`${url}/trpc/auth.me.activity`, {
    method: "POST",
    headers: { ...(await auth.headers()), "content-type": "application/json" },
    body: JSON.stringify({ limit: 1 }),
  });
  expect(await activity.json()).toMatchObject({ result: { data: { events: [{}] } } });
});
