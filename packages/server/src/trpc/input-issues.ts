import type { InputIssue } from "@latchkey/auth";
import type { ZodError } from "zod";

type ZodIssue = ZodError["issues"][number];

/** In one request, however many calls it holds: an answer to a batch is no longer than another. */
const mostIssues = 20;
const longestFieldName = 40;

const issuesTold = new WeakMap<object, number>();

/**
 * What is wrong with an input, field by field. Field names may be the caller's own, so they are bounded, and so are the issues
 * of one `request` together; values are left out.
 */
export function toInputIssues({ issues }: ZodError, request: object): InputIssue[] {
  const told = issuesTold.get(request) ?? 0;
  const found = issues.flatMap(toFieldIssues).slice(0, mostIssues - told);
  issuesTold.set(request, told + found.length);
  return found;
}

function toFieldIssues(issue: ZodIssue): InputIssue[] {
  if (issue.code !== "unrecognized_keys") return [{ path: issue.path.map(toFieldName), message: issue.message }];
  return issue.keys.map((key) => ({ path: [...issue.path, key].map(toFieldName), message: "There is no such field" }));
}

function toFieldName(part: PropertyKey): string | number {
  return typeof part === "number" ? part : String(part).slice(0, longestFieldName);
}
