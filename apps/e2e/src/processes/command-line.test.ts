import { execFile } from "node:child_process";
import { pbkdf2Sync } from "node:crypto";
import { promisify } from "node:util";
import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../docs/documents.ts";
import { call } from "../live-server.ts";
import { findPnpm } from "../packaging/outside-project.ts";
import { createUser, obtainToken, password, signIn } from "./accounts-by-cli.ts";
import { createInstallation, type Installation, type Service } from "./installation.ts";
import type { Outcome } from "./service-process.ts";

let installation: Installation;
let service: Service;

beforeAll(async () => {
  installation = await createInstallation({}, { isOnTestServer: true, keepsCommandLine: true });
  service = await installation.start();
  await createUser(installation, "--username", "alice", "--phone", "+90 532 123 45 67");
});

afterAll(() => installation[Symbol.asyncDispose]());

/** In a process of its own, as a person runs it: one that answers, and one that is refused. */
const apart = { isApart: true };

function create(args: readonly string[], input = password): Promise<Outcome> {
  return installation.run(["create-user", "--password-stdin", "--own-password", ...args], { input });
}

describe.concurrent("what a person gets wrong is told in a line, with exit code 2, and changes nothing", () => {
  for (const { tags, cases } of shareOut<[title: string, args: readonly string[], input: string, line: string]>(
    [
      ["a line break for a password", ["--username", "bob"], "\n", "The password is empty"],
      ["a short password", ["--username", "bob"], "x7!kQ", "password: Use 8 characters or more"],
      [
        "a common password",
        ["--username", "bob"],
        "password123\n",
        "password: Too many people use this password; choose another one",
      ],
      [
        "the username for a password",
        ["--username", "bartholomew"],
        "Bartholomew",
        "password: The password is too close to your own name, number or address, or to the name of this service",
      ],
      ["a username that is taken", ["--username", "Alice"], password, "username: belongs to another account"],
      [
        "a phone number that is taken",
        ["--username", "bob", "--phone", "+905321234567"],
        password,
        "phoneNumber: belongs to another account",
      ],
      [
        "a phone number without its country",
        ["--username", "bob", "--phone", "0532 123 45 67"],
        password,
        "phoneNumber: A phone number starts with + and the country code",
      ],
      [
        "a phone number that does not exist",
        ["--username", "bob", "--phone", "+90 123"],
        password,
        "phoneNumber: There is no such phone number",
      ],
    ],
    3,
  ))
    it.each(cases)("%s", { tags }, async (_title, args, input, line) => {
      expect(await create(args, input)).toMatchObject({ code: 2, stdout: "", stderr: `latchkey: ${line}\n` });
      expect(await installation.query("select username from latchkey.users where username ilike 'b%'")).toEqual([]);
    });

  it("a username and a phone number at once, each in its line", async () => {
    const { code, stderr } = await create(["--username", "1bob", "--phone", "bob"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^latchkey: username: .+\nlatchkey: phoneNumber: .+\n$/);
  });

  it("a password that nobody can be asked for", async () => {
    expect(await installation.run(["create-user", "--username", "bob"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "latchkey: There is no terminal to ask for the password: use --password-stdin\n",
    });
  });

  it.each([
    [["create-user", "--username", "bob", "--phon", "1"], "unknown option '--phon'\n(Did you mean --phone?)"],
    [["create-user"], "give one of --username, --phone and --email at least"],
    [["end-sessions"], "name either a user, --client or --all"],
    [["end-sessions", "bob", "--all"], "name either a user, --client or --all"],
    [["end-sessions", "bob", "--client", "shop"], "name either a user, --client or --all"],
    [["end-sessions", "--client", "shop", "--session", "1"], "--session is of one user"],
    [["end-sessions", "--all"], "--all signs everybody out: say --yes"],
    [["create-usr"], "unknown command 'create-usr'\n(Did you mean create-user?)"],
  ])("%j", async (args, complaint) => {
    expect(await installation.run(args)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: `error: ${complaint}\nAdd --help to see what it takes.\n`,
    });
  });
});

it("through the package manager too, a command that is refused ends with its own line and its own exit code", {
  tags: ["long"],
}, async () => {
  const [command, ...words] = findPnpm();
  const run = promisify(execFile)(command, [...words, "latchkey", "create-user"], { cwd: root, timeout: 50_000 });
  await expect(run).rejects.toMatchObject({
    code: 2,
    stdout: "",
    stderr: "error: give one of --username, --phone and --email at least\nAdd --help to see what it takes.\n",
  });
});

describe("--help", () => {
  it("names the commands, and the options of each", async () => {
    const [all, one] = await Promise.all([installation.run(["--help"]), installation.run(["create-user", "--help"])]);
    expect([all.code, one.code]).toEqual([0, 0]);
    for (const name of ["create-user", "create-superuser", "rotate-keys", "jwks", "doctor"]) {
      expect(all.stdout).toContain(`  ${name} `);
    }
    for (const name of ["--username", "--phone", "--email", "--password-stdin"]) expect(one.stdout).toContain(name);
  });
});

describe("create-user", () => {
  it("prints the user as JSON for a program, without the password or its hash", async () => {
    const { code, stdout, stderr } = await create(["--username", "carol", "--email", "carol@example.com", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ username: "carol", email: "carol@example.com", phoneNumber: null });
    expect(stdout).not.toMatch(/password|bcrypt/);
  });

  it("makes an account by a phone number alone, whose owner has no username then", async () => {
    const { code, stdout } = await create(["--phone", "+90 532 765 43 29"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "Created user +905327654329.\n" });
    const answer = await call(service.url, "token.obtain", { input: { username: "+90 532 765 43 29", password } });
    expect(answer).toMatchObject({ status: 200, body: { user: { username: null, phoneNumber: "+905327654329" } } });
  });

  it("takes the password to the letter but for one line break at its end", async () => {
    expect(await create(["--username", "dave"], "  pass phrase with ends \r\n")).toMatchObject({ code: 0 });
    const attempt = (typed: string) =>
      call(service.url, "token.obtain", { input: { username: "dave", password: typed } });
    expect(await attempt("  pass phrase with ends ")).toMatchObject({ status: 200 });
    expect(await attempt("pass phrase with ends")).toMatchObject({ status: 400 });
  });

  it("takes a hash that Django made, with which the person signs in and which is then stored anew", async () => {
    const salt = "eS8pN2kVqR1x";
    const hash = pbkdf2Sync(password, salt, 20_000, 32, "sha256").toString("base64");
    const run = await installation.run(["create-user", "--username", "erin", "--django-hash-stdin"], {
      input: `pbkdf2_sha256$20000$${salt}$${hash}\n`,
    });
    expect(run).toMatchObject({ code: 0, stdout: "Created user erin.\n", stderr: "" });
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await signIn(service.url, "erin")).toMatchObject({ status: 200 });
      const [stored] = await installation.query("select password from latchkey.users where username = 'erin'");
      expect(stored?.password).toMatch(/^bcrypt_sha256\$\$2b\$10\$/);
    }
  });
});

