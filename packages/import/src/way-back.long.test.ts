import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createTestAuth } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { exportToDjango } from "./export-to-django.ts";
import { importPeople } from "./import-people.ts";
import { pbkdf2 } from "./testing/odd-people.ts";
import { hasModules, runBackend } from "./testing/real-django.ts";
import { usual } from "./testing/usual-options.ts";

test.skipIf(!hasModules("django"))(
  "a real Django without bcrypt lets people in by the passwords that they set here, once it has what was exported",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-django-"));
    const file = join(folder, "db.sqlite3");
    const decomposed = "Crème brûlée 42".normalize("NFD");
    await runBackend(file, "make", [
      { id: 7, username: "ada", password: pbkdf2("first password", "salt") },
      { id: 8, username: "bob", password: pbkdf2("second password", "salt") },
    ]);
    await using service = await createTestAuth({ passwords: { format: "pbkdf2_sha256" } });
    const [connection, source] = [service.database.connection, `sqlite:${file}`];
    await importPeople(service.auth, { ...usual, accept: ["all"], connection, source });
    await service.auth.signIn({ username: "bob", password: "second password" }, service.facts);
    await service.auth.operator.changePassword("ada", decomposed);
    await service.auth.createUser({ username: "of_here", password: "a long enough one" });

    let script = "";
    for await (const text of exportToDjango(service.auth, { source, name: "django", map: {}, connection }))
      script += text;
    const old = new DatabaseSync(file);
    old.exec(script);
    old.close();
    const attempts = [
      { name: "ada", password: decomposed },
      { name: "ada", password: "first password" },
      { name: "bob", password: "second password" },
      { name: "of_here", password: "a long enough one" },
    ];
    const answers = await runBackend(file, "sign-in", attempts, { WITHOUT_BCRYPT: "1" });
    expect(answers.map((line) => JSON.parse(line) as unknown)).toEqual([7, null, 8, 9]);
    await rm(folder, { recursive: true });
  },
);
