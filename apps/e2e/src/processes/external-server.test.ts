import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { call } from "../live-server.ts";
import { createEmptyDatabase, queryOnce } from "./external-database.ts";
import { createInstallation } from "./installation.ts";
import { createUser, obtainToken } from "./people.ts";

describe("two services that start at the same moment on an empty database of another server", () => {
  it("share one schema, one key and the people, and run no PostgreSQL of their own", async () => {
    await using database = await createEmptyDatabase();
    await using installation = await createInstallation({ DATABASE_URL: database.url });
    const services = await Promise.all([installation.start(), installation.start()]);
    await createUser(installation, "--username", "alice");
    for (const issuer of services) {
      const token = await obtainToken(issuer.url, "alice");
      for (const { url } of services) expect(await call(url, "me.get", { token })).toMatchObject({ status: 200 });
    }
    expect(
      await queryOnce({ connectionString: database.url }, "select count(*)::int from latchkey.signing_keys"),
    ).toEqual([{ count: 1 }]);
    expect(await readdir(installation.dataDir)).toEqual(["secret"]);
    expect(await installation.findPostgres()).toBeUndefined();

    const { pathname, host, password } = new URL(database.url);
    expect(services[0]?.log()[0]).toMatchObject({ database: `PostgreSQL at ${host}${pathname}` });
    const ends = await Promise.all(services.map((service) => service.stop()));
    expect(ends).toMatchObject([{ code: 0 }, { code: 0 }]);
    for (const { stdout, stderr } of ends) expect(stdout + stderr).not.toContain(password);
  });
});
