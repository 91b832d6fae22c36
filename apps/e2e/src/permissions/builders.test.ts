import type { RequestInfo } from "@latchkey/auth";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { modelProcedures, permittedProcedure, router, staffProcedure } from "../../../api/src/trpc.ts";
import type { LiveServer } from "../live-server.ts";
import { startNotesServer } from "../notes/notes-server.ts";
import { createPerson, password } from "./accounts-in-core.ts";
import { ask, outcomeOf } from "./call-as.ts";

let live: LiveServer;
beforeAll(async () => {
  live = await startNotesServer();
});
afterAll(() => live[Symbol.asyncDispose]());

const group = modelProcedures("auth.group");
const readable = modelProcedures.orAnonReadOnly("auth.group");

const sample = router({
  staff: staffProcedure.query(({ ctx }) => ctx.user.username),
  permitted: permittedProcedure("auth.view_auditevent").query(({ ctx }) => ctx.user.username),
  view: group.view.query(() => "view"),
  add: group.add.query(() => "add"),
  change: group.change.query(() => "change"),
  delete: group.delete.query(() => "delete"),
  readableView: readable.view.query(({ ctx }) => ctx.user?.username ?? null),
  readableAdd: readable.add.query(() => "add"),
});

/** The sample's procedures as they answer somebody with these headers. */
function callAs(...authorization: string[]) {
  const facts: RequestInfo = live.test.facts;
  return sample.createCaller({ latchkey: { auth: live.test.auth, authorization, facts } });
}

const denied = { code: "FORBIDDEN", cause: { code: "permission_denied" } };

test("staffProcedure is for staff, whatever else they hold, and no superuser comes in without the mark", async () => {
  const staff = await createPerson(live.test, { isStaff: true });
  expect(await callAs(`Bearer ${staff.token}`).staff()).toBe(staff.username);
  for (const facts of [{}, { isSuperuser: true }, { permissions: ["auth.view_user"] }]) {
    const { token } = await createPerson(live.test, facts);
    await expect(callAs(`Bearer ${token}`).staff()).rejects.toMatchObject(denied);
  }
  await expect(callAs().staff()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
});

test("permittedProcedure names the permission that was missing", async () => {
  const { token } = await createPerson(live.test);
  const refusal = { ...denied, message: "This needs the permission auth.view_auditevent" };
  await expect(callAs(`Bearer ${token}`).permitted()).rejects.toMatchObject(refusal);
});

test("modelProcedures asks for each action's own permission, to view as well", async () => {
  const actions = ["view", "add", "change", "delete"] as const;
  for (const action of actions) {
    const { token } = await createPerson(live.test, { permissions: [`auth.${action}_group`] });
    const caller = callAs(`Bearer ${token}`);
    expect(await caller[action]()).toBe(action);
    for (const other of actions.filter((other) => other !== action)) {
      await expect(caller[other]()).rejects.toMatchObject(denied);
    }
  }
});

describe("modelProcedures.orAnonReadOnly", () => {
  test("lets anybody view, knows who it is, and asks for a permission to write", async () => {
    const person = await createPerson(live.test);
    expect(await callAs().readableView()).toBeNull();
    expect(await callAs(`Bearer ${person.token}`).readableView()).toBe(person.username);
    await expect(callAs().readableAdd()).rejects.toMatchObject({ cause: { code: "token_missing" } });
    await expect(callAs(`Bearer ${person.token}`).readableAdd()).rejects.toMatchObject(denied);
  });

  // As Django REST Framework's authenticate(), which answers None to credentials that are not its own.
  test.each(["Basic YWxpY2U6cGFzc3dvcmQ=", "Token abc", "", "Bearerx abc"])(
    "takes %j for nobody, since those are no credentials of ours",
    async (header) => {
      expect(await callAs(header).readableView()).toBeNull();
      await expect(callAs(header).readableAdd()).rejects.toMatchObject({ cause: { code: "token_missing" } });
    },
  );

  test.each([
    [["Bearer"]],
    [["Bearer abc"]],
    [["Bearer a.b.c"]],
    [["Bearer a.b.c", "Bearer a.b.c"]],
    [["Basic a", "Basic b"]],
  ])("takes %j for a bad token, and not for nobody", async (headers) => {
    await expect(callAs(...headers).readableView()).rejects.toMatchObject({ cause: { code: "token_invalid" } });
  });
});

describe("notes.list", () => {
  const list = (options: Parameters<typeof ask>[2]) => ask(live, "notes.list", options);

  test("answers 401 to a token that is bad, has expired, was signed out or belongs to somebody disabled", async () => {
    const { id, token, refreshToken } = await createPerson(live.test);
    const ofDisabled = await createPerson(live.test);
    const boss = await createPerson(live.test, { isSuperuser: true });
    const listOwn = async (token: string) => outcomeOf(await ask(live, "notes.list", { token }));
    expect(id).not.toBe(boss.id);

    expect(await listOwn(token)).toBe("ok");
    expect(await listOwn(`${token.slice(0, -4)}AAAA`)).toBe("401 token_invalid");
    await ask(live, "users.update", { input: { id: ofDisabled.id, changes: { isActive: false } }, token: boss.token });
    expect(await listOwn(ofDisabled.token)).toBe("401 account_disabled");
    await ask(live, "token.revoke", { input: { refreshToken } });
    expect(await listOwn(token)).toBe("401 session_ended");
    await live.test.clock.advance(3_600);
    expect(await listOwn(boss.token)).toBe("401 token_expired");
    expect(outcomeOf(await ask(live, "notes.list"))).toBe("ok");
  });

  test("over HTTP takes another scheme for nobody", async () => {
    const basic = Buffer.from(`alice:${password}`).toString("base64");
    expect(outcomeOf(await list({ headers: { authorization: `Basic ${basic}` } }))).toBe("ok");
  });
});
