import { argon2Sync, createCipheriv, createHash, pbkdf2Sync, scryptSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createTestAuth, createTestDatabase, shareOut, type TestAuth } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ImportOptions, importPeople } from "./import-people.ts";
import { usual } from "./testing/usual-options.ts";
import { verifyImport } from "./verify-import.ts";

const password = "correct horse";
const bcryptHash = "$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

let folder: string;
let service: TestAuth;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-systems-"));
  service = await createTestAuth({ phones: { defaultCountry: "TR" } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function write(name: string, content: string | object): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content, null, 2));
  return path;
}

type Given = Partial<ImportOptions> & { readonly source: string; readonly from: string };

async function run(options: Given) {
  await service.clock.advance(60);
  return importPeople(service.auth, { ...usual, connection: service.database.connection, ...options });
}

/** Brings everybody over, and finds that it is as it is there. Answers what there was to decide. */
async function bring(options: Given, people: number) {
  const answer = await run({ ...options, accept: ["all"] });
  expect(answer).toMatchObject({ exitCode: 0, created: people, totals: { read: people, new: people } });
  const verified = await verifyImport(service.auth, { ...usual, connection: service.database.connection, ...options });
  expect(verified).toMatchObject({
    missing: 0,
    changed: 0,
    unreadable: [],
    different: [],
    reachAnother: [],
    isGood: true,
  });
  return answer;
}

/** The old id of who signs in; null for nobody. */
async function whoIs(username: string, typed = password): Promise<string | null> {
  try {
    const { user } = await service.auth.signIn({ username, password: typed }, service.facts);
    const rows = await service.database.query<{ old_id: string }>(
      "select old_id from latchkey.imported_users where user_id = $1",
      [user.id],
    );
    return rows[0]?.old_id ?? null;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "invalid_credentials") return null;
    throw error;
  }
}

const read = async (oldId: string) =>
  (
    await service.database.query(
      `select u.*, u.date_joined::text as joined from latchkey.users u join latchkey.imported_users i on i.user_id = u.id where i.old_id = $1`,
      [oldId],
    )
  )[0];

