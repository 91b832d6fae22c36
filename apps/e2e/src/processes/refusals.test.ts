import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { createAuth } from "@latchkey/auth";
import { createTestDatabase, testSecret } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createUser, signIn } from "./accounts-by-cli.ts";
import { toDatabaseUrl } from "./external-database.ts";
import { createInstallation, type Installation } from "./installation.ts";
import type { Variables } from "./service-process.ts";

let installation: Installation;

beforeAll(async () => {
  installation = await createInstallation();
});

afterAll(() => installation[Symbol.asyncDispose]());

/** What it said on standard error, without the name in front. */
async function refusalOf(variables: Variables): Promise<string> {
  const { code, stdout, stderr } = await installation.launch(variables).outcome;
  expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: "", stderr: expect.any(String) });
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).toMatch(/^latchkey: .*\n$/);
  return stderr.slice("latchkey: ".length, -1);
}

async function listenSomewhere(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { server, port: address !== null && typeof address === "object" ? address.port : 0 };
}

describe("a start is refused with exit code 3 and one line that says what to do", () => {
  it("when a setting is wrong", async () => {
    expect(await refusalOf({ ACCESS_TOKEN_LIFETIME: "15" })).toBe(
      "ACCESS_TOKEN_LIFETIME must be a time from 1m to 24h, written like 30s, 15m, 12h or 90d",
    );
  });

  it("when the data folder holds something else, which stays as it is", { tags: ["long"] }, async () => {
    const foreign = join(installation.dataDir, "..", "foreign");
    await mkdir(foreign);
    await writeFile(join(foreign, "thesis.txt"), "");
    expect(await refusalOf({ LATCHKEY_DATA_DIR: foreign })).toBe(
      `The data folder ${foreign} holds something that is not Latchkey's ("thesis.txt"): name an empty or a new folder.`,
    );
    expect(await readdir(foreign)).toEqual(["thesis.txt"]);
  });

  it("when another program listens at its port, and PostgreSQL is stopped again", async () => {
    const { server, port } = await listenSomewhere();
    expect(await refusalOf({ PORT: String(port) })).toBe(
      `Cannot listen on 127.0.0.1:${port}: another program listens there; set PORT to a free one.`,
    );
    server.close();
    expect(await installation.findPostgres()).toBeUndefined();
  });

  it("when the secret is not the one that sealed the keys", async () => {
    await using database = await createTestDatabase();
    const auth = createAuth(database.connection, { secret: testSecret });
    await auth.initialize().finally(() => auth.close());
    const LATCHKEY_SECRET = "yq7Zk1fVb4TnW8sRe0LxJ5uHc9gPd2oMa6iXwQ3tEvU";
    const refusal = await refusalOf({ DATABASE_URL: toDatabaseUrl(database.connection), LATCHKEY_SECRET });
    expect(refusal).toMatch(/^LATCHKEY_SECRET is not the one that the signing keys in the database were sealed with\./);
    expect(refusal).toContain("Start with the old secret");
    expect(refusal).toContain("latchkey reseal --lost");
  });

  it("when nothing answers at DATABASE_URL, whose password is not told", { tags: ["long"] }, async () => {
    expect(await refusalOf({ DATABASE_URL: "postgres://latchkey:hunter2@127.0.0.1:1/latchkey" })).toBe(
      "PostgreSQL at 127.0.0.1:1/latchkey cannot be used: connect ECONNREFUSED 127.0.0.1:1; look whether PostgreSQL runs there, and at the host and the port in DATABASE_URL",
    );
  });

  it("when PostgreSQL asks for a password that is not given, and a command ends too", { tags: ["long"] }, async () => {
    await using database = await createTestDatabase();
    const { host, port } = database.connection;
    // The tests' own role is let in without one. Whether there is such a role is not told before.
    const variables = { DATABASE_URL: `postgres://somebody@${host}:${port}/${database.connection.database}` };
    const line =
      /^PostgreSQL at \S+ cannot be used: it asks for a password, and none is given: write it into DATABASE_URL$/;
    expect(await refusalOf(variables)).toMatch(line);
    const { code, stderr } = await installation.run(["list-users"], { variables });
    expect([code, stderr.slice("latchkey: ".length, -1)]).toEqual([3, expect.stringMatching(line)]);
  });

  it("when its host is no address of this machine", { tags: ["long"] }, async () => {
    expect(await refusalOf({ HOST: "192.0.2.1", INSECURE_HTTP: "yes" })).toBe(
      "Cannot listen on 192.0.2.1:0: no address of this machine is called so; set HOST to one that is.",
    );
  });

  it("when a newer version has migrated the database", { tags: ["long"] }, async () => {
    await using database = await createTestDatabase();
    await database.query("insert into latchkey.kysely_migration values ('9999-future', now()::text)");
    expect(await refusalOf({ DATABASE_URL: toDatabaseUrl(database.connection) })).toBe(
      "The database was migrated by a newer Latchkey (it has 9999-future). Start that version or a later one; this one changed nothing.",
    );
  });
});

describe("a secret that was lost", { tags: ["long"] }, () => {
  it("is survived: `reseal --lost` with a new one lets the service start, and nobody needs a new password", async () => {
    const variables = { LATCHKEY_SECRET: "yq7Zk1fVb4TnW8sRe0LxJ5uHc9gPd2oMa6iXwQ3tEvU" };
    await using installation = await createInstallation({}, { isOnTestServer: true, keepsCommandLine: true });
    await createUser(installation, "--username", "alice");
    for (const command of [["rotate-keys"], ["rotate-keys", "--compromised"], ["reseal"], ["reseal", "--compromised"]])
      expect(await installation.run(command, { variables }), command.join(" ")).toMatchObject({
        code: 3,
        stdout: "",
        stderr: expect.stringMatching(/^latchkey: LATCHKEY_SECRET is not the one[^\n]+\n$/),
      });
    const resealed = await installation.run(["reseal", "--lost"], { variables });
    expect(resealed).toMatchObject({ code: 0, stderr: "" });
    const service = await installation.start(variables);
    expect(await signIn(service.url, "alice")).toMatchObject({ status: 200 });
  });
});
