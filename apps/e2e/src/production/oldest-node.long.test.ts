import { copyFile, readFile, rm } from "node:fs/promises";
import { arch } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call } from "../live-server.ts";
import { createOutsideProject, type OutsideProject } from "../packaging/outside-project.ts";
import { password } from "../processes/accounts-by-cli.ts";
import { createEmptyDatabase, type EmptyDatabase } from "../processes/external-database.ts";
import { launchScript } from "../processes/service-process.ts";
import { buildService } from "./service-build.ts";

// The project runs on a newer Node.js than the oldest that an operator may have, as `engines` of the build says.

describe.runIf(process.platform === "linux")("the build on the oldest Node.js that it promises", () => {
  let build: string;
  let database: EmptyDatabase;
  let project: OutsideProject;
  let version: string;
  let node: string;

  beforeAll(async () => {
    build = await buildService();
    database = await createEmptyDatabase();
    project = await createOutsideProject();
    const { engines } = JSON.parse(await readFile(join(build, "package.json"), "utf8"));
    version = `${engines.node.replace(">=", "")}.0`;
    const name = `node-linux-${arch()}`;
    await project.install({ [name]: version });
    node = join(project.folder, "node_modules", name, "bin/node");
  }, 300_000);

  afterAll(async () => {
    await project?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
    if (build) await rm(build, { recursive: true, force: true });
  });

  const variables = () => ({
    NODE_ENV: "production",
    PORT: "0",
    METRICS_PORT: "0",
    DATABASE_URL: database.url,
    LATCHKEY_SECRET: "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs",
    PASSWORD_COST: "10",
  });

  const run = (...args: readonly string[]) =>
    launchScript(join(build, "latchkey.js"), args, { folder: "/", variables: variables(), input: password, node })
      .outcome;

  it("migrates, creates a user, signs in with both kinds of password hashes, answers calls, pages and probes, and stops in order", async () => {
    expect(await run("migrate")).toMatchObject({ code: 0, stderr: "" });
    const created = await run("create-user", "--password-stdin", "--own-password", "--username", "alice");
    expect(created).toMatchObject({ code: 0, stderr: "" });
    for (const PASSWORD_HASH of ["argon2id", "bcrypt"]) {
      const service = launchScript(join(build, "main.js"), [], {
        folder: "/",
        variables: { ...variables(), PASSWORD_HASH },
        node,
      });
      const { url } = await service.untilLogged("listening");
      const metrics = await service.untilLogged("metrics");
      const statusOf = async (path: string) => (await fetch(`${url}${path}`)).status;
      expect(await (await fetch(String(metrics.url))).text()).toContain(`node="${version}"`);
      // The first moves the stored hash to the kind, and the second checks it there.
      for (const _ of ["first", "second"]) {
        const { status, body } = await call(String(url), "token.obtain", { input: { username: "alice", password } });
        expect({ status, body }).toMatchObject({ status: 200 });
        expect(await call(String(url), "me.get", { token: body.token })).toMatchObject({ status: 200 });
      }
      for (const path of ["/healthz", "/readyz", "/sign-in", "/console/people", "/.well-known/jwks.json"])
        expect(await statusOf(path), path).toBe(200);
      service.signal("SIGTERM");
      expect(await service.outcome).toMatchObject({ code: 0, stderr: "" });
      expect(service.log().at(-1)).toMatchObject({ msg: "stopped" });
    }
  });

  it("runs where it may start no program, itself in its place among them", async () => {
    const vanishing = join(project.folder, "node");
    await copyFile(node, vanishing);
    const vanish = encodeURIComponent(`import { rmSync } from "node:fs"; rmSync(process.execPath);`);
    const { LATCHKEY_SECRET } = variables();
    const outcome = await launchScript(join(build, "main.js"), [], {
      folder: "/",
      variables: { NODE_ENV: "production", LATCHKEY_SECRET, NODE_OPTIONS: `--import=data:text/javascript,${vanish}` },
      node: vanishing,
    }).outcome;
    expect(outcome).toMatchObject({ code: 3, stderr: expect.stringMatching(/^latchkey: DATABASE_URL is needed/) });
  });
});
