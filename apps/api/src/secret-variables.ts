import { readFileSync } from "node:fs";
import { StartError } from "@latchkey/auth";

type Variables = Readonly<Record<string, string | undefined>>;

/** Bytes that a file with one secret may have. */
const largestFile = 65_536;

/**
 * Replaces each `NAME_FILE` by `NAME` with what is in that file, for the secrets among the settings. Orchestrators hand secrets over as
 * files, whose last line often ends with a line break: one is taken away.
 *
 * @param secrets the names of the settings that may come from a file
 * @throws StartError with a line for each file that cannot be used; what is in a file is never in it
 */
export function readSecretVariables(variables: Variables, secrets: readonly string[]): Variables {
  const problems: string[] = [];
  const read = { ...variables };
  for (const name of secrets) {
    const path = variables[`${name}_FILE`];
    delete read[`${name}_FILE`];
    if (path === undefined || path === "") continue;
    const problem = variables[name] ? `${name} and ${name}_FILE are both set: one of them is wanted` : null;
    const file = readSecret(path);
    if (problem ?? file.problem) problems.push(problem ?? `${name}_FILE: ${path.slice(0, 200)} ${file.problem}`);
    else read[name] = file.secret;
  }
  if (problems.length > 0) throw new StartError(problems.join("\n"));
  return read;
}

interface SecretFile {
  readonly secret?: string;
  readonly problem?: string;
}

function readSecret(path: string): SecretFile {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > largestFile) return { problem: `is larger than ${largestFile} bytes` };
    const secret = new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
    return secret === "" ? { problem: "is empty" } : { secret };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return { problem: code.startsWith("E") && !code.startsWith("ERR_") ? `cannot be read (${code})` : "is not UTF-8" };
  }
}
