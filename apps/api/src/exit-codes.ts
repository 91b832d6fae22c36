import { AuthError, StartError } from "@latchkey/auth";

/** What a process ends with. */
export const exitCodes = {
  /** A defect. */
  failed: 1,
  /** The command line or its input is wrong. */
  usage: 2,
  /** A setting, the data folder or the database does not let it start. */
  cannotStart: 3,
  /** Done in part: what is left is for a person to do. */
  incomplete: 4,
} as const;

/** Tells a person on standard error what went wrong, and answers the exit code. Only a defect gets its stack printed. */
export function reportFailure(error: unknown): number {
  if (error instanceof StartError) {
    write(error.message);
    return exitCodes.cannotStart;
  }
  if (error instanceof AuthError) {
    const issues = (error.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
    write(issues.length > 0 ? issues.join("\n") : error.message);
    return exitCodes.usage;
  }
  write(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCodes.failed;
}

/**
 * Whoever reads the output, a terminal or the other end of a pipe, may go away first. That must not end a process before it
 * has put its things away. An output that cannot be written, on a disk that is full, is a failure, which the exit code tells.
 */
export function followOutput(): void {
  process.stderr.on("error", () => {});
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE" || process.exitCode === exitCodes.failed) return;
    process.exitCode = exitCodes.failed;
    write(`the output cannot be written (${code})`);
  });
}

function write(text: string): void {
  process.stderr.write(`latchkey: ${text.replaceAll("\n", "\nlatchkey: ")}\n`);
}
