import { expect, test } from "vitest";
import { ask } from "../permissions/call-as.ts";
import { obtainToken, register } from "../processes/accounts-by-cli.ts";
import { createMigratedDatabase, queryOnce } from "../processes/external-database.ts";
import { createInstallation } from "../processes/installation.ts";

/** What the example of earlier releases left behind: its table, and its permissions, of which somebody holds one. */
const leftBehind = `
  create schema notes;
  create table notes.notes (
    id uuid primary key,
    author_id uuid references latchkey.users (id) on delete set null,
    title text not null check (char_length(title) between 1 and 200),
    body text not null check (char_length(body) <= 10000),
    created_at timestamptz not null default latchkey.now()
  );
  create index notes_created_at on notes.notes (created_at, id);
  insert into latchkey.permissions select 'notes.' || action || '_note' from unnest(array['add', 'change', 'delete', 'view']) action;
`;

const writeNote = `
  insert into latchkey.user_permissions (user_id, permission) select id, 'notes.add_note' from latchkey.users;
  insert into notes.notes (id, author_id, title, body) select gen_random_uuid(), id, 'Keys', '' from latchkey.users;
`;

test("a database with the notes of an earlier release is used as it is, and loses their permissions when it is told to", async () => {
  await using database = await createMigratedDatabase();
  const query = (text: string) => queryOnce({ connectionString: database.url }, text);
  const permissions = ["add", "change", "delete", "view"].map((action) => `notes.${action}_note`);
  await using installation = await createInstallation({ DATABASE_URL: database.url }, { keepsCommandLine: true });
  await query(leftBehind);
  const service = await installation.start();
  await register(service.url, "alice");
  await query(writeNote);
  const token = await obtainToken(service.url, "alice");
  const held = async () => (await ask(service, "me.permissions", { token })).body;
  expect(await held()).toEqual(["notes.add_note"]);
  const { code, stdout } = await installation.run(["sync-permissions", "--prune", "--yes", "--json"]);
  expect({ code, answer: JSON.parse(stdout) }).toEqual({ code: 0, answer: { added: [], removed: permissions } });
  expect(await held()).toEqual([]);
  const { code: stopped, stderr } = await service.stop();
  expect({ code: stopped, stderr: stderr.match(/warn|error|notes/gi) }).toEqual({ code: 0, stderr: null });
  expect(await query("select title from notes.notes")).toEqual([{ title: "Keys" }]);
});
