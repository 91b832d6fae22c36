import type { InputIssue, InputIssueCode } from "@latchkey/auth";
import { isInputIssueCode } from "@latchkey/auth/internal";
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
  const { path, message } = issue;
  if (issue.code !== "unrecognized_keys") return [{ path: path.map(toFieldName), code: codeOf(issue), message }];
  return issue.keys.map((key) => ({
    path: [...path, key].map(toFieldName),
    code: "unknown_field",
    message: "There is no such field",
  }));
}

function codeOf(issue: ZodIssue): InputIssueCode {
  switch (issue.code) {
    case "invalid_type":
      // zod keeps the value out of what it reports, and says only here that there was none.
      return issue.message.endsWith("received undefined") ? "required" : "invalid_type";
    case "too_small":
      return isMeasuredByLength(issue.origin) ? "too_short" : "too_small";
    case "too_big":
      return isMeasuredByLength(issue.origin) ? "too_long" : "too_large";
    case "invalid_format":
      return "invalid_format";
    case "custom":
      return isInputIssueCode(issue.params?.code) ? issue.params.code : "invalid_value";
    default:
      return "invalid_value";
  }
}

const isMeasuredByLength = (origin: string) => ["string", "array", "set", "map"].includes(origin);

function toFieldName(part: PropertyKey): string | number {
  return typeof part === "number" ? part : String(part).slice(0, longestFieldName);
}
