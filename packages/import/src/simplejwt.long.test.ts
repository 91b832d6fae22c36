import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestAuth, createTestDatabase } from "@latchkey/auth/testing";
import { describe, expect, test } from "vitest";
import { importPeople } from "./import-people.ts";
import { hasMariadb, startMariadb } from "./testing/mariadb.ts";
import { pbkdf2 } from "./testing/odd-people.ts";
import { hasModules, runBackend, serveBackend } from "./testing/real-django.ts";
import { usual } from "./testing/usual-options.ts";

const secretKey = "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s";
const password = "what ada types";

interface Answer {
  readonly access: string;
  readonly refresh: string;
}

async function tryTokens(database: string, source: string): Promise<void> {
  await runBackend(database, "make", [
    { id: 7, username: "ada", password: pbkdf2(password, "salt"), date_joined: "2024-01-01 00:00:00+00" },
    { id: 8, username: "bob", password: pbkdf2(password, "salt"), date_joined: "2024-01-01 00:00:00+00" },
  ]);
  await using there = await serveBackend(database, secretKey);
  const post = async (path: string, body: object) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${there.url}/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: answer.status, body: (await answer.json()) as Answer };
  };
  const me = async (token: string) => {
    const answer = await fetch(`${there.url}/me`, { headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, body: (await answer.json()) as unknown };
  };
  const signInThere = async (username: string) => (await post("token", { username, password })).body;

  const acceptTokensUntil = new Date(Date.now() + 86_400_000);
  // It has stopped making accounts: no round has to come after each token.
  const django = { secretKey, acceptTokensUntil, frozenAt: new Date(Date.now() - 60_000) };
  await using service = await createTestAuth({ django, tokens: { profile: "simplejwt" } });
  const run = async () => {
    await service.clock.advance(1);
    const connection = service.database.connection;
    return importPeople(service.auth, { ...usual, accept: ["all"], connection, source });
  };
  const authenticate = async (token: string) =>
    (await service.auth.authenticate([`Bearer ${token}`], service.facts)).user.username;
  const refresh = (token: string) => service.auth.refresh(token, service.facts);

  const [ada, bob, rotated] = [await signInThere("ada"), await signInThere("bob"), await signInThere("bob")];
  expect((await post("token/blacklist", { refresh: bob.refresh })).status).toBe(200);
  const next = (await post("token/refresh", { refresh: rotated.refresh })).body;
  expect(await run()).toMatchObject({ exitCode: 0, created: 2 });

  expect(await authenticate(ada.access)).toBe("ada");
  await expect(authenticate(ada.refresh)).rejects.toMatchObject({ code: "token_invalid" });
  const adopted = await refresh(ada.refresh);
  expect(adopted.user.username).toBe("ada");
  const refused = { code: "refresh_token_invalid" };
  await expect(refresh(ada.access)).rejects.toMatchObject(refused);
  await expect(refresh(bob.refresh), "signed out there").rejects.toMatchObject(refused);
  await expect(refresh(rotated.refresh), "exchanged there").rejects.toMatchObject(refused);
  expect((await refresh(next.refresh)).user.username).toBe("bob");

  expect(await me(adopted.token)).toEqual({ status: 200, body: { id: 7, username: "ada" } });
  const { token } = (await service.auth.signIn({ username: "bob", password }, service.facts)) as { token: string };
  expect(await me(token)).toEqual({ status: 200, body: { id: 8, username: "bob" } });
  await service.auth.createUser({ username: "of_here", password: "a long enough one" });
  const ofHere = (await service.auth.signIn({ username: "of_here", password: "a long enough one" }, service.facts)) as {
    token: string;
  };
  expect((await me(ofHere.token)).status).toBe(401);
  expect((await me(adopted.refreshToken)).status).toBe(401);
}

describe.skipIf(!hasModules("django", "rest_framework_simplejwt"))("a real Django with simplejwt", () => {
  test("in SQLite: its tokens are taken here and ours are taken there, but none after a sign-out there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-django-"));
    const file = join(folder, "db.sqlite3");
    await tryTokens(file, `sqlite:${file}`);
    await rm(folder, { recursive: true });
  });

  test.skipIf(!hasModules("psycopg2"))("in PostgreSQL: the same", async () => {
    await using database = await createTestDatabase({ isEmpty: true });
    const { host, port, user, password: secret, database: name } = database.connection;
    const url = `postgres://${user}:${encodeURIComponent(String(secret ?? ""))}@${host}:${port}/${name}`;
    await tryTokens(url, url);
  });

  test.skipIf(!hasModules("MySQLdb") || !hasMariadb())("in MariaDB: the same", async () => {
    await using database = await startMariadb();
    await tryTokens(database.url, database.url);
  });
});
