import { expect, test } from "vitest";
import { createAuth } from "../../create-auth.ts";
import type { Erasure } from "../../deletions/erased-user-store.ts";
import { createTestAuth, createTestDatabase, testSecret } from "../../testing/index.ts";
import type { User } from "../../users/user.ts";

const password = "correct horse battery";

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function* give<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

test("who was deleted after a backup is deleted once more when it is restored, and nobody else", async () => {
  const told: string[] = [];
  await using service = await createTestAuth({ on: { userDeleted: ({ user }) => void told.push(user.id) } });
  const { auth, database } = service;
  const people: Record<string, string> = {};
  for (const username of ["alice", "bob", "carol"])
    people[username] = (await auth.createUser({ username, password })).id;
  const backup: Buffer[] = await collect(auth.backUp({ schemas: {} }));
  await auth.operator.delete("alice");
  await auth.operator.delete("carol");
  const journal: Erasure[] = await collect(auth.operator.exportErasures());
  expect(journal).toHaveLength(2);
  for (const { digest } of journal) expect(digest).toMatch(/^[0-9a-f]{64}$/);
  // Nothing that names anybody, an id neither.
  for (const id of Object.values(people)) expect(JSON.stringify(journal)).not.toContain(id);

  await using target = await createTestDatabase();
  const options = { secret: testSecret, on: { userDeleted: ({ user }: { user: User }) => void told.push(user.id) } };
  const restored = createAuth(target.connection, options);
  await using closing = new AsyncDisposableStack();
  closing.defer(() => restored.close());
  await restored.restore(give(backup), {
    makeTables: async ({ migrations }) => void (await restored.migrate({ only: migrations.latchkey ?? [] })),
  });
  const names = async () =>
    (await target.query<{ username: string }>("select username from latchkey.users order by 1")).map(
      ({ username }) => username,
    );
  expect(await names()).toEqual(["alice", "bob", "carol"]);
  told.length = 0;
  const replayed = await restored.operator.replayErasures(give(journal));
  expect(replayed.added).toBe(2);
  expect([...replayed.deleted].sort()).toEqual([people.alice, people.carol].sort());
  expect([...told].sort()).toEqual([people.alice, people.carol].sort());
  expect(await names()).toEqual(["bob"]);
  expect(await restored.operator.replayErasures(give(journal))).toEqual({ added: 0, deleted: [] });
  const events = await target.query(
    "select detail from latchkey.audit_events where event = 'user_deleted' order by position",
  );
  expect(events).toEqual(Array(2).fill({ detail: { by: "restored_backup" } }));
  expect(await database.query("select from latchkey.users")).toHaveLength(1);
});

test("the journal is written whoever deletes, and is read in pages", async () => {
  await using service = await createTestAuth();
  const { auth, database, clock } = service;
  await database.query(`insert into latchkey.users (id, username, username_key, password)
    select uuidv7(), 'p' || n, 'p' || n, '!' from generate_series(1, 2100) n`);
  await database.query("delete from latchkey.users");
  expect(await collect(auth.operator.exportErasures())).toHaveLength(2_100);
  await clock.advance(3_600);
  const since = clock.now();
  await auth.createUser({ username: "alice", password });
  await auth.operator.delete("alice");
  expect(await collect(auth.operator.exportErasures({ since }))).toHaveLength(1);
});

test("one whom a table of a team's own holds keeps nobody else from being deleted once more", async () => {
  await using service = await createTestAuth();
  const { auth, database } = service;
  const { id: held } = await auth.createUser({ username: "held", password });
  await auth.createUser({ username: "bob", password });
  await auth.createUser({ username: "stays", password });
  await database.query("create table public.orders (user_id uuid references latchkey.users)");
  await database.query("insert into public.orders values ($1)", [held]);
  await database.query(`insert into latchkey.erased_users (digest)
    select sha256(convert_to(id::text, 'UTF8')) from latchkey.users where username <> 'stays'`);
  const replay = () => auth.operator.replayErasures(give([]));
  await expect(replay()).rejects.toThrow("orders");
  const left = "select username from latchkey.users order by username";
  expect(await database.query(left)).toEqual([{ username: "held" }, { username: "stays" }]);
  await database.query("delete from public.orders");
  expect(await replay()).toEqual({ added: 0, deleted: [held] });
});
