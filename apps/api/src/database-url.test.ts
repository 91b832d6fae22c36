import { describe, expect, it } from "vitest";
import { findDatabaseUrlFault, findUnreadVariables, readDatabaseUrl } from "./database-url.ts";

describe("an address is refused in one line that names what is wrong with it and not its password,", () => {
  it.each<[title: string, url: string, fault: RegExp]>([
    ["of another kind", "mysql://u:hunter2@localhost/a", /must look like postgres:/],
    ["of several hosts", "postgres://u:hunter2@a:5432,b:5432/a", /names several hosts.*primary/],
    ["of several hosts without ports", "postgres://u:hunter2@a,b/a", /names several hosts/],
    ["of several hosts in a parameter", "postgres://u:hunter2@/a?host=a,b", /names several hosts/],
    [
      "of a standby",
      "postgres://u:hunter2@a/a?target_session_attrs=standby",
      /target_session_attrs read-write or primary/,
    ],
    ["of a socket in the driver's form", "socket:/run/postgresql?db=a&password=hunter2", /\?host=\/var\/run/],
    ["of a socket by its path", "/var/run/postgresql", /\?host=\/var\/run/],
    [
      "with a certificate that is not there",
      "postgres://u:hunter2@a/a?sslrootcert=/nowhere/ca.pem",
      /sslrootcert \/nowhere\/ca\.pem.*ENOENT/,
    ],
    [
      "with a time that would not count",
      "postgres://u:hunter2@a/a?connect_timeout=10",
      /connect_timeout, which is not taken: a connection is given/,
    ],
    ["with a word for another driver", "postgres://u:hunter2@a/a?pgbouncer=true", /PREPARED_STATEMENTS=off/],
    [
      "with a parameter that is not known",
      "postgres://u:hunter2@a/a?sslmod=require",
      /parameter sslmod, which is not taken/,
    ],
    [
      "with a way of TLS that is not known",
      "postgres://u:hunter2@a/a?sslmode=yes",
      /sslmode that is none of disable, /,
    ],
    ["with a pool of nothing", "postgres://u:hunter2@a/a?max=0", /max that is no number from 1/],
  ])("%s", (_title, url, fault) => {
    const line = findDatabaseUrlFault(url) ?? "";
    expect(line).toMatch(fault);
    expect(line).not.toMatch(/hunter2|\n/);
  });
});

const noVariables = {};

describe("an address is taken", () => {
  it.each([
    ["postgres://u:p@a:5433/db", "PostgreSQL at a:5433/db"],
    ["postgresql:///db", "PostgreSQL at localhost/db"],
    ["postgres:///db?host=/var/run/postgresql", "PostgreSQL at /var/run/postgresql/db"],
    ["postgres://u@/db?host=/var/run/postgresql", "PostgreSQL at /var/run/postgresql/db"],
    ["postgres://%2Fvar%2Frun%2Fpostgresql/db", "PostgreSQL at /var/run/postgresql/db"],
    ["postgres://u:p@[::1]:5433/db?target_session_attrs=read-write", "PostgreSQL at [::1]:5433/db"],
  ])("%s", (url, place) => {
    expect(findDatabaseUrlFault(url)).toBeNull();
    expect(readDatabaseUrl(url, noVariables)).toMatchObject({ place, max: undefined });
  });

  it.each(["prefer", "require", "verify-ca", "verify-full"])("with TLS that is verified as sslmode=%s", (mode) => {
    const { connectionString } = readDatabaseUrl(`postgres://u:p@a/db?sslmode=${mode}`, noVariables);
    expect(connectionString).toBe("postgres://u:p@a/db?sslmode=verify-full");
  });

  it("with another sslmode as it is, and as PostgreSQL's own programs read it where that is asked for", () => {
    for (const rest of ["sslmode=disable", "sslmode=no-verify", "uselibpqcompat=true&sslmode=require"])
      expect(readDatabaseUrl(`postgres://u:p@a/db?${rest}`, noVariables).connectionString).toContain(rest);
  });

  it("with what it leaves out from PGHOST and its like, and those that are not read are named", () => {
    const variables = { PGHOST: "db.internal", PGPORT: "6432", PGDATABASE: "people", PGPASSWORD: "hunter2" };
    expect(findUnreadVariables("postgres:///", variables)).toEqual([]);
    expect(readDatabaseUrl("postgres:///", variables).place).toBe("PostgreSQL at db.internal:6432/people");
    const unread = { PGHOST: "a,b", PGSERVICE: "s", PGSSLROOTCERT: "/ca", PGTARGETSESSIONATTRS: "standby" };
    expect(findUnreadVariables("postgres:///", unread)).toHaveLength(4);
    expect(findUnreadVariables("postgres://a/b", unread)).toEqual([]);
  });

  it("with the size of its pool, which the driver is not told", () => {
    const read = readDatabaseUrl("postgres://a/b?max=4&sslmode=verify-full&target_session_attrs=primary", noVariables);
    expect(read).toMatchObject({ max: 4, connectionString: "postgres://a/b?sslmode=verify-full" });
    const system = readDatabaseUrl("postgres://a/b?sslrootcert=system", noVariables);
    expect(system.connectionString).toBe("postgres://a/b?sslmode=verify-full");
  });
});
