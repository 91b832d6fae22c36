import { describe, expect, test } from "vitest";
import { createAuth } from "../create-auth.ts";
import { createTestDatabase, shareOut, testSecret } from "../testing/index.ts";
import type { BackupHeader } from "./backup-format.ts";
import { migrations } from "./migrations/index.ts";

const facts = { requestId: null, address: "192.0.2.1", userAgent: null };
const password = "correct horse battery";
const options = { secret: testSecret, passwords: { cost: 4 } };
const schemas = { own: null };

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const bytes of source) pieces.push(bytes);
  return Buffer.concat(pieces);
}

/** In pieces that end in the midst of lines. */
async function* inPieces(bytes: Buffer, size = 1_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function open({ secret = testSecret, isEmpty = false } = {}) {
  const database = await createTestDatabase({ isEmpty });
  const auth = createAuth(database.connection, { ...options, secret });
  return {
    ...database,
    auth,
    async [Symbol.asyncDispose]() {
      await auth.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** Another process on the same database. */
function createOther(target: Awaited<ReturnType<typeof open>>) {
  const auth = createAuth(target.connection, options);
  return { ...target, auth, [Symbol.asyncDispose]: () => auth.close() };
}

const ownTable = `create schema own; create table own.orders (id int generated always as identity primary key,
  parent int references own.orders (id), user_id uuid references latchkey.users (id), what text);`;

/** A database with somebody in it, and rows with all that text can hold; and its backup. */
async function backUpSomebody() {
  await using source = await open();
  const { auth } = source;
  await auth.initialize();
  const { user } = await auth.register({ username: "gülşen", password }, facts);
  const { refreshToken } = await auth.signIn({ username: "gülşen", password }, facts);
  await source.query(ownTable);
  const odd = ["\\.", '{"end":1}', "a\nb\tc\r\\N", "", "ş🔑", "\\"];
  await source.query("insert into own.orders (parent, user_id, what) select null, $1, w from unnest($2::text[]) w", [
    user.id,
    odd,
  ]);
  await source.query("update own.orders set parent = id + 1 where id = 1");
  return { backup: await collect(auth.backUp({ schemas })), refreshToken, user, odd };
}

let backedUp: ReturnType<typeof backUpSomebody> | undefined;

/** The same for all who only read it. */
function readBackup(): ReturnType<typeof backUpSomebody> {
  backedUp ??= backUpSomebody();
  return backedUp;
}

async function isEmpty({ query }: Awaited<ReturnType<typeof open>>): Promise<boolean> {
  const rows = await query("select from pg_namespace where nspname in ('latchkey', 'own', 'latchkey_restoring')");
  return rows.length === 0;
}

function restoreInto(target: Awaited<ReturnType<typeof open>>, backup: AsyncIterable<Buffer>, more = {}) {
  return target.auth.restore(backup, {
    async makeTables(header) {
      await target.auth.migrate({ only: header.migrations.latchkey ?? [] });
      await target.query(ownTable);
    },
    ...more,
  });
}

describe("a backup is refused, and leaves nothing behind,", () => {
  const replace = (backup: Buffer, what: string | RegExp, by: string) =>
    Buffer.from(backup.toString().replace(what, by));
  const cut = (backup: Buffer, by: number) => backup.subarray(0, backup.length - by);
  for (const { tags, cases } of shareOut<[how: string, damage: (backup: Buffer) => Buffer, told: RegExp]>(
    [
      ["that has lost its last byte but one", (backup) => cut(backup, 2), /cut off/],
      ["that has lost its end", (backup) => cut(backup, 200), /cut off/],
      ["that is empty", () => Buffer.alloc(0), /no backup/],
      ["that is something else", () => Buffer.from("PGDMP\n{}\n"), /no backup/],
      [
        "that is cut off in the midst of a table",
        (backup) => backup.subarray(0, backup.indexOf("192.0.2.1") + 4),
        /cut off/,
      ],
      ["in which an address was changed", (backup) => replace(backup, "192.0.2.1", "192.0.2.7"), /was changed/],
      ["from which a row was taken", (backup) => replace(backup, /^\d+\t\\N\t.*\n/m, ""), /was changed/],
      ["of a later format", (backup) => replace(backup, '"version":1', '"version":2'), /newer Latchkey/],
      ["of a later version", (backup) => replace(backup, '"0001-', '"9999-'), /newer Latchkey/],
    ],
    6,
  ))
    test.each(cases)("%s", { tags }, async (_how, damage, told) => {
      const { backup } = await readBackup();
      await using target = await open({ isEmpty: true });
      const damaged = damage(backup);
      expect(damaged.equals(backup)).toBe(false);
      await expect(restoreInto(target, inPieces(damaged))).rejects.toThrow(told);
      expect(await isEmpty(target)).toBe(true);
    });

  test("whose keys another secret sealed", async () => {
    const { backup } = await readBackup();
    const secret = "another-secret-3q2-7wABiV9kYx0dT5nPzQ8mL4sR6u";
    await using target = await open({ isEmpty: true, secret });
    await expect(restoreInto(target, inPieces(backup))).rejects.toThrow("another LATCHKEY_SECRET");
    expect(await isEmpty(target)).toBe(true);
    await restoreInto(target, inPieces(backup), { acceptAnotherSecret: true });
    await target.auth.reseal({ lost: true });
    await target.auth.initialize();
    await expect(target.auth.signIn({ username: "gülşen", password }, facts)).resolves.toHaveProperty("token");
  });

  test("whose keys were sealed with two secrets, where only the newer one is given", { tags: ["long"] }, async () => {
    const newer = "newer-secret-9cQz2-7wABiV9kYx0dT5nPzQ8mL4sR6u";
    await using source = await open();
    await source.auth.initialize();
    const inMidst = createAuth(source.connection, { ...options, secret: [newer, testSecret] });
    const backup = await collect(inMidst.backUp({ schemas: {} }));
    await inMidst.initialize();
    await inMidst.reseal({});
    const afterwards = await collect(inMidst.backUp({ schemas: {} }));
    await inMidst.close();

    await using target = await open({ isEmpty: true, secret: newer });
    await expect(restoreInto(target, inPieces(backup))).rejects.toThrow("set that one, alone or behind the new one");
    expect(await isEmpty(target)).toBe(true);
    await restoreInto(target, inPieces(afterwards), {
      makeTables: async ({ migrations: { latchkey: only } }: BackupHeader) =>
        void (await target.auth.migrate({ only: only ?? [] })),
    });
    await target.auth.initialize();
  });

  test("where it would take rows of a team's own tables, or what others have on them, unless that is meant", async () => {
    const { backup } = await readBackup();
    await using target = await open({ isEmpty: true });
    await target.query("create schema own; create table own.orders (id int primary key, what text)");
    await target.query("insert into own.orders values (1, 'of today')");
    await expect(restoreInto(target, inPieces(backup))).rejects.toThrow(
      "There are rows in own.orders, which the backup's would replace",
    );
    expect(await target.query("select what from own.orders")).toEqual([{ what: "of today" }]);
    await target.query("delete from own.orders");
    await target.query("create table public.parcels (of_order int references own.orders)");
    await target.query("create view public.orders as select what from own.orders");
    await expect(restoreInto(target, inPieces(backup))).rejects.toThrow("public.orders, public.parcels would lose");
    await restoreInto(target, inPieces(backup), { replacesOwnTables: true });
    expect(await target.query("select to_regclass('public.orders') as view")).toEqual([{ view: null }]);
    expect(await target.query("select username from latchkey.users")).toEqual([{ username: "gülşen" }]);
  });

  test("into a database that has accounts, which stay", async () => {
    const { backup } = await readBackup();
    await using target = await open();
    await target.auth.initialize();
    await target.auth.register({ username: "alice", password }, facts);
    await expect(restoreInto(target, inPieces(backup))).rejects.toThrow("has accounts already");
    expect(await target.query("select username from latchkey.users")).toEqual([{ username: "alice" }]);
  });
});

for (const { tags, cases } of shareOut([1_000, 7, 1_000_000], 3))
  test.each(cases)("a backup read in pieces of %i bytes brings everything back", { tags }, async (size) => {
    const { backup, refreshToken, user, odd } = await readBackup();
    await using target = await open();
    await restoreInto(target, inPieces(backup, size));
    await target.auth.migrate();
    await target.auth.initialize();
    const { user: restored } = await target.auth.signIn({ username: "gülşen", password }, facts);
    expect(restored.id).toBe(user.id);
    await expect(target.auth.refresh(refreshToken, facts)).resolves.toHaveProperty("token");
    const rows = await target.query<{ what: string }>("select what from own.orders order by id");
    expect(rows.map(({ what }) => what)).toEqual(odd);
    // Sequences go on behind what is there, and foreign keys hold again.
    await target.query("insert into own.orders (what) values ('next')");
    await expect(target.query("update own.orders set parent = 99")).rejects.toThrow("foreign key");
  });

test("a restore whose connection is cut off in its midst is told of by every start, and another one begins anew", async () => {
  const { backup } = await readBackup();
  await using target = await open({ isEmpty: true });
  async function* cutOff() {
    yield backup.subarray(0, backup.indexOf("192.0.2.1"));
    await target.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'copy%'",
    );
    yield backup.subarray(backup.indexOf("192.0.2.1"));
  }
  await expect(restoreInto(target, cutOff())).rejects.toThrow();
  const told = "A restore into this database is under way or did not end";
  for (const migrations of ["auto", "check", "off"] as const)
    await expect(target.auth.initialize({ migrations })).rejects.toThrow(told);
  await expect(target.auth.migrate()).rejects.toThrow(told);
  await expect(collect(target.auth.backUp({ schemas }))).rejects.toThrow(told);
  await restoreInto(target, inPieces(backup));
  await target.auth.initialize();
  await expect(target.auth.signIn({ username: "gülşen", password }, facts)).resolves.toHaveProperty("token");
});

test("of two restores at once one is whole, and the other is refused", { tags: ["long"] }, async () => {
  const { backup } = await readBackup();
  await using target = await open({ isEmpty: true });
  await using other = createOther(target);
  const outcomes = await Promise.allSettled([target, other].map((one) => restoreInto(one, inPieces(backup))));
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(outcomes.find(({ status }) => status === "rejected")).toHaveProperty(
    "reason.message",
    expect.stringContaining("has accounts already"),
  );
  expect(await target.query("select username from latchkey.users")).toEqual([{ username: "gülşen" }]);
});

test("a backup from before the last migrations is brought up to date", { tags: ["long"] }, async () => {
  await using source = await open({ isEmpty: true });
  const all = Object.keys(migrations).sort();
  const older = all.slice(0, -2);
  await source.auth.migrate({ only: older });
  await source.query(
    "insert into latchkey.users (id, username, username_key, password) values (gen_random_uuid(), 'Alice', 'alice', '!')",
  );
  const backup = await collect(source.auth.backUp({ schemas: {} }));
  await using target = await open();
  const header = await target.auth.restore(inPieces(backup), {
    makeTables: async ({ migrations }) => void (await target.auth.migrate({ only: migrations.latchkey ?? [] })),
  });
  expect(header.migrations.latchkey).toEqual(older);
  expect(await target.auth.migrate()).toEqual(all.slice(-2));
  await target.auth.initialize();
  expect(await target.query("select username from latchkey.users")).toEqual([{ username: "Alice" }]);
});
