import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLiveServer } from "../live-server.ts";
import { allCompilerSetups, createOutsideProject, type OutsideProject, pack } from "./outside-project.ts";
import { readExample } from "./readme.ts";

/** The lowest and the newest that the package says it works with. */
describe.each([
  ["lowest", { "@trpc/client": "11.4.0", "@trpc/server": "11.4.0", react: "18.0.0", "@types/react": "^18.3.0" }],
  ["newest", { "@trpc/client": "^11", "@trpc/server": "^11", react: "latest", "@types/react": "latest" }],
])("with the %s tRPC and React", (_name, peers) => {
  let project: OutsideProject;
  beforeAll(async () => {
    project = await createOutsideProject();
    const tarball = await pack("client");
    await project.install({ "@latchkey/client": `file:${tarball}`, ...peers });
  });
  afterAll(() => project[Symbol.asyncDispose]());

  test.each(allCompilerSetups.filter(({ resolution }) => resolution === "bundler"))(
    "what a program exports of it can be declared by $compiler",
    async (setup) => {
      const files = ["declared-consumer.ts", "declared-components.ts"];
      for (const file of files) await project.addProgram(file);
      expect(await project.declare(setup, files)).toEqual({ exitCode: 0, output: "" });
    },
  );

  test("somebody signs in, is read and signs out", async () => {
    await using live = await startLiveServer();
    const password = "correct horse battery";
    await live.test.auth.createUser({ username: "alice", phoneNumber: "+90 532 123 45 67", password });
    await project.write("run.ts", await readExample("auth.signIn(", live.url));
    const { exitCode, output } = await project.run("run.ts");
    expect(output).toContain("Hello, alice\n");
    expect(exitCode).toBe(0);
  });
});
