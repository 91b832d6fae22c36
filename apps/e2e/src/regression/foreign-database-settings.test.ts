import { type Auth, createAuth, isStorageUnavailable } from "@latchkey/auth";
import { createTestAuth, shareOut, type TestAuth, testSecret } from "@latchkey/auth/testing";
import { describe, expect, test } from "vitest";
import { createPerson, password, toAdministrator } from "../permissions/accounts-in-core.ts";
import { queryOnce } from "../processes/external-database.ts";

/** What a database, a role or a connection can be told, as somebody has for reasons of their own. */
const oddities: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "repeatable reads": { default_transaction_isolation: "'repeatable read'" },
  "serializable transactions, put off": {
    default_transaction_isolation: "serializable",
    default_transaction_deferrable: "on",
  },
  "dates, intervals and bytes in another hand": {
    datestyle: "'SQL, DMY'",
    intervalstyle: "iso_8601",
    timezone: "'Asia/Kathmandu'",
    bytea_output: "escape",
    extra_float_digits: "'-15'",
  },
  "texts of an older PostgreSQL": {
    standard_conforming_strings: "off",
    backslash_quote: "on",
    escape_string_warning: "on",
    array_nulls: "off",
    transform_null_equals: "on",
    client_encoding: "LATIN1",
    quote_all_identifiers: "on",
  },
  "the shortest times": {
    lock_timeout: "'1ms'",
    statement_timeout: "'1ms'",
    // Shorter, it ends a connection between its opening and the first thing that is said on it.
    idle_session_timeout: "'1s'",
    idle_in_transaction_session_timeout: "'1ms'",
    transaction_timeout: "'1s'",
  },
  "commits that are not waited for, and errors that end the connection": {
    synchronous_commit: "off",
    exit_on_error: "on",
    client_min_messages: "debug1",
  },
  "no schema at all": { search_path: "''" },
  "a part of what an index finds": { gin_fuzzy_search_limit: "1" },
  "a planner of reports": {
    enable_indexscan: "off",
    enable_bitmapscan: "off",
    enable_nestloop: "off",
    enable_sort: "off",
    plan_cache_mode: "force_generic_plan",
    jit: "on",
    jit_above_cost: "0",
    debug_parallel_query: "on",
  },
};

/** Without what compiles each query, or plans it for several processes, which takes longer than all the rest. */
const dear = ["jit", "jit_above_cost", "debug_parallel_query"];

const everything = Object.fromEntries(
  Object.values(oddities)
    .flatMap(Object.entries<string>)
    .filter(([name]) => !dear.includes(name)),
);

/** What functions are held to beyond what they are by default. */
const strict = "-c plpgsql.extra_errors=all -c plpgsql.extra_warnings=all";

async function set(
  { database }: TestAuth,
  settings: Readonly<Record<string, string>>,
  to: "database" | "role" = "database",
) {
  const { database: name, user } = database.connection;
  const whose = to === "database" ? `database ${name}` : `role ${user} in database ${name}`;
  const statements = Object.entries(settings).map(([setting, value]) => `alter ${whose} set ${setting} = ${value}`);
  await queryOnce({ ...database.connection, database: "postgres" }, statements.join("; "));
}

const userNames = ["zeta", "Alpha", "a_b", "ab", "a-b", "a.c", "ğülşen", "çiğdem"];
const groupNames = ["b", "A", "a-b", "ab", "a b", "Ç", "z", "_"];

