import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createClient } from "@hey-api/openapi-ts";
import { startLiveServer } from "@latchkey/e2e/live-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { files } from "./service.ts";

const here = fileURLToPath(new URL("../", import.meta.url));
const password = "correct horse battery";

const live = await startLiveServer();
await mkdir(join(here, "dist"), { recursive: true });
const folder = await mkdtemp(join(here, "dist/client-"));
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await live[Symbol.asyncDispose]();
});

/** What somebody writes who has the document alone. It is compiled, and then run. */
const program = `
import { createClient, createConfig } from "./generated/client";
import { meGet, tokenObtain, tokenRefresh, usersList } from "./generated/sdk.gen";

export async function run(baseUrl: string, username: string, password: string) {
  let token = "";
  const client = createClient(createConfig({ baseUrl, auth: () => token }));
  const signedIn = await tokenObtain({ client, body: { username, password, deviceName: "generated" } });
  if (!signedIn.data) throw new Error(signedIn.error.error.message);
  const { data } = await tokenRefresh({ client, body: { refreshToken: signedIn.data.result.data.refreshToken } });
  if (!data) throw new Error("The refresh was refused");
  token = data.result.data.token;
  const me = await meGet({ client });
  const users = await usersList({ client, body: { limit: 1 } });
  const gender: "Male" | "Female" | null | undefined = me.data?.result.data.gender;
  return { me: me.data?.result.data, gender, users: users.data?.result.data.users };
}

export async function refuse(baseUrl: string) {
  const client = createClient(createConfig({ baseUrl }));
  const { error } = await meGet({ client });
  const reason: "token_missing" | "token_expired" | string | null | undefined = error?.error.data.reason;
  return reason;
}
`;

beforeAll(async () => {
  await createClient({
    input: files.document,
    output: join(folder, "generated"),
    logs: { level: "silent" },
    plugins: ["@hey-api/typescript", "@hey-api/sdk", "@hey-api/client-fetch"],
  });
  await writeFile(join(folder, "program.ts"), program);
});

test("a client that was generated from the document compiles, and so does a program that uses it", async () => {
  const compilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, target: "es2022", module: "esnext" },
    ...{ moduleResolution: "bundler", lib: ["es2022", "dom", "dom.iterable"], types: [] },
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
  const tsc = join(here, "../../node_modules/typescript/bin/tsc");
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", folder]).catch((error) => error);
  expect(stdout).toBe("");
});

test("a client that was generated from the document signs in, refreshes, and reads who is signed in", async () => {
  await live.test.auth.createUser({ username: "alice", password, isSuperuser: true });
  const { run, refuse } = await import(/* @vite-ignore */ join(folder, "program.ts"));

  expect(await run(live.url, "alice", password)).toMatchObject({
    me: { username: "alice", isActive: true },
    gender: null,
    users: [{ username: "alice" }],
  });
  await expect(run(live.url, "alice", "wrong")).rejects.toThrow("Invalid credentials");
  expect(await refuse(live.url)).toBe("token_missing");
});
