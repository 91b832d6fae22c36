import { pbkdf2Sync, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import pg from "pg";
import { expect, test } from "vitest";
import { type ImportOptions, importPeople } from "./import-people.ts";
import { createSqliteProject, type OldProject } from "./testing/django-project.ts";
import { usual } from "./testing/usual-options.ts";

const hash = `pbkdf2_sha256$1$salt$${pbkdf2Sync("correct horse battery", "salt", 1, 32, "sha256").toString("base64")}`;

const reserved = {
  code: "invalid_input",
  issues: [expect.objectContaining({ path: ["username"], code: "reserved" })],
};

const run = (
  { auth, database }: TestAuth,
  { source }: Pick<OldProject, "source">,
  options: Partial<ImportOptions> = {},
) =>
  importPeople(auth, {
    ...usual,
    accept: ["permission_undeclared"],
    skipsUndecided: true,
    connection: database.connection,
    source,
    ...options,
  });

test("while people come over, nobody takes the name of one who is not here yet, and the round counts for nothing", async () => {
  await using project = await createSqliteProject();
  await using service = await createTestAuth();
  const { auth, database } = service;
  await project.insert(
    { id: 1, username: "Selin", password: hash },
    { id: 2, username: "José", password: hash },
    { id: 3, username: "left.out", password: hash, phone_number: "911" },
  );
  const create = (username: string) => auth.createUser({ username, password: "correct horse battery" });
  const isComplete = async () =>
    (await database.query("select from latchkey.import_sources where seen_at is not null")).length === 1;

  // What is noted with an account, and before it is there for others.
  await using holder = await hold(database.connection, "latchkey.consents");
  const brought = run(service, project);
  await untilOneWaits(database.connection);
  for (const name of ["selin", "Selin", "SELIN", "jose", "José", "left.out"])
    await expect(create(name), name).rejects.toMatchObject(reserved);
  expect(await isComplete()).toBe(false);
  expect(await database.query("select old_id, user_id from latchkey.imported_users")).toEqual([
    { old_id: "3", user_id: null },
  ]);

  await holder.letGo();
  expect(await brought).toMatchObject({ created: 2, exitCode: 0 });
  expect(await isComplete()).toBe(true);
  for (const name of ["jose", "left.out"]) await expect(create(name), name).rejects.toMatchObject(reserved);
});

test("a round that another one gives up in the midst makes no account without its record, and the next run brings everybody once", async () => {
  await using project = await createSqliteProject();
  await using service = await createTestAuth();
  const { auth, database } = service;
  await project.insert(
    { id: 1, username: "selin", password: hash },
    { id: 2, username: "jose", password: hash },
    { id: 3, username: "left.out", password: hash, phone_number: "911" },
  );
  await using holder = await hold(database.connection, "latchkey.consents");
  const brought = Promise.allSettled([run(service, project)]);
  await untilOneWaits(database.connection);
  await auth.importedUsers.startRound({ source: "django", startedAt: new Date() });
  await holder.letGo();
  expect(await brought).toMatchObject([{ reason: { message: expect.stringContaining("Run the command again") } }]);
  expect(await database.query("select from latchkey.users")).toEqual([]);

  expect(await run(service, project)).toMatchObject({ created: 2, exitCode: 0 });
  expect(
    await database.query(
      "select old_id, username from latchkey.imported_users left join latchkey.users on id = user_id order by old_id",
    ),
  ).toEqual([
    { old_id: "1", username: "selin" },
    { old_id: "2", username: "jose" },
    { old_id: "3", username: null },
  ]);
  // Who was left out was recorded by the first run, and nobody is told of twice.
  expect(
    await database.query(
      "select (detail ->> 'added')::int as added from latchkey.audit_events where event = 'imported_users_recorded' order by id",
    ),
  ).toEqual([{ added: 1 }, { added: 2 }]);
});

test("a step that a name taken meanwhile has broken is done again as a whole, and everybody is told of once", async () => {
  await using project = await createSqliteProject();
  await using service = await createTestAuth();
  const { database } = service;
  await project.insert({ id: 1, username: "selin", password: hash }, { id: 2, username: "jose", password: hash });
  await database.query("insert into latchkey.webhook_endpoints (name, seen_at) values ('crm', latchkey.now())");
  // A sequence counts on when a transaction is taken back.
  await database.query("create sequence latchkey.attempts");
  await database.query(`create function latchkey.break_once() returns trigger language plpgsql as $$ begin
    if nextval('latchkey.attempts') = 1 then raise unique_violation; end if;
    return null;
  end $$`);
  await database.query(
    "create trigger break_once after insert on latchkey.webhook_events for each statement execute function latchkey.break_once()",
  );
  const answer = await run(service, project, { webhooks: true });
  expect(answer).toMatchObject({ created: 2, exitCode: 0 });
  expect(await database.query("select last_value::int as attempts from latchkey.attempts")).toEqual([{ attempts: 2 }]);
  const told = await database.query(
    "select type, username from latchkey.webhook_events join latchkey.users u on u.id = user_id order by username",
  );
  expect(told).toEqual(["jose", "selin"].map((username) => ({ type: "user.created", username })));
  const noted = await database.query(
    "select count(*)::int as count from latchkey.audit_events where event in ('user_created', 'imported_users_recorded')",
  );
  expect(noted).toEqual([{ count: 3 }]);
});

test("what a dry run has read keeps no name from anybody", async () => {
  await using service = await createTestAuth();
  const { auth, database } = service;
  const id = randomUUID();
  await database.query(
    `insert into latchkey.import_people (run_id, position, old_id, id, old_username, password, is_weak, first_name, last_name,
      is_approved_to_be_in_touch, is_active, is_staff, is_superuser, profile, groups, permissions, prints, changed, username_forms, phone_forms)
    values ('${id}', 0, '1', gen_random_uuid(), 'Selin', '!', false, '', '', false, true, false, false, '{}', '{}', '{}', '{}', '{}',
      '{Selin,selin}', '{}')`,
  );
  const selin = { username: "selin", password: "correct horse battery" };
  await auth.createUser(selin);
  await auth.operator.delete("selin");
  await auth.importedUsers.startRound({ source: "django", startedAt: new Date(), id });
  await expect(auth.createUser(selin)).rejects.toMatchObject(reserved);
});

/** Keeps everybody from writing to a table. */
async function hold(connection: pg.ClientConfig, table: string) {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query("begin");
  await client.query(`lock table ${table} in share mode`);
  return { letGo: () => client.query("commit"), [Symbol.asyncDispose]: () => client.end() };
}

async function untilOneWaits(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    for (;;) {
      const { rowCount } = await client.query(
        `select from pg_locks where relation = 'latchkey.consents'::regclass and not granted
          and database = (select oid from pg_database where datname = current_database())`,
      );
      if (rowCount) return;
      await delay(20);
    }
  } finally {
    await client.end();
  }
}
