import { expect, test } from "vitest";
import { explain, explainUndo } from "./explain.ts";
import { en } from "./languages/en.ts";

const refusal = (reason: string) => Object.assign(new Error("said by the service"), { data: { reason } });

test("whoever takes back what somebody else has changed since is told that, and not to save", () => {
  const refused = refusal("changed_meanwhile");
  expect(explainUndo(refused, en)).toBe("Nothing was taken back: somebody else has changed this since.");
  expect(explain(refused, en)).toContain("then save");
});

test("all else that stands in the way of taking back is said as anywhere", () => {
  for (const error of [refusal("permission_denied"), refusal("not_found"), new Error("no answer")])
    expect(explainUndo(error, en)).toBe(explain(error, en));
});

test("whoever has to wait for long reads so in minutes, and not in thousands of seconds", () => {
  const refused = Object.assign(new Error("said by the service"), {
    data: { reason: "rate_limited", retryAfter: 1_800 },
  });
  expect(explain(refused, en)).toBe("There were too many tries. Try again in 30 minutes.");
});
