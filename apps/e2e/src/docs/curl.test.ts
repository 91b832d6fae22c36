import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { createInbox, shareOutBy } from "@latchkey/auth/testing";
import { afterAll, describe, expect, test } from "vitest";
import { startLiveServer } from "../live-server.ts";
import { procedureTypes } from "../permissions/call-as.ts";
import { readPages } from "./documents.ts";

interface Example {
  readonly page: string;
  readonly command: string;
  /** What the line `# → 400` before it says; 200 where there is none. */
  readonly status: string;
}

/** The `curl` commands of a block, each with the lines that it goes on in. */
function findExamples(page: string, code: string): Example[] {
  const statements = code.replaceAll(/\\\n\s*/g, "").split("\n");
  return statements.flatMap((command, index) => {
    const [, status = "200"] = /^# → (\d{3})$/.exec(statements[index - 1] ?? "") ?? [];
    return command.startsWith("curl ") ? [{ page, command, status }] : [];
  });
}

/** Of every page but the tutorial, which has a server of its own: `first-app.test.ts` starts it. */
const examples = (await readPages())
  .filter(({ path }) => path !== "docs/first-app.md")
  .flatMap(({ path, blocks }) =>
    blocks.filter(({ language }) => language === "sh").flatMap(({ code }) => findExamples(path, code)),
  );

const password = "correct horse battery";
const inbox = createInbox();
const live = await startLiveServer({
  passkeys: { rpId: "localhost", allowsLocalhost: true },
  phones: { defaultCountry: "TR" },
  messages: { senders: { sms: inbox, email: inbox }, isEnforced: false },
});
afterAll(() => live[Symbol.asyncDispose]());

type Variables = Readonly<Record<string, string>>;

const signIn = (username: string) => live.test.auth.signIn({ username, password }, live.test.facts);

/** The token of a superuser, who stays: no command is about them. */
await live.test.auth.createUser({ username: "root", password, isSuperuser: true });
const { token: ADMIN_TOKEN } = await signIn("root");

/** What a command names, and what makes it, in order: none of it is made where nothing names it, which would take longer than the command. */
const makers: readonly [names: RegExp, make: (known: Variables) => Promise<Variables>][] = [
  [
    /\$(TOKEN|REFRESH_TOKEN|DEVICE_MARK|SESSION_ID|PHONE_\w+|RECOVERY_\w+)\b|alice|532\D*123\D*45\D*67/i,
    () => makeAlice(),
  ],
  [/\$SESSION_ID\b|revokeOthers/, () => signInElsewhere()],
  [/\$(USER_ID|CODE|GROUP_ID)\b|\bbob\b/, () => makeThings()],
  [/\$(CHALLENGE|MESSAGE_CODE|TICKET)\b/, () => askForCode()],
  [/\$PHONE_(CHALLENGE|CODE)\b/, ({ TOKEN = "" }) => askForPhoneCode(TOKEN)],
  [/\$RECOVERY_(CODE|TICKET)\b/, ({ TOKEN = "" }) => makeRecoveryCodes(TOKEN)],
];

/** What a command assumes, whatever the one before did: a superuser, and what it names. */
async function prepare(command: string): Promise<Variables> {
  const { database } = live.test;
  await database.query("delete from latchkey.users where username is distinct from 'root'");
  await database.query("delete from latchkey.groups");
  const known: Record<string, string> = { ADMIN_TOKEN };
  for (const [names, make] of makers) if (names.test(command)) Object.assign(known, await make(known));
  return known;
}

async function makeAlice(): Promise<Variables> {
  await live.test.auth.createUser({ username: "alice", phoneNumber: "+905321234567", password });
  const { token, refreshToken, deviceMark } = await signIn("alice");
  return { TOKEN: token, REFRESH_TOKEN: refreshToken, DEVICE_MARK: deviceMark };
}

/** Another session of alice's. */
async function signInElsewhere(): Promise<Variables> {
  const { auth } = live.test;
  const { session } = await auth.authenticate([`Bearer ${(await signIn("alice")).token}`]);
  return { SESSION_ID: session.id };
}

