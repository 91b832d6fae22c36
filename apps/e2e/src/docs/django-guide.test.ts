import { pbkdf2Sync } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { createPostgresProject } from "@latchkey/import/testing";
import { expect, test } from "vitest";
import { password, signIn } from "../processes/accounts-by-cli.ts";
import { createInstallation } from "../processes/installation.ts";
import { readPage } from "./documents.ts";

const django = `pbkdf2_sha256$1000$salt$${pbkdf2Sync(password, "salt", 1_000, 32, "sha256").toString("base64")}`;

/** The words of the commands of the guide, with a folder for its report. */
async function readCommands(source: string, folder: string): Promise<string[][]> {
  const { blocks } = await readPage("docs/migrating-from-django.md");
  const code = blocks.find(({ code }) => code.includes("latchkey import"))?.code ?? "";
  return code
    .split("\n")
    .filter((line) => line.startsWith("npx"))
    .map((line) => line.replace("npx -y pnpm@12 latchkey ", "").split(" "))
    .map((words) =>
      words.map((word) => word.replace('"$OLD_DATABASE"', source).replace(/^report(?=$|\/)/, join(folder, "report"))),
    );
}

test("the guide, followed to the letter, brings everybody over from a Django project", { tags: ["long"] }, async () => {
  await using project = await createPostgresProject();
  await project.insert(
    { id: 1, username: "alice", password: django, phone_number: "0532 123 45 67" },
    { id: 2, username: "Deniz", password: django, last_login: "2024-01-01 00:00:00+00" },
    { id: 3, username: "deniz", password: django },
    { id: 4, username: "20201234", password: django },
    { id: 5, username: "selin", password: django, is_active: false },
  );
  await using installation = await createInstallation({
    LATCHKEY_SECRET: "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs",
  });
  const folder = await makeTemporaryFolder("latchkey-guide-");
  const [look = [], lookAgain = [], apply = [], verify = [], undo = []] = await readCommands(project.source, folder);

  expect(await installation.run(look)).toMatchObject({ code: 4, stderr: "" });
  const decisions = join(folder, "report/decisions.csv");
  const text = await readFile(decisions, "utf8");
  expect(text).toContain("4,username_grammar,username,20201234,");
  // What a person does in a spreadsheet.
  await writeFile(decisions, text.replaceAll(/,$/gm, ",accept"));
  expect(await installation.run(lookAgain)).toMatchObject({ code: 0, stderr: "" });
  const applied = await installation.run(apply);
  expect(applied).toMatchObject({ code: 0, stderr: "" });
  expect(applied.stdout).toContain("5  people read");
  expect(applied.stdout).toContain("Start the service with PHONE_DEFAULT_COUNTRY=TR");
  expect(await readFile(join(folder, "report/id-map.csv"), "utf8")).toMatch(/^old_id,user_id\n1,[\w-]{36}\n/);

  const verified = await installation.run(verify);
  expect(verified).toMatchObject({ code: 0, stderr: "" });
  expect(verified.stdout).toContain("Everything fits.");
  expect(await installation.run(undo)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("Would delete 5 accounts that came from django"),
  });

  const { url } = await installation.start({ PHONE_DEFAULT_COUNTRY: "TR" });
  for (const name of ["alice", "0532 123 45 67", "Deniz", "deniz_3", "20201234"])
    expect((await signIn(url, name)).status, name).toBe(200);
  expect((await signIn(url, "selin")).status).toBe(400);
  await rm(folder, { recursive: true });
});

test("the usual case fits one screen, from the heading to the choice of what comes then", async () => {
  const text = await readFile(new URL("../../../../docs/migrating-from-django.md", import.meta.url), "utf8");
  const [usual = ""] = text.split("\n## Where things are");
  expect(usual.split("\n").length).toBeLessThan(45);
});
