import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createTestAuth } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { importPeople } from "./import-people.ts";
import { usual } from "./testing/usual-options.ts";

/** Debian's, for which its python3-django is. */
const python = "/usr/bin/python3";
const hasDjango = spawnSync(python, ["-c", "import django"]).status === 0;
if (!hasDjango) console.warn("Django is missing (Debian's python3-django): the test with a real one is skipped.");

interface Person {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly letIn: boolean;
}

const maker = fileURLToPath(new URL("testing/make_django_project.py", import.meta.url));

test.skipIf(!hasDjango)(
  "whom a real Django let in signs in here with what they typed there, and nobody else does",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-django-"));
    const file = join(folder, "db.sqlite3");
    const { stdout } = await promisify(execFile)(python, [maker, file]);
    const people: Person[] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(people.length).toBeGreaterThan(15);
    await using service = await createTestAuth({
      phones: { defaultCountry: "TR" },
      permissions: ["users.publish_user"],
    });
    const run = (options = {}) =>
      importPeople(service.auth, {
        ...usual,
        connection: service.database.connection,
        source: `sqlite:${file}`,
        accept: ["all"],
        ...options,
      });

    expect((await run({ accept: [], apply: false })).exitCode).toBe(4);
    expect(await run()).toMatchObject({ created: people.length, exitCode: 0 });
    for (const { id, username, password, letIn } of people) {
      const signIn = service.auth.signIn({ username, password }, service.facts);
      if (!letIn) {
        await expect(signIn, username).rejects.toMatchObject({ code: "invalid_credentials" });
        continue;
      }
      const { user } = (await signIn) as { user: { id: string } };
      const [row] = await service.database.query("select old_id from latchkey.imported_users where user_id = $1", [
        user.id,
      ]);
      expect(row, username).toEqual({ old_id: id });
      const wrong = service.auth.signIn({ username, password: `${password}.` }, service.facts);
      await expect(wrong, username).rejects.toMatchObject({ code: "invalid_credentials" });
    }
    const [clerks] = await service.database.query(
      `select array(select permission from latchkey.group_permissions) as permissions,
      array(select username from latchkey.users u join latchkey.user_groups m on m.user_id = u.id) as members`,
    );
    expect(clerks).toEqual({ permissions: ["users.publish_user"], members: ["clerk"] });
    expect(await run()).toMatchObject({ created: 0, totals: { settled: people.length } });
    await rm(folder, { recursive: true });
  },
);