describe("Firebase", () => {
  /** As Firebase makes a hash, from its own description. */
  const signerKey = Buffer.alloc(64, "signer key of this test alone");
  const separator = Buffer.from([7]);
  function hash(text: string, salt: Buffer): string {
    const key = scryptSync(text, Buffer.concat([salt, separator]), 32, { N: 2 ** 5, r: 8, p: 1 });
    return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(signerKey).toString("base64");
  }
  const salt = Buffer.from("salt of ada");
  const ada = {
    localId: "fb-ada",
    email: "fb.ada@firma.example",
    emailVerified: true,
    passwordHash: hash(password, salt),
    salt: salt.toString("base64"),
    displayName: "Ada",
    lastSignedInAt: "1700000000123",
    createdAt: "1600000000456",
    phoneNumber: "+905321230001",
    disabled: false,
    providerUserInfo: [],
  };
  const off = {
    ...ada,
    localId: "fb-off",
    email: "fb.off@firma.example",
    phoneNumber: "+905321230002",
    disabled: true,
  };
  const social = {
    localId: "fb-social",
    email: "fb.social@firma.example",
    createdAt: "1600000000456",
    providerUserInfo: [{ providerId: "google.com", rawId: "1" }],
  };
  const parameters = `hash_config {
  algorithm: SCRYPT,
  base64_signer_key: ${signerKey.toString("base64")},
  base64_salt_separator: ${separator.toString("base64")},
  rounds: 8,
  mem_cost: 5,
}`;

  test("people sign in with their old passwords; nothing is left behind unsaid, and the signer key is stored nowhere", async () => {
    const source = await write("firebase.json", { users: [ada, off, social] });
    const hashConfig = await write("hash-config.txt", parameters);
    const { codes } = await bring({ source, from: "firebase", hashConfig, map: { displayName: "firstName" } }, 3);
    expect(codes).toContainEqual(expect.objectContaining({ code: "unknown_column", rows: 2 }));
    expect(await whoIs("fb.ada@firma.example")).toBe("fb-ada");
    expect(await whoIs("+905321230001")).toBe("fb-ada");
    expect(await whoIs("fb.ada@firma.example", `${password}.`)).toBeNull();
    expect(await whoIs("fb.off@firma.example")).toBeNull();
    expect(await whoIs("fb.social@firma.example")).toBeNull();
    const stored = await read("fb-ada");
    expect(stored).toMatchObject({ first_name: "Ada", is_active: true, email_proved_at: null, phone_proved_at: null });
    expect(stored?.joined).toMatch(/^2020-09-13 12:26:40\.456/);
    const rows = await service.database.query("select password from latchkey.users where password like 'firebase%'");
    expect(JSON.stringify(rows)).not.toContain(signerKey.toString("base64").slice(0, 24));
  });

  test.each([
    ["without its hash parameters", undefined, /has passwords: give the project's hash parameters with --hash-config/],
    ["with a file that holds none", "rounds: 8", /does not hold hash parameters of Firebase/],
    ["with parameters of another algorithm", parameters.replace("SCRYPT", "BCRYPT"), /does not hold hash parameters/],
  ])("%s it is one line, and nobody comes over", async (_what, text, told) => {
    const source = await write("firebase-2.json", { users: [{ ...ada, localId: "fb-other" }] });
    const hashConfig = text === undefined ? undefined : await write("other-config.txt", text);
    const failing = run({ source, from: "firebase", hashConfig, accept: ["all"] });
    await expect(failing).rejects.toMatchObject({
      name: "SourceError",
      exitCode: 2,
      message: expect.stringMatching(told),
    });
    expect(await read("fb-other")).toBeUndefined();
  });

  test.each([
    ["breaks off", '{"users": [{"localId": "x"}', /breaks off/],
    ["breaks off behind the list", '{"users": [{"localId": "x"}]', /breaks off/],
    ["has no users", '{"people": []}', /has no list "users"/],
    ["is of another kind", "id,username\n1,ada\n", /no list|breaks off/],
  ])("a file that %s is one line", async (_what, text, told) => {
    const source = await write("firebase-3.json", text);
    await expect(run({ source, from: "firebase" })).rejects.toThrow(told);
  });
});

describe("Keycloak", () => {
  const salt = Buffer.from("salt of bytes \xff", "latin1");
  const pbkdf2 = (algorithm: string, digest: string, length: number) => ({
    type: "password",
    createdDate: 1_600_000_000_000,
    secretData: JSON.stringify({
      value: pbkdf2Sync(password, salt, 1_000, length, digest).toString("base64"),
      salt: salt.toString("base64"),
      additionalParameters: {},
    }),
    credentialData: JSON.stringify({ hashIterations: 1_000, algorithm, additionalParameters: {} }),
  });
  const argon2Cost = { parallelism: 1, tagLength: 32, memory: 7_168, passes: 5 };
  const argon2Value = argon2Sync("argon2id", { message: password, nonce: salt, ...argon2Cost });
  const argon2 = {
    type: "password",
    secretData: JSON.stringify({ value: argon2Value.toString("base64"), salt: salt.toString("base64") }),
    credentialData: JSON.stringify({
      hashIterations: 5,
      algorithm: "argon2",
      additionalParameters: {
        hashLength: ["32"],
        memory: ["7168"],
        type: ["id"],
        version: ["1.3"],
        parallelism: ["1"],
      },
    }),
  };
  const ofAnother = {
    type: "password",
    secretData: JSON.stringify({ value: "digest", salt: "salt" }),
    credentialData: JSON.stringify({ hashIterations: 5, algorithm: "of somebody's own" }),
  };
  const user = (name: string, credential: object, more = {}) => ({
    id: `kc-${name}`,
    createdTimestamp: 1_600_000_000_456,
    username: `kc_${name}`,
    enabled: true,
    credentials: [credential],
    groups: [],
    ...more,
  });

  test("a realm's people sign in with their old passwords, in their groups", async () => {
    const source = await write("realm.json", {
      realm: "shop",
      roles: { realm: [{ name: "users" }], users: "no list of people" },
      users: [
        user("sha512", pbkdf2("pbkdf2-sha512", "sha512", 64), { email: "kc@firma.example", firstName: "Ada" }),
        user("sha256", pbkdf2("pbkdf2-sha256", "sha256", 32), { groups: ["/staff/clerks"] }),
        user("sha1", pbkdf2("pbkdf2", "sha1", 64), {
          attributes: {
            phoneNumber: ["0532 123 10 01"],
            is_superuser: ["true"],
            groups: ["admins"],
            username: ["root"],
          },
        }),
        user("off", pbkdf2("pbkdf2-sha256", "sha256", 32), { enabled: false }),
        user("factor", pbkdf2("pbkdf2-sha256", "sha256", 32), {
          credentials: [{ type: "otp" }, pbkdf2("pbkdf2-sha256", "sha256", 64)],
        }),
        user("argon2", argon2),
        user("unread", ofAnother),
        { id: "kc-none", username: "kc_none", enabled: true },
      ],
      clients: [{ users: [{ id: "not a person" }] }],
    });
    const { codes } = await bring({ source, from: "keycloak" }, 8);
    expect(codes).toContainEqual(expect.objectContaining({ code: "password_unreadable", examples: ["kc-unread"] }));
    const [columns] = codes.filter(({ code }) => code === "unknown_column");
    expect(columns?.rows).toBe(4);
    for (const name of ["sha512", "sha256", "sha1", "argon2", "factor"]) {
      expect(await whoIs(`kc_${name}`)).toBe(`kc-${name}`);
      expect(await whoIs(`kc_${name}`, `${password}.`)).toBeNull();
    }
    for (const name of ["off", "unread", "none"]) expect(await whoIs(`kc_${name}`)).toBeNull();
    expect(await whoIs("0532 123 10 01")).toBe("kc-sha1");
    // What people write of themselves there makes nobody more than they are.
    expect(await read("kc-sha1")).toMatchObject({ is_superuser: false, username: "kc_sha1" });
    const held = await service.database.query(
      `select i.old_id, g.name from latchkey.user_groups m join latchkey.groups g on g.id = m.group_id
      join latchkey.imported_users i on i.user_id = m.user_id where i.source = 'keycloak'`,
    );
    expect(held).toEqual([{ old_id: "kc-sha256", name: "staff/clerks" }]);
  });

  test("a file of several realms is refused in one line: a realm is nobody, and has people of its own", async () => {
    const realm = (name: string) => ({ id: name, realm: name, enabled: true, users: [user("sha1", ofAnother)] });
    const source = await write("realms.json", [realm("master"), realm("shop")]);
    await expect(run({ source, from: "keycloak", name: "realms" })).rejects.toThrow(/several realms.*--realm NAME/);
  });

  test("one of its files of users, and the credentials of its first releases, are read too", async () => {
    const old = { type: "password", algorithm: "pbkdf2", hashIterations: 1_000, salt: salt.toString("base64") };
    const hashedSaltedValue = pbkdf2Sync(password, salt, 1_000, 64, "sha1").toString("base64");
    const source = await write("shop-users-0.json", {
      realm: "shop",
      users: [user("old", { ...old, hashedSaltedValue })],
    });
    await bring({ source, from: "keycloak", name: "keycloak-old" }, 1);
    expect(await whoIs("kc_old")).toBe("kc-old");
  });
});

describe("Auth0", () => {
  test("people sign in with their old passwords, by the export of users and by that of hashes", async () => {
    const lines = [
      {
        user_id: "auth0|1",
        email: "a0.ada@firma.example",
        username: "a0_ada",
        given_name: "Ada",
        created_at: "2020-09-13T12:26:40.456Z",
        password_hash: bcryptHash,
        user_metadata: { city: "İzmir", is_staff: true },
      },
      { user_id: "auth0|2", email: "a0.off@firma.example", blocked: true, passwordHash: bcryptHash },
      {
        _id: { $oid: "60425dc43519d90068f82973" },
        email: "a0.bob@firma.example",
        passwordHash: bcryptHash.replace("$2a$", "$2b$"),
        password_set_date: { $date: "2021-03-05T16:35:16.775Z" },
        created_at: { $date: { $numberLong: "1600000000456" } },
      },
      { user_id: "auth0|4", email: "a0.other@firma.example", custom_password_hash: { hash: { value: bcryptHash } } },
    ];
    const source = await write("auth0.json", lines.map((line) => JSON.stringify(line)).join("\n"));
    await bring({ source, from: "auth0" }, 4);
    expect(await whoIs("a0.ada@firma.example")).toBe("auth0|1");
    expect(await whoIs("a0_ada")).toBe("auth0|1");
    expect(await whoIs("a0.off@firma.example")).toBeNull();
    expect(await whoIs("a0.bob@firma.example")).toBe("auth0|60425dc43519d90068f82973");
    expect(await whoIs("a0.other@firma.example")).toBe("auth0|4");
    expect((await read("auth0|60425dc43519d90068f82973"))?.joined).toMatch(/^2020-09-13 12:26:40\.456/);
    expect(await read("auth0|1")).toMatchObject({ first_name: "Ada", city: "İzmir", is_staff: false });
  });

  test("a hash from elsewhere that comes in parts is told as unreadable, and taken for no digest without a salt", async () => {
    const hash = { value: createHash("md5").update(`salt${password}`).digest("hex"), encoding: "hex" };
    const kept = [
      { algorithm: "md5", hash, salt: { value: "salt", position: "prefix" } },
      { algorithm: "md5", hash, password: { encoding: "utf16le" } },
      { algorithm: "hmac", hash: { ...hash, digest: "md5", key: { value: "key" } } },
      { algorithm: "md4", hash },
    ];
    const lines = kept.map((custom_password_hash, n) =>
      JSON.stringify({ user_id: `auth0|parts${n}`, email: `a0.parts${n}@firma.example`, custom_password_hash }),
    );
    const source = await write("auth0-parts.json", lines.join("\n"));
    const { codes } = await bring({ source, from: "auth0", name: "auth0-parts" }, lines.length);
    expect(codes).toContainEqual(expect.objectContaining({ code: "password_unreadable", rows: lines.length }));
    expect(codes.map(({ code }) => code)).not.toContain("password_legacy");
  });
});

test("of a users export of Auth0 as CSV, blocked people are disabled too, and nothing is left behind unsaid", async () => {
  const lines = [
    "user_id,email,given_name,blocked,created_at,user_metadata",
    'auth0|csv1,a0.csv1@firma.example,Ada,,2020-09-13T12:26:40.456Z,"{""is_staff"":true}"',
    "auth0|csv2,a0.csv2@firma.example,Bob,true,2020-09-13T12:26:40.456Z,",
  ];
  const source = await write("auth0.csv", lines.join("\n"));
  const { codes } = await bring({ source, from: "auth0", name: "auth0-csv" }, 2);
  expect(codes).toMatchObject([{ code: "unknown_column", examples: ["user_metadata"] }]);
  expect(await read("auth0|csv1")).toMatchObject({ is_active: true, is_staff: false, first_name: "Ada" });
  expect(await read("auth0|csv2")).toMatchObject({ is_active: false, first_name: "Bob" });
});

describe("better-auth", () => {
  const seconds = Math.floor(Date.parse("2020-09-13T12:26:40Z") / 1_000);
  const [before, after] = [Date.parse("2020-10-01T00:00:00Z"), Date.parse("2999-01-01T00:00:00Z")];

  for (const { tags, cases } of shareOut(
    [
      ["User", "Account", 1],
      ["user", "account", 1_000],
      ["users", "accounts", 1_000],
    ] as const,
    3,
  ))
    test.each(cases)(
      "in tables called %s and %s people who are banned are disabled, but where the ban is over",
      { tags },
      async (users, accounts, unit) => {
        const file = join(folder, `${users}-${accounts}.sqlite3`);
        const name = `better-${users.toLowerCase()}-${unit}`;
        const there = new DatabaseSync(file);
        const at = (milliseconds: number) => Math.floor((milliseconds / 1_000) * unit);
        const mail = (n: number) => `${name}.${n}@firma.example`;
        there.exec(`create table "${users}" (id text primary key, name text, email text not null, banned integer, banExpires integer, createdAt integer);
      create table "${accounts}" (id text primary key, userId text references "${users}" (id), providerId text, password text);
      insert into "${users}" values ('${name}1', 'Ada', '${mail(1)}', 0, null, ${at(seconds * 1_000)}),
        ('${name}2', 'Bob', '${mail(2)}', 1, null, ${at(seconds * 1_000)}), ('${name}3', 'Eve', '${mail(3)}', 1, ${at(before)}, ${at(seconds * 1_000)}),
        ('${name}4', 'Ida', '${mail(4)}', 1, ${at(after)}, ${at(seconds * 1_000)});
      insert into "${accounts}" select id, id, 'credential', '${bcryptHash}' from "${users}"`);
        there.close();
        await bring({ source: `sqlite:${file}`, from: "better-auth", name, map: { name: "firstName" } }, 4);
        for (const n of [1, 3]) expect(await whoIs(mail(n)), mail(n)).toBe(`${name}${n}`);
        for (const n of [2, 4]) expect(await whoIs(mail(n)), mail(n)).toBeNull();
        expect((await read(`${name}1`))?.joined).toMatch(/^2020-09-13 12:26:40/);
      },
    );

  test("what people can say of themselves in fields of its team is asked, and gives no rank; tables with a name in front are found", async () => {
    const file = join(folder, "better-own.sqlite3");
    const there = new DatabaseSync(file);
    there.exec(`create table shop_user (id text primary key, email text not null, isSuperuser integer, permissions text, twoFactorEnabled integer);
      create table shop_account (id text primary key, "accountId" text, "userId" text, "providerId" text, password text);
      insert into shop_user values ('own1', 'own1@firma.example', 1, 'shop.add_order', 1), ('own2', 'own2@firma.example', null, null, 0);
      insert into shop_account values ('1', 'own1', 'own1', 'credential', '${bcryptHash}')`);
    there.close();
    const options = { source: `sqlite:${file}`, from: "better-auth", name: "better-own", table: "shop_user" };
    const { codes } = await bring(options, 2);
    const examples = ["twoFactorEnabled", "user.isSuperuser", "user.permissions"];
    expect(codes.map((code) => ({ ...code, examples: [...code.examples].sort() }))).toEqual([
      { code: "unknown_column", rows: 3, undecided: 0, examples },
    ]);
    expect(await read("own1")).toMatchObject({ is_superuser: false });
    expect(await whoIs("own1@firma.example")).toBe("own1");
  });

  test("a file of its users is read as its table is", async () => {
    const source = await write("better-auth.json", [
      { id: "ba-json1", email: "ba.json1@firma.example", banned: true, createdAt: "2020-09-13T12:26:40.456Z" },
      { id: "ba-json2", email: "ba.json2@firma.example", banned: null, createdAt: "2020-09-13T12:26:40.456Z" },
    ]);
    await bring({ source, from: "better-auth", name: "better-file" }, 2);
    expect(await read("ba-json1")).toMatchObject({ is_active: false });
    expect(await read("ba-json2")).toMatchObject({ is_active: true });
  });
});

describe("Supabase", () => {
  const columns = `id uuid primary key, aud text, role text, email text, encrypted_password text, email_confirmed_at timestamptz,
    last_sign_in_at timestamptz, raw_user_meta_data jsonb, is_super_admin boolean, created_at timestamptz, phone text,
    banned_until timestamptz, deleted_at timestamptz, is_anonymous boolean not null default false`;
  const id = (n: number) => `0190b2c4-0000-7000-8000-00000000000${n}`;

  test("its schema auth is read from its own database: people sign in with their old passwords, but banned ones", async () => {
    await using there = await createTestDatabase();
    await there.query("drop schema latchkey cascade");
    await there.query("create schema auth");
    await there.query(`create table auth.users (${columns})`);
    await there.query("create table public.users (id int primary key, nick text)");
    await there.query(
      "create table public.orders (id int primary key, buyer uuid references auth.users (id)); insert into orders values (1, null)",
    );
    await there.query(
      "create table auth.mfa_factors (id int primary key, user_id uuid references auth.users (id), status text)",
    );
    const insert = (n: number, row: object) =>
      there.query("insert into auth.users select * from jsonb_populate_record(null::auth.users, $1)", [
        JSON.stringify({
          id: id(n),
          aud: "authenticated",
          encrypted_password: bcryptHash,
          is_anonymous: false,
          ...row,
        }),
      ]);
    await insert(1, {
      email: "sb.ada@firma.example",
      phone: "905321232001",
      created_at: "2020-09-13T12:26:40.456789Z",
      raw_user_meta_data: { first_name: "Ada", is_superuser: true, password: "x", username: "sb.back@firma.example" },
    });
    await insert(2, { email: "sb.banned@firma.example", banned_until: "2999-01-01T00:00:00Z" });
    await insert(3, { email: "sb.back@firma.example", banned_until: "2020-01-01T00:00:00Z" });
    await insert(4, { email: "sb.gone@firma.example", deleted_at: "2020-01-01T00:00:00Z" });
    await insert(5, { phone: "905321232005", encrypted_password: "" });
    await there.query(`insert into auth.mfa_factors values (1, '${id(3)}', 'verified'), (2, '${id(1)}', 'unverified')`);

    const { host, port, user, password: secret, database } = there.connection;
    const source = `postgres://${user}:${encodeURIComponent(String(secret ?? ""))}@${host}:${port}/${database}`;
    const report = join(folder, "supabase");
    const { codes } = await bring({ source, from: "supabase", report }, 5);
    const [unknown] = codes.filter(({ code }) => code === "unknown_column");
    expect(unknown).toMatchObject({ rows: 6 });
    expect(await readFile(join(report, "decisions.csv"), "utf8")).toMatch(/second_factors,.*filled for 1 people/);
    const summary = await readFile(join(report, "summary.txt"), "utf8");
    expect(summary).toContain('update "public"."orders"');
    // Its own tables follow nobody.
    expect(summary).not.toContain('"auth".');
    expect(await whoIs("sb.ada@firma.example")).toBe(id(1));
    expect(await whoIs("+905321232001")).toBe(id(1));
    expect(await whoIs("sb.back@firma.example")).toBe(id(3));
    for (const name of ["sb.banned@firma.example", "sb.gone@firma.example", "+905321232005"])
      expect(await whoIs(name), name).toBeNull();
    const ada = await read(id(1));
    expect(ada).toMatchObject({ first_name: "Ada", is_superuser: false });
    expect(ada?.joined).toMatch(/^2020-09-13 12:26:40\.456789/);
  });
});

test("a hash in the form of the Password Hashing Competition, or as passlib writes it, is checked as it is", async () => {
  const salt = Buffer.from("salt of bytes \xfb\xff", "latin1");
  const bare = (bytes: Buffer) => bytes.toString("base64").replaceAll("=", "");
  const dotted = (bytes: Buffer) => bare(bytes).replaceAll("+", ".");
  const digest = pbkdf2Sync(password, salt, 1_000, 32, "sha256");
  const scrypt = scryptSync(password, salt, 32, { N: 2 ** 10, r: 8, p: 1 });
  const hashes = {
    scrypt: `$scrypt$ln=10,r=8,p=1$${bare(salt)}$${bare(scrypt)}`,
    pbkdf2: `$pbkdf2-sha256$i=1000,l=32$${bare(salt)}$${bare(digest)}`,
    passlib: `$pbkdf2-sha256$1000$${dotted(salt)}$${dotted(digest)}`,
    costly: `$scrypt$ln=30,r=8,p=1$${bare(salt)}$${bare(scrypt)}`,
  };
  const rows = Object.entries(hashes).map(([name, hash]) => `phc_${name},phc_${name},"${hash}"`);
  const source = await write("phc.csv", `id,username,password\n${rows.join("\n")}\n`);
  const { codes } = await bring({ source, from: "csv" }, 4);
  expect(codes).toMatchObject([{ code: "password_unreadable", examples: ["phc_costly"] }]);
  for (const name of ["scrypt", "pbkdf2", "passlib"]) expect(await whoIs(`phc_${name}`)).toBe(`phc_${name}`);
});
