import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "vitest";
import { credentials, test } from "./sdk-process.ts";

/** What browsers have, and phones or servers may not. */
const missing = [
  ...["atob", "btoa", "addEventListener", "removeEventListener", "localStorage", "sessionStorage", "BroadcastChannel"],
  ...["window", "document", "navigator", "structuredClone", "requestIdleCallback", "reportError"],
];

/** Runs a module in a process of its own, in which these globals are gone. */
async function run(program: string): Promise<string> {
  const sdk = fileURLToPath(import.meta.resolve("@latchkey/client"));
  const code = `
    for (const name of ${JSON.stringify(missing)}) delete globalThis[name];
    const { createAuthClient, localStorageStorage, memoryStorage } = await import(${JSON.stringify(sdk)});
    ${program}`;
  const words = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", code];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, words, { timeout: 30_000 });
  expect(stderr).toBe("");
  return stdout;
}

test("the SDK is imported, made with any storage, signs in, calls and signs out where nothing of a browser is there", async ({
  live,
}) => {
  const output = await run(`
    for (const storage of [memoryStorage(), localStorageStorage(), "cookie"]) {
      const auth = createAuthClient({ url: ${JSON.stringify(live.url)}, storage });
      const statuses = [auth.getServerSnapshot().status, auth.getSnapshot().status];
      await auth.headers();
      statuses.push(auth.getSnapshot().status);
      if (storage !== "cookie") {
        await auth.signIn(${JSON.stringify(credentials)});
        statuses.push((await auth.api.me.get.query()).username);
        await auth.signOut();
        statuses.push(auth.getSnapshot().status);
      }
      auth.dispose();
      console.log(statuses.join());
    }`);
  const whole = "loading,loading,signedOut,alice,signedOut\n";
  expect(output).toBe(`${whole}${whole}loading,loading,signedOut\n`);
});
