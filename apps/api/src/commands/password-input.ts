import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { AuthError } from "@latchkey/auth";

interface Flags {
  readonly passwordStdin?: true;
  readonly djangoHashStdin?: true;
}

/** What says that a password is not to be replaced at the next sign-in. */
export const ownPassword = [
  "--own-password",
  "the owner chose the password: do not ask for another at the next sign-in",
] as const;

/**
 * A password from standard input, or asked for twice at a terminal without showing it. One line break at the end is not part
 * of it; all other white space is.
 */
export async function readPassword({ passwordStdin, djangoHashStdin }: Flags): Promise<string> {
  if (passwordStdin || djangoHashStdin) return requireText((await text(process.stdin)).replace(/\r?\n$/, ""));
  if (!process.stdin.isTTY) throw rejected("There is no terminal to ask for the password: use --password-stdin");
  const password = await ask("Password: ");
  if (password !== (await ask("Again: "))) throw rejected("The two passwords are not the same");
  return requireText(password);
}

/** A password that somebody has already: from standard input, or asked for once. */
export async function readCurrentPassword(flags: Pick<Flags, "passwordStdin">): Promise<string> {
  if (flags.passwordStdin || !process.stdin.isTTY) return readPassword(flags);
  return requireText(await ask("Password: "));
}

function requireText(password: string): string {
  if (password === "") throw rejected("The password is empty");
  return password;
}

const rejected = (message: string) => new AuthError("invalid_input", message);

async function ask(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(question);
  const interrupted = new AbortController();
  prompt.once("SIGINT", () => interrupted.abort());
  try {
    return await prompt.question("", { signal: interrupted.signal });
  } catch (cause) {
    throw new AuthError("invalid_input", "Cancelled; nothing was changed", { cause });
  } finally {
    prompt.close();
    process.stderr.write("\n");
  }
}
