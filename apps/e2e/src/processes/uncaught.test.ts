import { expect, it } from "vitest";
import { createUser, signIn } from "./accounts-by-cli.ts";
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
  await using installation = await createInstallation();
  await installation.writeFile("latchkey.config.mjs", config);
  for (const name of ["careless", "broken"]) await createUser(installation, "--username", name);
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