describe("rotate-keys, while the service runs", () => {
  const kids = async () => {
    const response = await fetch(`${service.url}/.well-known/jwks.json`);
    const { keys } = (await response.json()) as { keys: { kid: string }[] };
    return keys.map(({ kid }) => kid);
  };
  const getMe = (token: string) => call(service.url, "me.get", { token });

  it("publishes a second key at once and signs nobody out", async () => {
    const token = await obtainToken(service.url, "alice");
    const before = await kids();
    const { code, stdout } = await installation.run(["rotate-keys", "--json"]);
    expect(code).toBe(0);
    expect((await kids()).toSorted()).toEqual([...before, JSON.parse(stdout).kid].toSorted());
    expect(await getMe(token)).toMatchObject({ status: 200 });
    expect(await getMe(await obtainToken(service.url, "alice"))).toMatchObject({ status: 200 });
  });

  it("--compromised refuses every token that is out on its very next call, and sign-in goes on", {
    tags: ["long"],
  }, async () => {
    const token = await obtainToken(service.url, "alice");
    expect(await getMe(token)).toMatchObject({ status: 200 });
    const { code, stdout } = await installation.run(["rotate-keys", "--compromised", "--json"], apart);
    expect(code).toBe(0);
    expect(await getMe(token)).toMatchObject({ status: 401, body: { data: { reason: "token_invalid" } } });
    expect(await getMe(await obtainToken(service.url, "alice"))).toMatchObject({ status: 200 });
    expect(await kids()).toEqual([JSON.parse(stdout).kid]);
  });
});

describe("rotate-keys, with TOKEN_PROFILE=django", { tags: ["long"] }, () => {
  const variables = { TOKEN_PROFILE: "django", LEGACY_SECRET_KEY: "k#9v2m!x7q$c4b&z1n8j5h3g6f0d-p=w+a(s)" };

  it.each([[["rotate-keys"]], [["rotate-keys", "--compromised"]]])(
    "%s says that the old secret still signs, and ends with 4",
    async (args) => {
      const { code, stdout } = await installation.run(args, { variables });
      expect(code).toBe(4);
      expect(stdout).toContain("TOKEN_PROFILE=django signs with LEGACY_SECRET_KEY, which this command cannot change");
      expect(stdout).not.toContain("signs from now on");
      expect(stdout).not.toContain(variables.LEGACY_SECRET_KEY);
    },
  );
});

