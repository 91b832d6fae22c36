import type { InputIssue } from "@latchkey/auth";
import type { ZodError } from "zod";

type ZodIssue = ZodError["issues"][number];

const mostIssues = 20;
const longestFieldName = 64;

/** What is wrong with an input, field by field. Field names may be the caller's own, so they are bounded; values are left out. */
export function toInputIssues({ issues }: ZodError): InputIssue[] {
  return issues.flatMap(toFieldIssues).slice(0, mostIssues);
}

function toFieldIssues(issue: ZodIssue): InputIssue[] {
  if (issue.code !== "unrecognized_keys") return [{ path: issue.path.map(toFieldName), message: issue.message }];
  return issue.keys.map((key) => ({ path: [...issue.path, key].map(toFieldName), message: "There is no such field" }));
}

function toFieldName(part: PropertyKey): string | number {
  return typeof part === "number" ? part : String(part).slice(0, longestFieldName);
}
