import { withIssueCode } from "@latchkey/auth";
import { expect, test } from "vitest";
import { z } from "zod";
import { toInputIssues } from "./input-issues.ts";

const schema = z.strictObject({
  name: z.string().min(2).max(3).optional(),
  count: z.int().min(1).max(2).optional(),
  list: z.array(z.string()).min(1).max(1).optional(),
  id: z.uuid().optional(),
  kind: z.enum(["a", "b"]).optional(),
  either: z.union([z.string(), z.number()]).optional(),
  badge: z
    .string()
    .refine((value) => value.startsWith("B"), withIssueCode("invalid_start", "starts with B"))
    .optional(),
  own: z
    .string()
    .refine(() => false, { message: "is wrong", params: { code: "made_up" } })
    .optional(),
  plain: z
    .string()
    .refine(() => false, "is wrong")
    .optional(),
  needed: z.string(),
});

function codesOf(input: object): string[] {
  const { error } = schema.safeParse({ needed: "", ...input });
  return error ? toInputIssues(error, {}).map(({ path, code }) => `${path.join(".")} ${code}`) : [];
}

test.each([
  [{ needed: undefined }, "needed required"],
  [{ needed: null }, "needed invalid_type"],
  [{ stray: 1 }, "stray unknown_field"],
  [{ name: 1 }, "name invalid_type"],
  [{ name: "a" }, "name too_short"],
  [{ name: "abcd" }, "name too_long"],
  [{ count: 0 }, "count too_small"],
  [{ count: 3 }, "count too_large"],
  [{ count: 1.5 }, "count invalid_type"],
  [{ list: [] }, "list too_short"],
  [{ list: ["a", "b"] }, "list too_long"],
  [{ list: [1] }, "list.0 invalid_type"],
  [{ id: "x" }, "id invalid_format"],
  [{ kind: "c" }, "kind invalid_value"],
  [{ either: true }, "either invalid_value"],
  [{ badge: "A" }, "badge invalid_start"],
  [{ own: "x" }, "own invalid_value"],
  [{ plain: "x" }, "plain invalid_value"],
])("%j is answered with %s", (input, told) => {
  expect(codesOf(input)).toEqual([told]);
});

test("every field that is wrong is told, and nothing of its value", () => {
  const { error } = schema.safeParse({ needed: 7, name: "hunter2", stray: "hunter2" });
  const issues = error && toInputIssues(error, {});
  expect(issues?.map(({ code }) => code).sort()).toEqual(["invalid_type", "too_long", "unknown_field"]);
  expect(JSON.stringify(issues)).not.toContain("hunter2");
});