describe("rotate-keys, with LEGACY_UNTIL", { tags: ["long"] }, () => {
  const secret = "k#9v2m!x7q$c4b&z1n8j5h3g6f0d-p=w+a(s)";
  const rotate = (until: string, args: readonly string[]) =>
    installation.run(["rotate-keys", ...args], { variables: { LEGACY_SECRET_KEY: secret, LEGACY_UNTIL: until } });

  it("--compromised says that the old secret still opens accounts, and ends with 4", async () => {
    const { code, stdout } = await rotate("2100-01-01T00:00:00Z", ["--compromised"]);
    expect(code).toBe(4);
    expect(stdout).toContain("signs from now on; the old keys are gone");
    expect(stdout).toContain("until 2100-01-01T00:00:00.000Z tokens signed with LEGACY_SECRET_KEY open accounts too");
    expect(stdout).not.toContain(secret);
  });

  it("tells a program, and ends with 0 where no key was said to have leaked, or that time is over", async () => {
    const [ordinary, over] = await Promise.all([
      rotate("2100-01-01T00:00:00Z", ["--json"]),
      rotate("2020-01-01T00:00:00Z", ["--json"]),
    ]);
    expect(ordinary.code).toBe(0);
    expect(JSON.parse(ordinary.stdout)).toMatchObject({ oldSecretStillSigns: false, oldSecretStillOpens: true });
    expect(over.code).toBe(0);
    expect(JSON.parse(over.stdout)).toMatchObject({ oldSecretStillOpens: false });
  });
});

describe("jwks", () => {
  it("prints what the service publishes, without a private member", async () => {
    const { code, stdout, stderr } = await installation.run(["jwks"], apart);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const served = await fetch(`${service.url}/.well-known/jwks.json`);
    expect(JSON.parse(stdout)).toEqual(await served.json());
    expect(Object.keys(JSON.parse(stdout).keys[0]).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
    const inOneLine = await installation.run(["jwks", "--json"]);
    expect(inOneLine).toMatchObject({ code: 0, stdout: `${JSON.stringify(JSON.parse(stdout))}\n` });
  });
});

describe.concurrent("doctor", () => {
  const secret = "another-secret-than-the-one-of-the-service-0";

  // That nothing is wrong is said where PostgreSQL is its own, in `backup.test.ts`: the tests' server keeps nothing through an accident.
  it("prints the settings and the health of an installation", async () => {
    const { stdout, stderr } = await installation.run(["doctor"]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^PASSWORD_COST +10$/m);
    // The longest name.
    expect(stdout).toMatch(/^ADMINISTRATION_PER_MINUTE +600$/m);
    expect(stdout).toMatch(/^users +\d+$/m);
    expect(stdout).toMatch(/^signingKey +EdDSA [\w-]{43}$/m);
  });

  it("changes nothing, and tells of an algorithm that is not the service's", { tags: ["long"] }, async () => {
    const read = () => installation.query("select kid, signs_from, verifies_until from latchkey.signing_keys");
    const before = await read();
    const variables = { TOKEN_ALGORITHM: "ES256" };
    const { code, stdout } = await installation.run(["doctor"], { ...apart, variables });
    expect([code, stdout]).toEqual([1, expect.stringContaining("TOKEN_ALGORITHM is ES256 here")]);
    expect(await installation.run(["list-users"], { variables })).toMatchObject({ code: 0 });
    expect(await read()).toEqual(before);
  });

  it("prints the same as JSON", { tags: ["long"] }, async () => {
    const { stdout } = await installation.run(["doctor", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ settings: { PASSWORD_COST: "10" }, warnings: expect.any(Array) });
  });

  for (const { tags, cases } of shareOut(
    [
      ["a wrong setting", { PORT: "http" }, "latchkey: PORT must be a whole number\n"],
      [
        "a secret that did not seal the keys",
        { LATCHKEY_SECRET: secret },
        "LATCHKEY_SECRET is not the one that the signing keys",
      ],
      [
        "a database that is not there",
        { DATABASE_URL: "postgres://latchkey:hunter2@127.0.0.1:1/latchkey" },
        "latchkey: PostgreSQL at 127.0.0.1:1/latchkey cannot be used: connect ECONNREFUSED",
      ],
    ],
    3,
  ))
    it.each(cases)(
      "says what is wrong with %s, ends with 3 and shows no secret",
      { tags },
      async (_title, variables, complaint) => {
        const { code, stdout, stderr } = await installation.run(["doctor"], { ...apart, variables });
        expect(code).toBe(3);
        expect(stderr).toContain(complaint);
        for (const hidden of [secret, "hunter2"]) expect(stdout + stderr).not.toContain(hidden);
      },
    );
});