/** A code that was sent to a number of nobody's, its challenge, and the ticket of another number. */
async function askForCode(): Promise<Record<string, string>> {
  const to = "+905329999999";
  await live.test.database.query("delete from latchkey.throttles");
  const { challenge } = await live.test.auth.startCode({ purpose: "enter", to }, live.test.facts);
  const { code } = await inbox.take(to);
  const other = "+905329999998";
  const proved = await live.test.auth.startCode({ purpose: "enter", to: other }, live.test.facts);
  const answer = await live.test.auth.signInByCode(
    { challenge: proved.challenge, code: (await inbox.take(other)).code },
    live.test.facts,
  );
  return { CHALLENGE: challenge, MESSAGE_CODE: code, TICKET: "ticket" in answer ? answer.ticket : "" };
}

/** A code that alice asked for, to prove a number that is to be hers. */
async function askForPhoneCode(token: string): Promise<Record<string, string>> {
  const { auth, facts } = live.test;
  const to = "+905329999997";
  const caller = await auth.authenticate([`Bearer ${token}`]);
  const { challenge } = await auth.startOwnName(caller, { kind: "phone", to }, facts);
  return { PHONE_CHALLENGE: challenge, PHONE_CODE: (await inbox.take(to)).code };
}

/** A recovery code of alice's, and the ticket of another one. */
async function makeRecoveryCodes(token: string): Promise<Record<string, string>> {
  const { auth, facts } = live.test;
  const { codes } = await auth.createRecoveryCodes(await auth.authenticate([`Bearer ${token}`]), facts);
  const { ticket } = await auth.startRecovery({ code: codes[1] ?? "" }, facts);
  return { RECOVERY_CODE: codes[0] ?? "", RECOVERY_TICKET: ticket };
}

/** An account with a code for another password, and a group. */
async function makeThings(): Promise<Record<string, string>> {
  const { auth, facts } = live.test;
  const admin = { ...(await auth.authenticate([`Bearer ${ADMIN_TOKEN}`])), facts };
  const user = await auth.createUser({ username: "bob", password });
  const { setPasswordCode } = await auth.users.createPasswordCode(admin, user.id);
  const group = await auth.groups.create(admin, { name: "readers", permissions: [] });
  return { USER_ID: user.id, CODE: setPasswordCode, GROUP_ID: group.id };
}

async function run(command: string): Promise<{ status: string; body: string }> {
  const variables = await prepare(command);
  const script = `curl() { command curl --silent --show-error --write-out '\\n%{http_code}' "$@"; }\n${command}`;
  const here = script.replaceAll("http://127.0.0.1:3000", live.url);
  const env = { PATH: process.env.PATH, ...variables };
  const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", here], { env, timeout: 60_000 });
  const end = stdout.lastIndexOf("\n");
  return { status: stdout.slice(end + 1), body: stdout.slice(0, end) };
}

function hasCurl(): boolean {
  try {
    execFileSync("curl", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

// A machine needs no curl to run the tests; the one that decides about a change does.
describe.runIf(hasCurl() || process.env.CI)("every curl command is answered as its page says", () => {
  // In the ordinary run the first command of every sixth address, and of every page.
  const addressOf = ({ command }: Example) => /127\.0\.0\.1:3000\S*?(?=[?'"\s]|$)/.exec(command)?.[0];
  const pages = examples.map(({ page }) => page);
  const addresses = examples.map(addressOf);
  const distinct = [...new Set(addresses)];
  const isOrdinary = (one: Example, index: number) =>
    pages.indexOf(one.page) === index ||
    (addresses.indexOf(addressOf(one)) === index && distinct.indexOf(addressOf(one)) % 6 === 0);
  for (const { tags, cases } of shareOutBy(examples, isOrdinary)) {
    test.each(cases)("$page: $command → $status", { tags }, async ({ command, status }) => {
      const answer = await run(command);
      expect(answer.status, answer.body).toBe(status);
      expect(() => JSON.parse(answer.body)).not.toThrow();
      if (status === "200" && command.includes("/trpc/")) expect(answer.body).toMatch(/^\[?\{"result":/);
    });
  }
});

test("every procedure has its section, its commands, and no other has", async () => {
  const pages = (await readPages()).filter(({ path }) => path.startsWith("docs/procedures-"));
  const names = Object.keys(procedureTypes);
  const sections = pages.flatMap(({ text }) => [...text.matchAll(/^### `([\w.]+)`$/gm)].map(([, name]) => name));
  expect(sections.sort()).toEqual(names.sort());
  for (const name of names) {
    const shown = examples.filter(({ command }) => `${command} `.includes(`/trpc/${name} `));
    expect(shown.length, `a curl command for ${name}`).toBeGreaterThan(0);
  }
});
