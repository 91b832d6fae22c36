import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLiveServer } from "../live-server.ts";
import { createOutsideProject, type OutsideProject, pack } from "./outside-project.ts";

let project: OutsideProject;

beforeAll(async () => {
  project = await createOutsideProject();
  const [client, verify] = await Promise.all([pack("client"), pack("verify")]);
  for (const name of ["jose", "@trpc/client", "@trpc/server", "react"]) await project.borrow(name);
  await project.extract(client, "@latchkey/client");
  await project.extract(verify, "@latchkey/verify");
});

afterAll(() => project[Symbol.asyncDispose]());

const canRequire = (node: string) =>
  execFileSync(node, ["-p", "process.features.require_module"], { encoding: "utf8" }).trim() === "true";

/** The Node that the machine has of its own, often an older one than the workspace's. */
const ofMachine = (process.env.PATH ?? "")
  .split(delimiter)
  .filter((folder) => !folder.includes("node_modules"))
  .map((folder) => join(folder, "node"))
  .find((path) => existsSync(path) && canRequire(path));

const program = (url: string) => `
const { createAuthClient } = require("@latchkey/client");
const { SignedIn } = require("@latchkey/client/react");
const { createServerSession } = require("@latchkey/client/server");
const { createTokenVerifier } = require("@latchkey/verify");
const { createVerifiedProcedure } = require("@latchkey/verify/trpc");

const parts = [SignedIn, createServerSession, createTokenVerifier, createVerifiedProcedure];
const auth = createAuthClient({ url: ${JSON.stringify(url)} });
auth.signIn({ username: "alice", password: "correct horse battery" }).then(async ({ username }) => {
  console.log(username, ...parts.map((part) => typeof part));
  await auth.signOut();
});
`;

const nodes: [string, string | undefined][] = [
  ["the workspace's Node", process.execPath],
  ["the machine's Node, where it can", ofMachine],
];

for (const { tags, cases } of shareOut(nodes, 2))
  test.each(cases)("CommonJS requires the packages with %s", { tags }, async (_, node) => {
    if (!node) return;
    await using live = await startLiveServer();
    await live.test.auth.createUser({ username: "alice", password: "correct horse battery" });
    await project.write("program.cjs", program(live.url));
    expect(await project.shell(`"${node}" program.cjs`)).toEqual({
      exitCode: 0,
      output: "alice function function function function\n",
    });
  });
