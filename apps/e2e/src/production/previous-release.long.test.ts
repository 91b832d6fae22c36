import { randomBytes } from "node:crypto";
import { createAuthClient, memoryStorage } from "@latchkey/client";
import { withCodes } from "@latchkey/client/codes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call } from "../live-server.ts";
import { password } from "../processes/accounts-by-cli.ts";
import { createEmptyDatabase, type EmptyDatabase, queryOnce } from "../processes/external-database.ts";
import { createInstallation, type Installation, type Service } from "../processes/installation.ts";
import { type Program, until, type Variables } from "../processes/service-process.ts";
import { buildRelease, hasRelease, oldestCommit, type PreviousRelease, previousCommit } from "./previous-release.ts";

// A deployment is taken back by a restart of the release before: it has to run on the schema that this one has made, beside it and after it.

interface Tokens {
  readonly token: string;
  readonly refreshToken: string;
}

describe.for(
  [
    ["the release before", previousCommit],
    ["the oldest release that may", oldestCommit],
  ].filter(([, commit = ""]) => hasRelease(commit)),
)("%s, on the schema of this one,", ([, commit]) => {
  let previous: PreviousRelease;
  let database: EmptyDatabase;
  let installation: Installation;
  let variables: Variables;
  let earlier: Program & { readonly url: string };
  let present: Service;
  /** Migrations that it has never heard of. */
  let newer: readonly string[];

  beforeAll(async () => {
    previous = await buildRelease(commit);
    database = await createEmptyDatabase();
    variables = {
      DATABASE_URL: database.url,
      LATCHKEY_SECRET: randomBytes(32).toString("base64url"),
      PASSWORD_COST: "10",
      MESSAGE_APP_NAME: "Shop",
      PORT: "0",
    };
    installation = await createInstallation(variables);
    const admin = ["create-superuser", "--password-stdin", "--username", "admin"];
    // Its own schema with somebody in it, and then this release's.
    expect(await previous.run(["migrate"], { variables, folder: "/tmp" })).toMatchObject({ code: 0 });
    const at = { variables, folder: "/tmp", input: password };
    // What is set is the person's own in a release that knows no other.
    const made = await previous.run([...admin, "--own-password"], at);
    if (made.code !== 0) expect(await previous.run(admin, at)).toMatchObject({ code: 0 });
    const known = await listMigrations();
    expect(await installation.run(["migrate"])).toMatchObject({ code: 0, stderr: "" });
    newer = (await listMigrations()).filter((name) => !known.includes(name));
    present = await installation.start();
    earlier = await previous.start(variables, "/tmp");
  }, 300_000);

  afterAll(async () => {
    earlier?.signal("SIGKILL");
    await earlier?.outcome;
    await installation?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  });

  async function listMigrations(): Promise<string[]> {
    const ledger = "select name from latchkey.kysely_migration order by name";
    const rows = await queryOnce<{ name: string }>({ connectionString: database.url }, ledger);
    return rows.map(({ name }) => name);
  }

  async function signIn(url: string, username: string): Promise<Tokens> {
    const { status, body } = await call(url, "token.obtain", { input: { username, password } });
    expect({ status, body }).toMatchObject({ status: 200 });
    return body;
  }

  async function expectOk<Body>(url: string, procedure: string, options: Parameters<typeof call>[2]): Promise<Body> {
    const { status, body } = await call(url, procedure, options);
    expect({ procedure, status, body }).toMatchObject({ status: 200 });
    return body;
  }

  /** Reads the last code that a process printed for a number. */
  async function readCode({ stderr }: Pick<Program, "stderr">, to: string): Promise<string> {
    const find = () => [...stderr().matchAll(new RegExp(`^Message to \\${to} by \\w+: (\\d{6}) `, "gm"))].at(-1)?.[1];
    await until(() => find() !== undefined);
    return find() ?? "";
  }

  it("is started as always, though the schema is newer than all that it knows, and where a start looks at the schema first", async () => {
    expect(newer).not.toEqual([]);
    expect(earlier.isRunning()).toBe(true);
    const careful = await previous.start({ ...variables, MIGRATE: "check" }, "/tmp");
    await signIn(careful.url, "admin");
    careful.signal("SIGTERM");
    expect(await careful.outcome).toMatchObject({ code: 0 });
  });

  it("signs people in, and each of the two takes the other's access and refresh tokens, back and forth", async () => {
    let { token, refreshToken } = await signIn(earlier.url, "admin");
    for (const url of [present.url, earlier.url, present.url, earlier.url]) {
      await expectOk(url, "me.get", { token });
      ({ token, refreshToken } = await expectOk<Tokens>(url, "token.refresh", { input: { refreshToken } }));
    }
  });

  it("signs out what the other signed in, on the next call", async () => {
    const opened = await signIn(present.url, "admin");
    await expectOk(earlier.url, "token.revoke", { input: { refreshToken: opened.refreshToken } });
    expect(await call(present.url, "me.get", { token: opened.token })).toMatchObject({ status: 401 });
    const again = await signIn(earlier.url, "admin");
    await expectOk(present.url, "token.revoke", { input: { refreshToken: again.refreshToken } });
    expect(await call(earlier.url, "me.get", { token: again.token })).toMatchObject({ status: 401 });
  });

  it("sends codes that the other takes, and registers people by them", async () => {
    const pairs = [
      { asked: earlier, answered: present, to: "+905321234567" },
      { asked: present, answered: earlier, to: "+905321234568" },
    ];
    for (const { asked, answered, to } of pairs) {
      const { challenge } = await expectOk<{ challenge: string }>(asked.url, "codes.start", {
        input: { purpose: "enter", to },
      });
      // Whichever of them was sooner has sent it.
      const code = await Promise.any([readCode(earlier, to), readCode(present, to)]);
      const { ticket } = await expectOk<{ ticket: string }>(answered.url, "token.obtainByCode", {
        input: { challenge, code },
      });
      const { token } = await expectOk<Tokens>(asked.url, "account.register", { input: { ticket, firstName: "Ada" } });
      await expectOk(answered.url, "me.get", { token });
    }
  });

  it("administers: makes, changes, lists, groups and deletes people, and the other sees it at once", async () => {
    const { token } = await signIn(earlier.url, "admin");
    for (const [here, there] of [
      [earlier.url, present.url],
      [present.url, earlier.url],
    ] as const) {
      const username = here === earlier.url ? "bob" : "carol";
      const created = await expectOk<{ user: { id: string } }>(here, "users.create", { input: { username }, token });
      const { id } = created.user;
      const { setPasswordCode: code } = await expectOk<{ setPasswordCode: string }>(there, "users.createPasswordCode", {
        input: { id },
        token,
      });
      await expectOk(here, "password.reset", { input: { username, code, newPassword: password } });
      const group = await expectOk<{ id: string }>(here, "groups.create", {
        input: { name: `editors of ${username}`, permissions: ["auth.view_user"] },
        token,
      });
      await expectOk(there, "users.setGroups", { input: { id, groupIds: [group.id] }, token });
      await expectOk(here, "users.update", { input: { id, changes: { city: "İzmir" } }, token });
      const signedIn = await signIn(there, username);
      await expectOk(there, "users.list", { token: signedIn.token });
      await expectOk(here, "users.update", { input: { id, changes: { isActive: false } }, token });
      expect(await call(there, "me.get", { token: signedIn.token })).toMatchObject({ status: 401 });
      await expectOk(there, "users.delete", { input: { id }, token });
    }
  });

  it("is called by the SDK of this release, on a device that this one has remembered", async () => {
    const storage = memoryStorage();
    const credentials = { username: "admin", password };
    const before = createAuthClient({ url: present.url, storage });
    await before.signIn(credentials);
    await before.signOut();
    before.dispose();
    const { deviceMark } = JSON.parse((await storage.get()) ?? "");
    await storage.set(JSON.stringify({ deviceMark, rememberMark: "r".repeat(22) }));

    const auth = withCodes(createAuthClient({ url: earlier.url, storage }));
    expect(await auth.signIn(credentials)).toMatchObject({ username: "admin" });
    expect((await auth.api.me.get.query()).username).toBe("admin");
    await auth.api.me.reauthenticate.mutate({ password });
    await auth.api.sessions.revokeOthers.mutate({});
    const to = "+905321234569";
    const sent = await auth.startCode({ purpose: "prove_phone", to });
    const code = await Promise.any([readCode(earlier, to), readCode(present, to)]);
    expect(await sent.confirm(code)).toMatchObject({ next: "done", user: { phoneNumber: to } });
    await auth.signOut();
    auth.dispose();
  });

  it("clears away and leaves every migration's note alone", async () => {
    const before = await listMigrations();
    expect(await previous.run(["purge"], { variables, folder: "/tmp" })).toMatchObject({ code: 0 });
    expect(await listMigrations()).toEqual(before);
  });

  it("is stopped, and this one goes on with every session that it opened", async () => {
    const { token, refreshToken } = await signIn(earlier.url, "admin");
    earlier.signal("SIGTERM");
    expect(await earlier.outcome).toMatchObject({ code: 0 });
    await expectOk(present.url, "me.get", { token });
    await expectOk(present.url, "token.refresh", { input: { refreshToken } });
  });
});
