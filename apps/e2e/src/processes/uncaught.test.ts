import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createAuth } from "@latchkey/auth";
import { testSecret } from "@latchkey/auth/testing";
import { expect, it } from "vitest";
import { createUser, password, signIn } from "./accounts-by-cli.ts";
import { createMigratedDatabase } from "./external-database.ts";
import { createInstallation } from "./installation.ts";

const config = `export default {
  on: {
    signedIn: ({ user }) => {
      if (user.username === "careless") void Promise.reject(new Error("nobody waits for this"));
      if (user.username === "broken") setImmediate(() => { throw new Error("nobody catches this"); });
    },
  },
};`;

it("what nobody caught is one line: a rejection ends nothing, an exception ends the process after its answers, with 1", async () => {
  await using database = await createMigratedDatabase();
  const auth = createAuth({ connectionString: database.url }, { secret: testSecret, passwords: { cost: 4 } });
  for (const username of ["careless", "broken"]) await auth.createUser({ username, password });
  await auth.close();
  const settings = { DATABASE_URL: database.url, LATCHKEY_SECRET: testSecret };
  await using installation = await createInstallation(settings);
  await installation.writeFile("latchkey.config.mjs", config);
  const service = await installation.start();

  expect(await signIn(service.url, "careless")).toMatchObject({ status: 200 });
  expect(await service.untilLogged("a promise was rejected, and nobody waited for it")).toMatchObject({
    level: "error",
  });
  expect(await signIn(service.url, "careless")).toMatchObject({ status: 200 });

  expect(await signIn(service.url, "broken")).toMatchObject({ status: 200 });
  const { code, stdout, stderr } = await service.outcome;
  expect(code).toBe(1);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ level }) => level === "fatal")).toMatchObject([
    { msg: "an exception was caught by nobody; the process ends", err: { message: "nobody catches this" } },
  ]);
  expect(stderr).not.toContain("nobody catches this");
});

const inFirstProcess = `
if (process.env.NODE_UNIQUE_ID === undefined) {
  process.once("SIGUSR2", () => void Promise.reject(new Error("nobody waits for this")));
  process.once("SIGWINCH", () => { throw new Error("nobody catches this"); });
}`;

it("the first of several processes listens too: it tells of a rejection, and at an exception stops all of them and ends with 1", {
  tags: ["long"],
}, async () => {
  await using installation = await createInstallation({ WORKERS: "2", METRICS_PORT: "0" }, { isOnTestServer: true });
  await installation.writeFile("throw.mjs", inFirstProcess);
  const { href } = pathToFileURL(join(installation.dataDir, "..", "throw.mjs"));
  await createUser(installation, "--username", "alice");
  const service = await installation.start({ NODE_OPTIONS: `--import ${href}` });

  service.signal("SIGUSR2");
  expect(await service.untilLogged("a promise was rejected, and nobody waited for it")).toMatchObject({
    level: "error",
  });
  const { url } = await service.untilLogged("metrics");
  expect(await (await fetch(String(url))).text()).toContain('latchkey_uncaught_total{worker="0",kind="rejection"} 1');
  expect(await signIn(service.url, "alice")).toMatchObject({ status: 200 });

  service.signal("SIGWINCH");
  const { code, stderr } = await service.outcome;
  expect(code).toBe(1);
  expect(stderr).not.toContain("nobody catches this");
  expect(service.log().filter(({ msg }) => msg === "stopped").length).toBeGreaterThanOrEqual(2);
});