/** Uses everything, and answers what must not depend on any setting. */
async function useEverything(service: TestAuth) {
  const auth = await service.another({ registration: "open" });
  const { facts } = service;
  const root = await createPerson({ auth, facts }, { username: "root_person", isSuperuser: true });
  const admin = await toAdministrator({ auth, facts }, root);
  for (const username of userNames)
    await auth.register({ username, password, city: "ğşıİöçü".repeat(14) }, { ...facts, address: null });

  const ids = [];
  for (const name of groupNames) {
    const permissions = ["auth.view_user", "auth.add_user", "auth.view_auditevent"];
    ids.push((await auth.groups.create(admin, { name, permissions })).id);
  }
  const person = await createPerson({ auth, facts }, { username: "Person_1", permissions: ["auth.view_group"] });
  await auth.users.setGroups(admin, person.id, ids.slice(0, 3));
  await auth.users.setGroups(admin, person.id, ids.slice(1, 4));

  const refreshed = await Promise.all(Array.from({ length: 20 }, () => auth.refresh(person.refreshToken, facts)));
  const signIns = Array.from({ length: 6 }, () => auth.signIn({ username: "PERSON_1", password }, facts));
  const opened = await Promise.all(signIns);
  const caller = await auth.authenticate([`Bearer ${refreshed[0]?.token}`]);
  const updates = Array.from({ length: 10 }, (_, n) => auth.updateProfile(caller, { firstName: `Ş'\\${n}` }, facts));
  const updated = await Promise.all(updates);
  const code = await auth.users.createPasswordCode(admin, person.id);
  await auth.resetPassword({ username: "person_1", code: code.setPasswordCode, newPassword: `${password} 2` }, facts);

  return {
    users: (await auth.users.list({ username: "", limit: 50 })).users.map(({ username }) => username),
    city: (await auth.users.list({ username: "ğülşen", limit: 1 })).users[0]?.city,
    groups: (await pages((cursor) => auth.groups.list({ limit: 3, cursor }))).flatMap(({ groups }) => groups),
    effective: (await auth.users.get(person.id)).effectivePermissions,
    refreshTokens: new Set(refreshed.map(({ refreshToken }) => refreshToken)).size,
    opened: opened.length,
    updated: updated.map(({ firstName }) => firstName).sort(),
    daysOfCode: Math.round((code.expiresAt.getTime() - Date.now()) / 86_400_000),
    daysOfSession: Math.round((caller.session.expiresAt.getTime() - caller.session.createdAt.getTime()) / 86_400_000),
    joined: Math.round((Date.now() - person.user.dateJoined.getTime()) / 3_600_000),
    events: (await pages((cursor) => auth.listAuditEvents({ limit: 7, cursor })))
      .flatMap(({ events }) => events)
      .map(({ event, detail }) => [event, ...Object.keys(detail)].join(" "))
      .sort(),
    ofPerson: (await auth.listAuditEvents({ userId: person.id, event: "signed_in", limit: 50 })).events.length,
    purged: await purgeOld(auth),
    weaknesses: (await auth.checkHealth()).warnings.filter((line) => !/^(fsync|full_page_writes) is off/.test(line)),
  };
}

async function pages<Page extends { nextCursor: string | null }>(read: (cursor: string | undefined) => Promise<Page>) {
  const found: Page[] = [];
  for (let cursor: string | null | undefined; cursor !== null; cursor = found.at(-1)?.nextCursor ?? null)
    found.push(await read(cursor));
  return found;
}

async function purgeOld(auth: Auth) {
  await auth.pool.query(
    "insert into latchkey.audit_events (id, event, occurred_at) select gen_random_uuid(), 'signed_out', latchkey.now() - interval '500 days' from generate_series(1, 30)",
  );
  return (await auth.purge()).auditEvents;
}

type Answers = Awaited<ReturnType<typeof useEverything>>;

const withoutIds = ({ groups, ...answers }: Answers) => ({
  ...answers,
  groups: groups.map(({ id: _, ...group }) => group),
});

let usual: Promise<ReturnType<typeof withoutIds>> | undefined;

/** What is answered on a database that nobody has set. */
function readUsual() {
  usual ??= (async () => {
    await using service = await createTestAuth();
    return withoutIds(await useEverything(service));
  })();
  return usual;
}

describe("a database answers as one that nobody has set", () => {
  for (const [name, settings] of Object.entries(oddities)) {
    test(`when it is set to ${name}`, { tags: ["long"] }, async () => {
      await using service = await createTestAuth();
      await set(service, settings);
      expect(withoutIds(await useEverything(service))).toEqual(await readUsual());
    });
  }

  test("when nearly all of these are set together, for the role", async () => {
    await using service = await createTestAuth();
    await set(service, everything, "role");
    expect(withoutIds(await useEverything(service))).toEqual(await readUsual());
  });

  test("when the connection says so itself, as PGOPTIONS would", async () => {
    await using service = await createTestAuth();
    const options = `-c default_transaction_isolation=serializable -c datestyle=German -c search_path=public ${strict}`;
    const auth = createAuth(
      { ...service.database.connection, options },
      { secret: testSecret, passwords: { cost: 4 } },
    );
    try {
      await auth.initialize();
      const { user } = await auth.register({ username: "gülşen", password }, service.facts);
      expect(user.dateJoined.getTime()).toBeGreaterThan(Date.now() - 3_600_000);
      const { rows } = await auth.pool.query("show default_transaction_isolation");
      expect(rows).toEqual([{ default_transaction_isolation: "read committed" }]);
    } finally {
      await auth.close();
    }
  });

  test("when functions are held to more than they are by default", { tags: ["long"] }, async () => {
    await using service = await createTestAuth();
    const another = createAuth(
      { ...service.database.connection, options: strict },
      { secret: testSecret, passwords: { cost: 4 }, registration: "open", clock: service.clock },
    );
    try {
      await another.initialize();
      const held = { ...service, auth: another, another: async () => another };
      expect(withoutIds(await useEverything(held))).toEqual(await readUsual());
    } finally {
      await another.close();
    }
  });

  test("has the order of names that bytes have, in a locale that sorts otherwise", async () => {
    const { users, groups } = await readUsual();
    expect(groups.map(({ name }) => name)).toEqual([...groupNames].sort());
    const folded = users.map((name) => name?.toLowerCase());
    expect(folded).toEqual([...folded].sort());
  });
});

