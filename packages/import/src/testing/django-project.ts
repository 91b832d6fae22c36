import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createTestDatabase, type TestDatabase } from "@latchkey/auth/testing";

/** A person of the old backend: columns of `users_user`. */
export type OldUser = Readonly<Record<string, string | number | boolean | null>> & { readonly id: number };

/** The tables that Django 3.2 to 6 make for the old backend, the same for both databases. */
export const tables = (isSqlite: boolean) => {
  const time = isSqlite ? "datetime" : "timestamptz";
  const flag = isSqlite ? "bool" : "boolean";
  return `
create table django_content_type (id integer primary key, app_label varchar(100) not null, model varchar(100) not null);
create table auth_permission (id integer primary key, name varchar(255) not null, content_type_id integer not null, codename varchar(100) not null);
create table auth_group (id integer primary key, name varchar(150) not null unique);
create table auth_group_permissions (id integer primary key, group_id integer not null, permission_id integer not null);
create table users_user (id integer primary key, password varchar(128) not null, last_login ${time}, is_superuser ${flag} not null,
  username varchar(150) not null unique, first_name varchar(150) not null, last_name varchar(150) not null, email varchar(254) not null,
  is_staff ${flag} not null, is_active ${flag} not null, date_joined ${time} not null, phone_number varchar(40), gender varchar(10),
  country varchar(400), city varchar(400), state varchar(400), is_approved_to_be_in_touch ${flag} not null);
create table users_user_groups (id integer primary key, user_id integer not null references users_user (id), group_id integer not null);
create table users_user_user_permissions (id integer primary key, user_id integer not null references users_user (id), permission_id integer not null);
create table shop_order (id integer primary key, buyer_id integer not null references users_user (id));
insert into django_content_type values (1, 'shop', 'order'), (2, 'users', 'user');
insert into auth_permission values (1, 'Can add order', 1, 'add_order'), (2, 'Can publish', 1, 'publish'), (3, 'Can approve', 1, 'approveOrder');
insert into auth_group values (1, 'Clerks');
insert into auth_group_permissions values (1, 1, 1), (2, 1, 3);
`;
};

const missing = {
  password: "!unusable",
  last_login: null,
  is_superuser: false,
  first_name: "",
  last_name: "",
  email: "",
  is_staff: false,
  is_active: true,
  date_joined: "2020-01-02 03:04:05.678901+00",
  phone_number: null,
  gender: null,
  country: null,
  city: null,
  state: null,
  is_approved_to_be_in_touch: false,
};

/** A database of a Django project, to be read. */
export interface OldProject extends AsyncDisposable {
  /** What the command is given. */
  readonly source: string;
  insert(...users: readonly OldUser[]): Promise<void>;
  run(statement: string): Promise<void>;
}

/** One that others are copied from, once it rests. */
export interface PostgresProject extends OldProject {
  readonly database: TestDatabase;
  rest(): Promise<void>;
}

const literal = (value: string | number | boolean | null) => {
  if (value === null || typeof value !== "string") return String(value);
  return `'${value.replaceAll("'", "''")}'`;
};

function toInsert(user: OldUser): string {
  const row = { username: `user${user.id}`, ...missing, ...user };
  return `insert into users_user (${Object.keys(row).join(", ")}) values (${Object.values(row).map(literal).join(", ")})`;
}

/** The old backend's tables in a PostgreSQL database of their own, or a copy of another one. */
export async function createPostgresProject(copyOf?: PostgresProject): Promise<PostgresProject> {
  const database = await createTestDatabase(copyOf ? { copyOf: copyOf.database } : { isEmpty: true });
  const { host, port, user, password, database: name } = database.connection;
  const run = async (statement: string) => void (await database.query(statement));
  if (!copyOf) await run(tables(false));
  const source = `postgres://${user}:${encodeURIComponent(String(password ?? ""))}@${host}:${port}/${name}`;
  return {
    source,
    run,
    database,
    rest: database.rest,
    insert: (...users) => run(users.map(toInsert).join(";\n")),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** The same in a SQLite file, where Django writes times without a zone. */
export async function createSqliteProject(): Promise<OldProject> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-old-"));
  const path = join(folder, "db.sqlite3");
  const database = new DatabaseSync(path);
  const run = async (statement: string) => database.exec(statement);
  await run(tables(true));
  const withoutZone = (user: OldUser): OldUser => ({ date_joined: "2020-01-02 03:04:05.678901", ...user });
  return {
    source: `sqlite:${path}`,
    run,
    insert: (...users) => run(`begin;\n${users.map((user) => toInsert(withoutZone(user))).join(";\n")};\ncommit`),
    async [Symbol.asyncDispose]() {
      database.close();
      await rm(folder, { recursive: true });
    },
  };
}
