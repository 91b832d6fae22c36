import { afterAll, beforeAll, expect, test } from "vitest";
import type { LiveServer } from "../live-server.ts";
import { startNotesServer } from "../notes/notes-server.ts";
import { createPerson, type Person } from "./accounts-in-core.ts";
import { ask, outcomeOf } from "./call-as.ts";

let live: LiveServer;
let writer: Person;
beforeAll(async () => {
  live = await startNotesServer();
  writer = await createPerson(live.test, { permissions: ["notes.add_note", "notes.change_note", "notes.delete_note"] });
});
afterAll(() => live[Symbol.asyncDispose]());

const write = (procedure: string, input: unknown) => ask(live, procedure, { input, token: writer.token });
const nobody = "01999999-9999-7999-8999-999999999999";

test("notes are written, read by anybody, changed and deleted", async () => {
  const created = (await write("notes.create", { title: "Milk", body: "Two bottles" })).body;
  expect(created).toEqual({
    id: expect.any(String),
    authorId: writer.id,
    title: "Milk",
    body: "Two bottles",
    createdAt: expect.stringMatching(/Z$/),
  });
  const { id } = created;
  expect((await ask(live, "notes.list")).body).toContainEqual(created);
  expect((await write("notes.update", { id, body: "Three" })).body).toEqual({ ...created, body: "Three" });
  expect((await write("notes.update", { id })).body).toEqual({ ...created, body: "Three" });
  expect((await write("notes.delete", { id })).body).toEqual({});
  expect((await ask(live, "notes.list")).body).toEqual([]);
});

test("the newest come first, and no more than were asked for", async () => {
  for (const title of ["a", "b", "c"]) await write("notes.create", { title, body: "x" });
  const { body } = await ask(live, "notes.list", { input: { limit: 2 } });
  expect(body.map((note: { title: string }) => note.title)).toEqual(["c", "b"]);
});

test("a note outlives whoever wrote it", async () => {
  const author = await createPerson(live.test, { permissions: ["notes.add_note"] });
  const { id } = (await ask(live, "notes.create", { input: { title: "a", body: "b" }, token: author.token })).body;
  const boss = await createPerson(live.test, { isSuperuser: true });
  await ask(live, "users.delete", { input: { id: author.id }, token: boss.token });
  expect((await ask(live, "notes.list")).body).toContainEqual(expect.objectContaining({ id, authorId: null }));
});

test.each([
  ["notes.update", { title: "x" }],
  ["notes.delete", {}],
])("%s says of a note that is not there that it is not found", async (procedure, input) => {
  expect(outcomeOf(await write(procedure, { id: nobody, ...input }))).toBe("404 not_found");
  expect(outcomeOf(await write(procedure, { id: "1", ...input }))).toBe("400 invalid_input");
});

test.each([
  { title: "", body: "b" },
  { title: "x".repeat(201), body: "b" },
  { title: "a", body: "x".repeat(10_001) },
  { title: "a\0", body: "b" },
  { title: "a" },
  { title: "a", body: "b", authorId: nobody },
])("notes.create refuses %j", async (input) => {
  expect(outcomeOf(await write("notes.create", input))).toBe("400 invalid_input");
});

test("notes.list refuses a limit beyond a page", async () => {
  expect(outcomeOf(await ask(live, "notes.list", { input: { limit: 101 } }))).toBe("400 invalid_input");
});