describe("a database is refused in one line", () => {
  async function refusalOf(create: string, prepare: (database: string) => readonly string[] = () => []) {
    await using service = await createTestAuth();
    const { connection } = service.database;
    const name = `odd_${connection.database}`;
    const server = { ...connection, database: "postgres" };
    await queryOnce(server, `create database ${name} ${create}`);
    const auth = createAuth({ ...connection, database: name }, { secret: testSecret, passwords: { cost: 4 } });
    try {
      for (const statement of prepare(name)) await queryOnce(server, statement);
      await auth.initialize();
      return "it starts";
    } catch (error) {
      return error instanceof Error ? error.message : "";
    } finally {
      await auth.close();
      await queryOnce(server, `drop database ${name} with (force)`);
    }
  }

  for (const { tags, cases } of shareOut(["LATIN1", "LATIN9", "SQL_ASCII", "EUC_JP"], 4))
    test.for(cases)("when its encoding is %s", { tags }, async (encoding, { expect }) => {
      const refusal = await refusalOf(`encoding '${encoding}' locale_provider libc locale 'C' template template0`);
      expect(refusal).toMatch(
        new RegExp(`^the database "odd_\\w+" has the encoding ${encoding}, .* encoding 'UTF8'.*$`),
      );
    });

  test("when it is read-only", async () => {
    const refusal = await refusalOf("template template0", (name) => [
      `alter database ${name} set default_transaction_read_only = on`,
    ]);
    expect(refusal).toMatch(/^the database "odd_\w+" or this role is read-only .*$/);
  });

  test("and one in UTF-8 starts", { tags: ["long"] }, async () => {
    expect(
      await refusalOf("encoding 'UTF8' locale_provider icu icu_locale 'tr-TR' locale 'C' template template0"),
    ).toBe("it starts");
  });

  for (const { tags, cases } of shareOut(
    [
      [
        "alter table latchkey.users enable row level security; alter table latchkey.users force row level security",
        /Row level security hides rows of latchkey\.users/,
      ],
      [
        "alter table latchkey.user_groups disable trigger user",
        /Triggers or foreign keys of latchkey\.user_groups are disabled/,
      ],
      [
        `create collation latchkey.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
       alter table latchkey.users alter column city type text collate latchkey.loose`,
        /latchkey\.users\.city has a collation in which different texts are equal/,
      ],
      [
        `insert into latchkey.audit_events (id, event) select gen_random_uuid(), 'signed_out' from generate_series(1, 3);
       alter sequence latchkey.audit_events_position_seq restart`,
        /The sequence latchkey\.audit_events_position_seq is behind its table.*setval\('latchkey\.audit_events_position_seq', \d+\)\.$/,
      ],
    ] as const,
    4,
  ))
    test.for(cases)("when somebody did this to its tables: %s", { tags }, async ([statements, line], { expect }) => {
      await using service = await createTestAuth();
      await service.database.query(statements);
      await expect(service.another()).rejects.toThrow(line);
    });
});

test("a database that becomes read-only under a running service is unavailable, and then serves on", async () => {
  await using service = await createTestAuth();
  await createPerson(service, { username: "alice" });
  const signIn = () => service.auth.signIn({ username: "alice", password }, service.facts);
  const { pool } = service.auth;
  const clients = await Promise.all(Array.from({ length: 10 }, () => pool.connect()));
  for (const client of clients) {
    await client.query("set default_transaction_read_only = on");
    client.release();
  }
  const refused = await signIn().catch((error: unknown) => error);
  expect(isStorageUnavailable(refused)).toBe(true);
  for (const client of await Promise.all(Array.from({ length: 10 }, () => pool.connect()))) {
    await client.query("set default_transaction_read_only = off");
    client.release();
  }
  expect((await signIn()).user.username).toBe("alice");
});
