import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestAuth } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importPeople } from "./import-people.ts";
import { hasMariadb, startMariadb } from "./testing/mariadb.ts";
import { pbkdf2 } from "./testing/odd-people.ts";
import { hasModules, type RunningBackend, runBackend, serveBackend } from "./testing/real-django.ts";
import { usual } from "./testing/usual-options.ts";
import { verifyTokens } from "./verify-tokens.ts";

const secretKey = "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s";
const password = "what ada types";
const people = [
  { id: 7, username: "Ada.Yılmaz", phone_number: "0532 123 45 01" },
  { id: 8, username: "20201234" },
  { id: 9, username: "boss", is_staff: true },
].map((person) => ({ ...person, password: pbkdf2(password, "salt"), date_joined: "2024-01-01 00:00:00+00" }));

const paths = {
  simplejwt: { signInPath: "/token", pagePath: "/me" },
  django: { signInPath: "/own/token", pagePath: "/own/me" },
} as const;

// SQLite is enough: all that a database makes of tokens is ids, tried below, and the blacklist, tried in simplejwt.long.test.ts with all three.
describe.skipIf(!hasModules("django", "rest_framework_simplejwt"))("beside a real Django", () => {
  let folder: string;
  let file: string;
  let there: RunningBackend;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-django-"));
    file = join(folder, "db.sqlite3");
    await runBackend(file, "make", people);
    there = await serveBackend(file, secretKey);
  });
  afterAll(async () => {
    await there[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function openService(
    profile: "django" | "simplejwt" | "standard",
    { key = secretKey, source = `sqlite:${file}`, url = there.url } = {},
  ) {
    const acceptTokensUntil = new Date(Date.now() + 86_400_000);
    const django = { secretKey: key, acceptTokensUntil, frozenAt: new Date(Date.now() - 60_000) };
    const service = await createTestAuth({ django, tokens: { profile }, phones: { defaultCountry: "TR" } });
    await service.clock.advance(1);
    const connection = service.database.connection;
    await importPeople(service.auth, { ...usual, accept: ["all"], connection, source });
    // The first round was two minutes ago.
    await service.database.query("update latchkey.imported_users set named_since = named_since - interval '2 minutes'");
    const verify = (kind: keyof typeof paths, name: string, changes = {}) =>
      verifyTokens(service.auth, {
        backend: { url, nameField: "username", ...paths[kind], ...changes },
        person: { name, password },
        source: "django",
        connection,
        onWait: () => {},
      });
    return { service, verify, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
  }

  test.each(["django", "simplejwt"] as const)(
    "its tokens are taken here and ours are taken there in the profile %s, and no session is left of it",
    async (profile) => {
      await using opened = await openService(profile);
      for (const name of ["Ada.Yılmaz", "20201234"]) {
        const { tried, isGood } = await opened.verify(profile, name);
        expect(tried.filter((one) => !one.isGood)).toEqual([]);
        expect(tried).toHaveLength(profile === "simplejwt" ? 4 : 3);
        expect(isGood).toBe(true);
      }
      const open = await opened.service.database.query("select from latchkey.sessions where ended_at is null");
      expect(open).toHaveLength(0);
    },
  );

  test("what does not fit is told: another key, another profile, somebody with rights", async () => {
    await using otherKey = await openService("simplejwt", { key: secretKey.replace("9", "8") });
    const { tried, isGood } = await otherKey.verify("simplejwt", "20201234");
    expect(isGood).toBe(false);
    expect(tried).toContainEqual({
      what: "an access token of there, here",
      isGood: false,
      told: expect.stringMatching(/not signed with LEGACY_SECRET_KEY/),
    });
    expect(tried).toContainEqual(
      expect.objectContaining({ what: "a token of here, there", isGood: false, told: expect.stringMatching(/401/) }),
    );
    await using django = await openService("django");
    expect((await django.verify("simplejwt", "20201234")).tried).toContainEqual({
      what: "a token of here, there",
      isGood: false,
      told: expect.stringMatching(/TOKEN_PROFILE is django.*simplejwt/),
    });
    expect((await django.verify("django", "boss")).tried[0]).toMatchObject({
      told: expect.stringMatching(/has rights here/),
    });
    await using standard = await openService("standard");
    expect((await standard.verify("django", "20201234")).tried).toContainEqual({
      what: "a token of here, there",
      isGood: true,
      told: "not tried: TOKEN_PROFILE is standard",
    });
  });

  test("a page that asks for no token, or takes none, shows nothing, and is refused", async () => {
    await using opened = await openService("simplejwt");
    const failing = opened.verify("simplejwt", "20201234", { pagePath: "/nothing" });
    await expect(failing).rejects.toThrow(/answers 404 without a token: say with --old-page/);
    const other = opened.verify("simplejwt", "20201234", { pagePath: "/own/me" });
    await expect(other).rejects.toThrow(/to the old backend's own token too/);
  });

  async function tryUuids(database: string, source: string): Promise<void> {
    const env = { UUID_KEYS: "1" };
    const id = "0190b2c4-0000-7000-8000-00000000abcd";
    const [, person] = people;
    await runBackend(database, "make", [{ ...person, id }], env);
    await using backend = await serveBackend(database, secretKey, env);
    await using opened = await openService("simplejwt", { source, url: backend.url });
    const { tried } = await opened.verify("simplejwt", "20201234");
    expect(tried.filter(({ isGood }) => !isGood)).toEqual([]);
    const rows = await opened.service.database.query("select old_id from latchkey.imported_users");
    expect(rows).toEqual([{ old_id: id }]);
  }

  test("people whose ids are UUIDs, in SQLite, which has no type for them", async () => {
    const database = join(folder, "uuid.sqlite3");
    await tryUuids(database, `sqlite:${database}`);
  });

  test.skipIf(!hasModules("MySQLdb") || !hasMariadb())("the same in MariaDB", async () => {
    await using database = await startMariadb();
    await tryUuids(database.url, database.url);
  });
});
