import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseSettings } from "../../../api/src/environment.ts";
import { root } from "./documents.ts";

test("the template of docs/messages.md is one that HTTP_SENDER takes", async () => {
  const page = await readFile(join(root, "docs/messages.md"), "utf8");
  const [, template = ""] = /```json\n(.*?)```/s.exec(page) ?? [];
  expect(parseSettings({ MESSAGES: "http", HTTP_SENDER: template }).HTTP_SENDER).toMatchObject({ format: "json" });
});
