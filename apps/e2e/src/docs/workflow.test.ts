import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { validateWorkflow } from "@action-validator/core";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "./documents.ts";

const readWorkflow = () => readFile(join(root, ".github/workflows/ci.yml"), "utf8");

interface Step {
  readonly run?: string;
  readonly uses?: string;
}

interface Job {
  readonly steps: readonly Step[];
  readonly "timeout-minutes"?: number;
}

const errorsOf = (text: string): unknown[] => validateWorkflow(text).errors;

test("the workflow file is one by the linter, which finds what is wrong in others", async () => {
  const text = await readWorkflow();
  expect(errorsOf(text)).toEqual([]);
  expect(errorsOf(text.replace("runs-on: ubuntu-24.04", "run-on: ubuntu-24.04"))).not.toEqual([]);
  expect(errorsOf(text.replace("pull_request:", "pull_requests:"))).not.toEqual([]);
  expect(errorsOf("name: CI\non: push\njobs: {}\n")).not.toEqual([]);
});

test("the workflow may write nothing, keeps no credentials and ends in time", async () => {
  const { permissions, jobs } = parse(await readWorkflow()) as { permissions: object; jobs: Record<string, Job> };
  expect(permissions).toEqual({ contents: "read" });
  for (const [name, { steps, "timeout-minutes": minutes }] of Object.entries(jobs)) {
    expect(minutes, name).toBeGreaterThan(0);
    for (const { uses } of steps) if (uses) expect(uses).toMatch(/^actions\/[\w-]+@v\d+$/);
    expect(steps).toContainEqual(
      expect.objectContaining({ with: expect.objectContaining({ "persist-credentials": false }) }),
    );
  }
});

test("on Linux it runs the two commands of CONTRIBUTING.md, and elsewhere packages that there are", async () => {
  const { jobs } = parse(await readWorkflow()) as { jobs: Record<string, Job> };
  const commands = (job: string) => jobs[job]?.steps.flatMap(({ run = [] }) => run) ?? [];
  expect(commands("linux")).toEqual([".ci/run"]);
  const ci = await readFile(join(root, ".ci/run"), "utf8");
  for (const command of ["npx -y pnpm@12 test", "npx -y pnpm@12 test:long"]) {
    expect(ci).toContain(command);
    expect(await readFile(join(root, "CONTRIBUTING.md"), "utf8")).toContain(command);
  }
  const names = commands("elsewhere").flatMap((command) => [...command.matchAll(/--filter=@latchkey\/([\w-]+)/g)]);
  expect(names.length).toBeGreaterThan(3);
  for (const [, name = ""] of names) {
    const manifest = JSON.parse(await readFile(join(root, "packages", name, "package.json"), "utf8"));
    expect(manifest).toMatchObject({ name: `@latchkey/${name}`, scripts: { test: "vitest run" } });
  }
});
