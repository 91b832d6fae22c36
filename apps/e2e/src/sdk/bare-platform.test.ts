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

/** What phones may not have either, and this process's own `fetch` cannot do without. */
const missingOnPhones = ["crypto", "URL", "URLSearchParams"];

const partOf = (name: string) => fileURLToPath(import.meta.resolve(`@latchkey/client/${name}`));

/** Runs a module in a process of its own, in which these globals are gone. */
async function run(program: string, without: readonly string[] = missing): Promise<string> {
  const sdk = fileURLToPath(import.meta.resolve("@latchkey/client"));
  const code = `
    import { createHash } from "node:crypto";
    for (const name of ${JSON.stringify(without)}) delete globalThis[name];
    delete AbortSignal.timeout;
    const { createAuthClient, localStorageStorage, memoryStorage } = await import(${JSON.stringify(sdk)});
    const { signInWithRedirect, handleRedirect } = await import(${JSON.stringify(partOf("redirect"))});
    await import(${JSON.stringify(partOf("codes"))});
    await import(${JSON.stringify(partOf("second-factor"))});
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

test("an app on such a phone goes to the pages and comes back, with random bytes and a SHA-256 of its own, and is told where one is missing", async () => {
  const program = `
    const auth = createAuthClient({ url: "https://auth.example.com/" });
    const app = { clientId: "shop", redirectUri: "com.example.shop:/signed-in" };
    await signInWithRedirect(auth, app).catch(({ name, message }) => console.log(name, message));
    const places = [];
    await signInWithRedirect(auth, {
      ...app,
      randomBytes: (length) => new Uint8Array(length).fill(7),
      sha256: (bytes) => createHash("sha256").update(bytes).digest(),
      navigate: (url) => places.push(url),
    });
    console.log(places[0]);
    const [, state] = /state=([^&]*)/.exec(places[0]);
    const back = "com.example.shop:/signed-in?error=access_denied&iss=https%3A%2F%2Fauth.example.com&state=" + state;
    await handleRedirect(auth, { url: back }).catch(({ code }) => console.log(code));`;
  const output = await run(program, [...missing, ...missingOnPhones]);
  const [missingBytes, place = "", code] = output.split("\n");
  expect(missingBytes).toBe(
    "TypeError There is no crypto.getRandomValues: give randomBytes, such as expo-crypto's getRandomBytes",
  );
  expect(Object.fromEntries(new URL(place).searchParams)).toEqual({
    ...{ response_type: "code", client_id: "shop", redirect_uri: "com.example.shop:/signed-in" },
    ...{ state: expect.stringMatching(/^[\w-]{43}$/), code_challenge: expect.stringMatching(/^[\w-]{43}$/) },
    code_challenge_method: "S256",
  });
  expect(place).toMatch(/^https:\/\/auth\.example\.com\/authorize\?/);
  expect(code).toBe("access_denied");
});
