import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** A folder in which better-auth itself is installed from its package; null where that cannot be had. */
export interface BetterAuth extends AsyncDisposable {
  readonly folder: string;
  /**
   * Has better-auth make its tables and sign people up, with its plugins for usernames and phone numbers. `database` is a file of SQLite, or
   * `postgres://…`.
   */
  signUp(database: string, people: readonly SignUp[]): Promise<void>;
  /** Whether it lets somebody in by a name and a password. */
  signIn(
    database: string,
    attempts: readonly { readonly name: string; readonly password: string }[],
  ): Promise<boolean[]>;
}

export interface SignUp {
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly username?: string;
  readonly phoneNumber?: string;
}

const program = `
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { phoneNumber, username } from "better-auth/plugins";
import { text } from "node:stream/consumers";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";

const [place, command] = process.argv.slice(2);
const database = place.startsWith("postgres://") ? new pg.Pool({ connectionString: place }) : new DatabaseSync(place);
const options = {
  database,
  baseURL: "http://127.0.0.1:1",
  secret: "of this test alone, and long enough for it",
  emailAndPassword: { enabled: true },
  plugins: [username(), phoneNumber({ sendOTP: () => {} })],
  telemetry: { enabled: false },
};
const auth = betterAuth(options);
const lines = JSON.parse(await text(process.stdin));
if (command === "sign-up") {
  await (await getMigrations(options)).runMigrations();
  for (const { phoneNumber, ...body } of lines) {
    const { user } = await auth.api.signUpEmail({ body });
    const context = await auth.$context;
    if (phoneNumber) await context.internalAdapter.updateUser(user.id, { phoneNumber, phoneNumberVerified: true });
  }
} else
  for (const { name, password } of lines) {
    const signIn = name.includes("@")
      ? auth.api.signInEmail({ body: { email: name, password } })
      : name.startsWith("+")
        ? auth.api.signInPhoneNumber({ body: { phoneNumber: name, password } })
        : auth.api.signInUsername({ body: { username: name, password } });
    console.log(JSON.stringify(await signIn.then((answer) => answer !== null, () => false)));
  }
process.exit(0);
`;

/** Installs better-auth and what it needs in a temporary folder. */
export async function installBetterAuth(): Promise<BetterAuth | null> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-better-auth-"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await writeFile(join(folder, "program.mjs"), program);
  const remove = () => rm(folder, { recursive: true, force: true });
  const npm = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "better-auth@1.7.25", "pg@8"];
  const installed = await run("npm", npm, folder).catch((error: unknown) => String(error));
  if (!installed.includes("added")) {
    console.warn(`better-auth cannot be installed, so the test with it is skipped: ${installed.slice(0, 500)}`);
    await remove();
    return null;
  }
  const start = (database: string, command: string, input: object) =>
    run(process.execPath, ["program.mjs", database, command], folder, JSON.stringify(input));
  return {
    folder,
    async signUp(database, people) {
      await start(database, "sign-up", people);
    },
    async signIn(database, attempts) {
      const output = await start(database, "sign-in", attempts);
      return output
        .split("\n")
        .filter((line) => line === "true" || line === "false")
        .map((line) => line === "true");
    },
    [Symbol.asyncDispose]: remove,
  };
}

async function run(program: string, words: readonly string[], cwd: string, input = ""): Promise<string> {
  const child = spawn(program, words, { cwd });
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const [output, errors] = [text(child.stdout), text(child.stderr)];
  child.stdin.end(input);
  if ((await ended) !== 0) throw new Error(`${program} failed: ${await errors}`);
  return output;
}
