import { expect, test } from "vitest";
import { kindInSql, kindOf } from "../../passwords/hash-format.ts";
import { createTestAuth, type TestAuth } from "../../testing/index.ts";

const minute = 60;
const djangoHash = `pbkdf2_sha256$10$salt$${Buffer.alloc(32, 7).toString("base64")}`;

const foreignIn = ({ auth }: Pick<TestAuth, "auth">) => auth.load().hashes.foreign;

/** How often people were counted: a count is kept each time. */
async function watchCounts({ database }: TestAuth): Promise<() => Promise<number>> {
  await database.query("create table public.counts (at timestamptz default now())");
  await database.query(`create function public.note() returns trigger language plpgsql
    as $$ begin insert into public.counts default values; return new; end $$`);
  await database.query(`create trigger note before insert or update on latchkey.kept_counts
    for each row execute function public.note()`);
  return async () => {
    // One that was not the first to insert has fired twice.
    const [row] = await database.query<{ count: number }>("select count(distinct at)::int as count from public.counts");
    return row?.count ?? 0;
  };
}

test("of processes that look at the same moment one reads all people, and each knows what it found", async () => {
  await using first = await createTestAuth();
  const others = [await first.another()];
  await first.auth.createUser({ username: "alice", password: { djangoHash } });
  await first.auth.createUser({ username: "bob", password: "correct horse battery" });
  const count = await watchCounts(first);
  const all = [first, ...others.map((auth) => ({ auth }))];
  await Promise.all(all.map(({ auth }) => auth.measureHashCosts()));
  expect(await count()).toBe(1);
  expect(all.map(foreignIn)).toEqual([1, 1]);
});

test("what was counted is good for most of an hour, and a minute where an import has come to its end since", async () => {
  await using first = await createTestAuth();
  const { auth, clock, database } = first;
  const count = await watchCounts(first);
  const look = async (seconds: number) => {
    await clock.advance(seconds);
    await auth.measureHashCosts();
    return [await count(), foreignIn(first)];
  };
  expect(await look(0)).toEqual([1, 0]);
  await auth.createUser({ username: "alice", password: { djangoHash } });
  expect(await look(50 * minute)).toEqual([1, 0]);
  expect(await look(10 * minute)).toEqual([2, 1]);
  await auth.createUser({ username: "bob", password: { djangoHash } });
  await clock.advance(10);
  await database.query(`insert into latchkey.import_sources (source, seen_at, began_at, completed_at)
    values ('shop', latchkey.now(), latchkey.now(), latchkey.now())`);
  expect(await look(10)).toEqual([2, 1]);
  expect(await look(minute)).toEqual([3, 2]);
  expect(await look(10 * minute)).toEqual([3, 2]);
});

test("what was counted by a clock that was ahead is not believed for longer than it was", async () => {
  await using first = await createTestAuth();
  const count = await watchCounts(first);
  await first.database.query(
    "insert into latchkey.kept_counts values ('password_kinds', '[]', latchkey.now() + interval '1 year')",
  );
  const before = await count();
  await first.auth.createUser({ username: "alice", password: { djangoHash } });
  await first.auth.measureHashCosts();
  expect([(await count()) - before, foreignIn(first)]).toEqual([1, 1]);
});

test("a kind whose last account has gone since it was counted keeps no process from learning the others", async () => {
  await using first = await createTestAuth();
  const { auth, database, another } = first;
  await auth.createUser({ username: "alice", password: { djangoHash } });
  await auth.measureHashCosts();
  await database.query("delete from latchkey.users");
  await (await another()).measureHashCosts();
});

test("PostgreSQL tells of a stored password what it is as the process does", async () => {
  await using first = await createTestAuth();
  const bcrypt = `12$${"x".repeat(53)}`;
  const stored = [
    ...[
      `bcrypt_sha256$$2b$${bcrypt}`,
      `bcrypt_sha256$$2y$${bcrypt}`,
      `bcrypt$$2b$${bcrypt}`,
      `bcrypt_md5$$2b$${bcrypt}$salt`,
    ],
    ...[
      djangoHash,
      "pbkdf2_sha1$1$s$h",
      "pbkdf2_bytes$sha512,210000$salt$digest",
      "pbkdf2_sha256",
      "scrypt$16384$salt$8$1$h",
    ],
    ...[
      "argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA",
      "scrypt_nfkc$16384,16,1$salt$digest",
      "sha1$salt$digest",
    ],
  ];
  const rows = await first.database.query<{ password: string; kind: string }>(
    `select password, ${kindInSql} as kind from unnest($1::text[]) as password`,
    [stored],
  );
  expect(rows).toHaveLength(stored.length);
  for (const { password, kind } of rows) expect(kind).toBe(password.includes("$") ? kindOf(password) : "");
});
