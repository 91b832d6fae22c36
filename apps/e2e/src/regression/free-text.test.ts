import { afterAll, expect, test } from "vitest";
import { password, signUp } from "../http/accounts-over-http.ts";
import { call } from "../live-server.ts";
import { startNotesServer } from "../notes/notes-server.ts";

const live = await startNotesServer();
const { url, test: service } = live;
afterAll(() => live[Symbol.asyncDispose]());

const misleading = ["a\u001b[2Jb", "a\u0007", "a\u0085", "a\nb", "\u202egnp.exe", "\u2066a", "a\u2069", "a\u2028b"];
const refusal = { status: 400, body: { data: { reason: "invalid_input" } } };

test("controls and what turns the direction of text were stored in profiles, and are refused wherever free text is", async () => {
  const { token, user } = await signUp(live, { username: "chief", isSuperuser: true });
  for (const text of misleading) {
    for (const field of ["firstName", "lastName", "country", "city", "state"]) {
      const changes = { [field]: text };
      expect(await call(url, "me.update", { token, input: changes })).toMatchObject(refusal);
      expect(await call(url, "users.update", { token, input: { id: user.id, changes } })).toMatchObject(refusal);
      const person = { username: "stranger", password, ...changes };
      expect(await call(url, "account.register", { input: person })).toMatchObject(refusal);
    }
    expect(await call(url, "groups.create", { token, input: { name: `x${text}y`, permissions: [] } })).toMatchObject(
      refusal,
    );
    expect(await call(url, "notes.create", { token, input: { title: text, body: "x" } })).toMatchObject(refusal);
    const body = text.replace("\n", "\u0000");
    expect(await call(url, "notes.create", { token, input: { title: "x", body } })).toMatchObject(refusal);
  }
  const [{ count } = { count: null }] = await service.database.query(
    "select count(*)::int as count from latchkey.users",
  );
  expect(count).toBe(1);
});

test("a program that hands such text to the core is refused as the procedures refuse it", async () => {
  for (const text of [...misleading, "a\u0000b", "half \ud83d"]) {
    for (const field of ["firstName", "lastName", "country", "city", "state"]) {
      const profile = { [field]: text };
      const refused = { code: "invalid_input", issues: [{ path: [field] }] };
      await expect(service.auth.createUser({ username: "imported", password, profile })).rejects.toMatchObject(refused);
    }
  }
  const profile = { city: "İzmir" };
  expect(await service.auth.createUser({ username: "imported", password, profile })).toMatchObject(profile);
});

test("names and places of every language are taken as they are", async () => {
  const { token } = await signUp(live, { username: "people" });
  const changes = {
    firstName: "علی\u200cرضا",
    lastName: "O’Brien-Şahin",
    city: "東京\u3000都",
    state: "क्\u200dष \u200fתל אביב",
  };
  const { status, body } = await call(url, "me.update", { token, input: changes });
  expect([status, body]).toEqual([200, expect.objectContaining(changes)]);
  const note = { title: "x", body: "two\nlines\tand a tab" };
  const { token: chief } = await signUp(live, { username: "writer", isSuperuser: true });
  expect((await call(url, "notes.create", { token: chief, input: note })).body).toMatchObject(note);
});
