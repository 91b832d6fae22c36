import { createInbox } from "@latchkey/auth/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createFormClient, type FormClient } from "./form-client.ts";

const [password, thiefs] = ["correct horse battery", "the intruder's own"];
const inbox = createInbox();
let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer({ messages: { senders: { sms: inbox }, isEnforced: false } });
});
afterAll(() => live?.[Symbol.asyncDispose]());

let people = 0;
let owner: { readonly id: string; readonly username: string; readonly phoneNumber: string };
let laptop: FormClient;
beforeEach(async () => {
  people += 1;
  const [username, phoneNumber] = [`robbed${people}`, `+90532177${String(people).padStart(4, "0")}`];
  const { id } = await live.test.auth.createUser({ username, phoneNumber, password });
  await live.test.database.query(
    "update latchkey.users set phone_vouched_at = null, phone_proved_at = latchkey.now() where id = $1",
    [id],
  );
  owner = { id, username, phoneNumber };
  laptop = createFormClient(live.url);
  expect((await send(laptop, "/sign-in", { username, password })).status).toBe(303);
});

let forms = 0;
const send = (client: FormClient, path: string, fields: Record<string, string>) =>
  client.post(`/cookie${path}`, { form: String(++forms), ...fields });
const placeOf = (response: Response) => response.headers.get("location") ?? "";

/** Whoever has the SIM resets the password by the pages, and signs in. */
async function reset(client = createFormClient(live.url)): Promise<FormClient> {
  const asked = await send(client, "/reset", { username: owner.username });
  const { code } = await inbox.take(owner.phoneNumber);
  expect(placeOf(await send(client, placeOf(asked), { code, newPassword: thiefs }))).toContain("done=reset");
  expect((await send(client, "/sign-in", { username: owner.username, password: thiefs })).status).toBe(303);
  return client;
}

async function isHeld(): Promise<boolean> {
  const held = "select from latchkey.former_passwords where user_id = $1 and held_at is not null";
  return (await live.test.database.query(held, [owner.id])).length > 0;
}

describe.skipIf(!isService)("the page for what somebody else did", () => {
  test("is found where somebody looks whose password is not good any more", async () => {
    for (const path of ["/reset", "/reset/given"]) {
      const text = await (await laptop.get(path)).text();
      expect(text, path).toContain('href="/not-me"');
    }
    expect((await laptop.get("/not-me")).status).toBe(200);
  });

  test("holds a reset with the password from before, in the browser that had signed in, and lets it go on by the same", async () => {
    await reset();
    const held = await send(laptop, "/not-me", { username: owner.username, password });
    expect(held.status).toBe(200);
    expect(await held.text()).toMatch(/The reset is held.*<time datetime/s);
    expect(await isHeld()).toBe(true);
    const released = await send(laptop, "/not-me", { username: owner.username, password, release: "yes" });
    expect(placeOf(released)).toBe("/not-me?done=released");
    expect(await (await laptop.get(placeOf(released))).text()).toContain("not held any more");
    expect(await isHeld()).toBe(false);
    // Nobody is signed in by it.
    expect(placeOf(await laptop.get("/account"))).toContain("/cookie/renew");
  });

  test("is told of in the language of the pages that its owner reads", async () => {
    await live.test.database.query("delete from latchkey.sessions where user_id = $1", [owner.id]);
    const reader = createFormClient(live.url);
    expect((await send(reader, "/sign-in?language=tr", { username: owner.username, password })).status).toBe(303);
    await reset();
    await expect
      .poll(() => inbox.notices.filter(({ to }) => to === owner.phoneNumber).map(({ kind, locale }) => [kind, locale]))
      .toContainEqual(["password_reset", "tr"]);
  });

  test("answers alike for a stranger, another password, a browser that was not known, and where there was no reset", async () => {
    const before = await send(laptop, "/not-me", { username: owner.username, password });
    const thief = await reset();
    const answers = [
      before,
      await send(laptop, "/not-me", { username: "nobody_at_all", password }),
      await send(laptop, "/not-me", { username: owner.username, password: thiefs }),
      await send(thief, "/not-me", { username: owner.username, password }),
      await send(createFormClient(live.url), "/not-me", { username: owner.username, password }),
    ];
    const texts = answers.map(async (answer) =>
      (await answer.text())
        .replace(/name="form" value="[^"]+"/g, "")
        .replaceAll(owner.username, "NAME")
        .replaceAll("nobody_at_all", "NAME"),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]));
    expect(new Set(await Promise.all(texts)).size).toBe(1);
    expect(await texts[0]).toContain("That does not fit");
    expect(await isHeld()).toBe(false);
  });

  test("stops what waits from a browser that had signed in, and says the same to every other", async () => {
    const count = async () =>
      (await live.test.database.query("select from latchkey.pending_changes where user_id = $1", [owner.id])).length;
    const thief = await reset();
    const removal = await send(thief, "/account/contact", { kind: "phone", remove: "yes" });
    expect(placeOf(removal)).toBe("/account/contact?done=waits");
    expect(await count()).toBe(1);
    const stranger = createFormClient(live.url);
    const answers = [
      await send(stranger, "/not-me", { username: owner.username, stop: "yes" }),
      await send(stranger, "/not-me", { username: "nobody_at_all", stop: "yes" }),
    ];
    expect(await count()).toBe(1);
    answers.push(await send(laptop, "/not-me", { username: owner.username, stop: "yes" }));
    expect(answers.map(placeOf)).toEqual(Array(3).fill("/not-me?done=stopped"));
    expect(await count()).toBe(0);
  });

  test("does nothing with a form of another site, and says what is missing beside its field", async () => {
    await reset();
    const fields = { username: owner.username, password, form: "x" };
    const foreign = await laptop.post("/cookie/not-me", fields, {
      origin: "https://evil.example",
      "sec-fetch-site": "cross-site",
    });
    expect([foreign.status, await isHeld()]).toEqual([403, false]);
    const empty = await send(laptop, "/not-me", { username: "", stop: "yes" });
    expect(empty.status).toBe(400);
    expect(await empty.text()).toContain('aria-describedby="stop-username-fault"');
  });
});
