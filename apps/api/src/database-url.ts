import { readFileSync } from "node:fs";
import { isPostgresUrl, parsePostgresUrl, sayHowToVerify } from "@latchkey/auth/internal";

type Variables = Readonly<Record<string, string | undefined>>;

/** What `DATABASE_URL` says beside the connection itself. */
export interface DatabaseUrl {
  /** As the driver takes it. */
  readonly connectionString: string;
  /** Connections at most, where it says. */
  readonly max: number | undefined;
  /** Where the database is, for a person; without the password. */
  readonly place: string;
}

/** What the driver takes as it is. */
const taken = [
  "application_name",
  "host",
  "options",
  "password",
  "port",
  "ssl",
  "sslcert",
  "sslkey",
  "sslmode",
  "sslnegotiation",
  "sslrootcert",
  "uselibpqcompat",
  "user",
];

const modes = ["disable", "no-verify", "prefer", "require", "verify-ca", "verify-full"];

/** What is read here, and not passed on. */
const readHere = ["max", "target_session_attrs"];

const files = ["sslrootcert", "sslcert", "sslkey"];

/** Says what would be passed over without a word, and so surprise: with a reason where there is one. */
const untaken: Readonly<Record<string, string>> = {
  connect_timeout: "a connection is given 2.5 seconds to open",
  hostaddr: "name the address as the host",
  passfile: "set PGPASSFILE",
  service: "write what the service file says into DATABASE_URL",
  client_encoding: "it is always UTF-8",
  pgbouncer: "set PREPARED_STATEMENTS=off",
  schema: "the schema is always latchkey",
};

/** Variables of PostgreSQL's own programs that the driver does not read, for an address that leaves things to them. */
const unread: Readonly<Record<string, string>> = {
  PGHOSTADDR: "set PGHOST",
  PGSERVICE: "write what the service file says into DATABASE_URL",
  PGSSLROOTCERT: "write sslrootcert into DATABASE_URL",
  PGSSLCERT: "write sslcert into DATABASE_URL",
  PGSSLKEY: "write sslkey into DATABASE_URL",
};

const severalHosts =
  "names several hosts, of which none is tried in turn: name one address that always leads to the primary, such as HAProxy's, PgBouncer's or your provider's";

/** Why `DATABASE_URL` cannot be used, in words that go on after its name; null when it can. The password is never in it. */
export function findDatabaseUrlFault(value: string): string | null {
  if (/^(socket:|\/)/.test(value))
    return "names a socket in a form that is not taken: write postgres://user@/database?host=/var/run/postgresql";
  if (!/^postgres(ql)?:\/\//.test(value)) return mustLookLike;
  if (namesSeveralHosts(value)) return severalHosts;
  if (!isPostgresUrl(value)) return mustLookLike;
  const { searchParams } = parsePostgresUrl(value);
  for (const [name, text] of searchParams) {
    const fault = findParameterFault(name, text);
    if (fault !== null) return fault;
  }
  return null;
}

/** Which variables of PostgreSQL's own programs are set that an address without a host would be expected to read, and does not. */
export function findUnreadVariables(value: string, variables: Variables): string[] {
  if (!isPostgresUrl(value)) return [];
  const { hostname, searchParams } = parsePostgresUrl(value);
  if (hostname !== "" || searchParams.has("host")) return [];
  const faults = Object.entries(unread).flatMap(([name, advice]) =>
    variables[name] ? `${name} is not read: ${advice}` : [],
  );
  const attributes = variables.PGTARGETSESSIONATTRS;
  return [
    ...faults,
    ...(variables.PGHOST?.includes(",") ? [`PGHOST ${severalHosts}`] : []),
    ...(attributes && !isPrimary(attributes) ? [`PGTARGETSESSIONATTRS must be read-write or primary`] : []),
  ];
}

/** Takes an address apart that {@link findDatabaseUrlFault} has nothing against. */
export function readDatabaseUrl(value: string, variables: Variables): DatabaseUrl {
  const url = parsePostgresUrl(value);
  const max = url.searchParams.get("max");
  for (const name of readHere) url.searchParams.delete(name);
  sayHowToVerify(url);
  return { connectionString: url.href, max: max === null ? undefined : Number(max), place: describe(url, variables) };
}

const mustLookLike = "must look like postgres://user:password@host:5432/database";

const namesSeveralHosts = (value: string) => {
  const authority = /^postgres(?:ql)?:\/\/([^/?#]*)/.exec(value)?.[1] ?? "";
  return authority.slice(authority.lastIndexOf("@") + 1).includes(",") || /[?&](host|port)=[^&]*(,|%2C)/i.test(value);
};

const isPrimary = (attributes: string) => ["read-write", "primary", "any"].includes(attributes);

function findParameterFault(name: string, text: string): string | null {
  if (name === "max") return /^[1-9]\d{0,2}$/.test(text) ? null : "has a max that is no number from 1 to 999";
  if (name === "target_session_attrs")
    return isPrimary(text)
      ? null
      : "must have the target_session_attrs read-write or primary: nothing is answered from a standby";
  if (name === "sslmode" && !modes.includes(text)) return `has an sslmode that is none of ${modes.join(", ")}`;
  if (!taken.includes(name)) {
    const reason = untaken[name];
    return `has the parameter ${name.slice(0, 40)}, which is not taken${reason ? `: ${reason}` : ""}`;
  }
  if (!files.includes(name) || (name === "sslrootcert" && text === "system")) return null;
  const code = findReadError(text);
  return code === null ? null : `has the ${name} ${text.slice(0, 200)}, which cannot be read (${code})`;
}

function findReadError(path: string): string | null {
  try {
    readFileSync(path);
    return null;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "no such file";
  }
}

/** Parts that are left out come from the environment, as for PostgreSQL's own programs. */
function describe({ host, pathname, searchParams }: URL, variables: Variables): string {
  const { PGHOST = "localhost", PGPORT } = variables;
  const port = searchParams.get("port") ?? PGPORT;
  const named = host || `${searchParams.get("host") ?? PGHOST}${port ? `:${port}` : ""}`;
  const database = pathname.length > 1 ? pathname : variables.PGDATABASE ? `/${variables.PGDATABASE}` : "";
  return `PostgreSQL at ${decodeURIComponent(named)}${database}`;
}
