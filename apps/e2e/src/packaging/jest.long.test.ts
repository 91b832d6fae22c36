import { afterAll, beforeAll, expect, test } from "vitest";
import { readPage } from "../docs/documents.ts";
import { createOutsideProject, type OutsideProject, pack } from "./outside-project.ts";

let project: OutsideProject;

beforeAll(async () => {
  project = await createOutsideProject();
  const client = await pack("client");
  const trpc = { "@trpc/client": "^11.25.0", "@trpc/server": "^11.25.0" };
  await project.install({ "@latchkey/client": `file:${client}`, ...trpc, jest: "^30" });
});

afterAll(() => project[Symbol.asyncDispose]());

const check = `
test("somebody unknown is loading", () => {
  const auth = createAuthClient({ url: "http://127.0.0.1:9" });
  expect(auth.getSnapshot().status).toBe("loading");
});
`;

test("the line for Jest in docs/testing.md runs tests that import the SDK, and tests that require it", async () => {
  const { blocks } = await readPage("docs/testing.md");
  const line = blocks.find(({ language, code }) => language === "sh" && code.includes("jest"))?.code ?? "";
  await project.write("imports.test.js", `import { createAuthClient } from "@latchkey/client";${check}`);
  const imports = await project.shell(line);
  expect(imports.output).toContain("1 passed");
  expect(imports.exitCode).toBe(0);

  await project.write("package.json", JSON.stringify({ private: true }));
  await project.write("imports.test.js", `const { createAuthClient } = require("@latchkey/client");${check}`);
  const requires = await project.shell(line);
  expect(requires.output).toContain("1 passed");
  expect(requires.exitCode).toBe(0);
});
