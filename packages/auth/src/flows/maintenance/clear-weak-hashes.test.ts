import { expect, test } from "vitest";
import type { AuthError } from "../../errors.ts";
import { wrapWeakDigest } from "../../passwords/bcrypt.ts";
import { createTestAuth, type TestAuth } from "../../testing/index.ts";

const day = 86_400;
/** Of `letmein now`. */
const md5 = "78e996c40f46435a79c861c589d103b9";

async function createWeak({ auth, database }: TestAuth, username: string, algorithm: "md5" | "sha1"): Promise<string> {
  const { id } = await auth.createUser({ username, password: "correct horse battery" });
  const digest = algorithm === "md5" ? md5 : `${md5}00000000`;
  const wrapped = await wrapWeakDigest({ algorithm, salt: "", digest }, 4);
  await database.query("update latchkey.users set password = $2 where id = $1", [id, wrapped]);
  return id;
}

const passwordsOf = ({ database }: TestAuth) =>
  database.query<{ username: string; password: string }>(
    "select username, left(password, 8) as password from latchkey.users order by username",
  );

const imported = ({ database }: TestAuth) =>
  database.query(
    "insert into latchkey.import_sources (source, seen_at, began_at, completed_at) values ('shop', latchkey.now(), latchkey.now(), latchkey.now())",
  );

test("a digest of MD5 or SHA-1 within bcrypt goes a year after the import, unless its owner signed in meanwhile, and nothing else does", async () => {
  await using service = await createTestAuth();
  const { auth, clock, facts } = service;
  await imported(service);
  await createWeak(service, "a_md5", "md5");
  await createWeak(service, "b_sha1", "sha1");
  await auth.createUser({ username: "c_own", password: "correct horse battery" });
  await createWeak(service, "d_in_time", "md5");
  expect((await auth.signIn({ username: "d_in_time", password: "letmein now" }, facts)).token).not.toBe("");
  const told = (await auth.checkHealth()).warnings.filter((line) => line.includes("MD5 or SHA-1"));
  expect(told).toEqual([expect.stringMatching(/^2 accounts .* until 20\d\d-\d\d-\d\d/)]);

  await clock.advance(364 * day);
  await auth.purge();
  expect((await passwordsOf(service)).map(({ password }) => password)).toEqual([
    "bcrypt_m",
    "bcrypt_s",
    "bcrypt_s",
    "bcrypt_s",
  ]);
  await clock.advance(2 * day);
  await auth.purge();
  const left = await passwordsOf(service);
  expect(left.map(({ password }) => password.slice(0, 1))).toEqual(["!", "!", "b", "b"]);
  expect((await auth.signIn({ username: "c_own", password: "correct horse battery" }, facts)).token).not.toBe("");
  expect((await auth.signIn({ username: "d_in_time", password: "letmein now" }, facts)).token).not.toBe("");
  const refused = auth.signIn({ username: "a_md5", password: "letmein now" }, facts);
  expect(await refused.catch((error: AuthError) => error.code)).toBe("invalid_credentials");
  expect((await auth.listAuditEvents({ limit: 25, event: "weak_passwords_cleared" })).events).toMatchObject([
    { subjectId: null, detail: { count: 2 } },
  ]);
  expect((await auth.checkHealth()).warnings.filter((line) => line.includes("MD5"))).toEqual([]);
});

test("it goes on the day that the settings name, with an import or without", { tags: ["long"] }, async () => {
  await using service = await createTestAuth();
  const until = new Date(service.clock.now().getTime() + 10 * day * 1_000);
  const auth = await service.another({ passwords: { weakHashesUntil: until } });
  await createWeak(service, "a_md5", "md5");
  await service.clock.advance(9 * day);
  await auth.purge();
  expect(await passwordsOf(service)).toMatchObject([{ password: "bcrypt_m" }]);
  await service.clock.advance(2 * day);
  await auth.purge();
  expect((await passwordsOf(service))[0]?.password).toMatch(/^!/);
});

test("where nothing says until when, nothing is taken away, and doctor says what to set", async () => {
  await using service = await createTestAuth();
  await createWeak(service, "a_md5", "md5");
  await service.clock.advance(3_000 * day);
  await service.auth.purge();
  expect(await passwordsOf(service)).toMatchObject([{ password: "bcrypt_m" }]);
  expect((await service.auth.checkHealth()).warnings.join("\n")).toContain("LEGACY_HASHES_UNTIL");
});

test("what keeps them from being cleared keeps nothing else from it", async () => {
  await using service = await createTestAuth();
  const { auth, database, facts } = service;
  await imported(service);
  await createWeak(service, "a_md5", "md5");
  await auth.createUser({ username: "c_own", password: "correct horse battery" });
  await auth.signIn({ username: "c_own", password: "correct horse battery" }, facts);
  await service.clock.advance(366 * day);
  await database.query(`create function latchkey.stick() returns trigger language plpgsql
    as $$ begin raise exception 'stuck'; end $$`);
  await database.query(`create trigger stick before update on latchkey.users
    for each row when (old.username = 'a_md5') execute function latchkey.stick()`);
  await expect(auth.purge()).rejects.toThrow("stuck");
  expect(await database.query("select from latchkey.sessions")).toEqual([]);
});
