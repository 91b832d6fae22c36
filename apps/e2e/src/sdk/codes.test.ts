import { createInbox } from "@latchkey/auth/testing";
import { createAuthClient, isAuthError } from "@latchkey/client";
import { withCodes } from "@latchkey/client/codes";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { holdAnswer } from "./hold-answer.ts";
import { createNetwork } from "./sdk-process.ts";

const password = "correct horse battery";
const inbox = createInbox();
let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer({ messages: { senders: { sms: inbox }, isEnforced: false } });
});
afterAll(() => live[Symbol.asyncDispose]());

const open = () => withCodes(createAuthClient({ url: live.url }));

let numbers = 0;
const newNumber = () => `+9053244${String(++numbers).padStart(5, "0")}`;
const readCode = async (to: string) => (await inbox.take(to)).code;
const wrongOf = (code: string) => (code === "000000" ? "111111" : "000000");

/** Somebody who registers by a number, and the client that they did it with. */
async function register(to: string) {
  const auth = open();
  const sent = await auth.startCode({ to });
  const outcome = await sent.confirm(await readCode(to));
  if (outcome.next !== "register") throw new Error(`is asked for ${outcome.next}`);
  const { user } = await auth.api.account.register.mutate({ ticket: outcome.ticket, firstName: "Ada" });
  return { auth, user };
}

describe("a client with codes", () => {
  it("registers somebody by their number, and signs them in by another code on another device", async () => {
    const to = newNumber();
    const { auth, user } = await register(to);
    expect(auth.getSnapshot()).toMatchObject({ status: "signedIn", user: { phoneNumber: to, firstName: "Ada" } });

    const other = open();
    const sent = await other.startCode({ to });
    expect(other.getSnapshot().status).toBe("signedOut");
    expect(await sent.confirm(await readCode(to))).toMatchObject({ next: "done", user: { id: user.id } });
    expect(other.getSnapshot()).toMatchObject({ status: "signedIn", user: { id: user.id } });
    expect(await other.api.me.get.query()).toMatchObject({ id: user.id });
  });

  it("finds the code that was asked for by its number, however that is grouped, and forgets it once it is used", async () => {
    const to = newNumber();
    await register(to);
    const auth = open();
    await auth.startCode({ to: `${to.slice(0, 3)} ${to.slice(3, 6)} ${to.slice(6)}` });
    expect(auth.findCode()).toMatchObject({ channel: "sms", digits: 6 });
    expect(await auth.signIn({ phone: to, code: await readCode(to) })).toMatchObject({ next: "done" });
    expect(auth.findCode()).toBeNull();
    await expect(auth.signIn({ phone: to, code: "123456" })).rejects.toThrow("startCode");
  });

  it("leaves a code that another client in the same tab has asked for to that one", async () => {
    const kept = new Map<string, string>();
    vi.stubGlobal("document", {});
    vi.stubGlobal("sessionStorage", {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
    });
    try {
      const openAt = (url: string) => withCodes(createAuthClient({ url }));
      const to = newNumber();
      await openAt(live.url).startCode({ to });
      expect(openAt("http://127.0.0.1:9").findCode()).toBeNull();
      expect(openAt(live.url).findCode()).toMatchObject({ to });
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("finds the code that was asked for last, and none that was forgotten, though an earlier one is sent once more", async () => {
    const network = createNetwork();
    const auth = withCodes(createAuthClient({ url: live.url, fetch: network.fetch }));
    const [one, two] = [newNumber(), newNumber()];
    const first = await auth.startCode({ to: one });
    const { fault, reached, open: letThrough } = holdAnswer("codes.resend");
    network.breakWith(fault);
    const resending = first.resend();
    await reached;
    await auth.startCode({ to: two });
    letThrough();
    await resending;
    expect(auth.findCode()).toMatchObject({ to: two });
    auth.findCode()?.forget();
    await first.resend();
    expect(auth.findCode()).toBeNull();
  });

  it("lets a wrong code be typed again, and changes nothing by it", async () => {
    const to = newNumber();
    const auth = open();
    const sent = await auth.startCode({ to });
    const code = await readCode(to);
    const error = await sent.confirm(wrongOf(code)).catch((thrown: unknown) => thrown);
    expect(isAuthError(error, "code_invalid")).toBe(true);
    expect(auth.getSnapshot().status).toBe("signedOut");
    expect(await auth.findCode()?.confirm(` ${code.slice(0, 3)} ${code.slice(3)}`)).toMatchObject({ next: "register" });
  });

  it("knows by the service's clock when a code ends and can be sent again, however wrong its own is", async () => {
    const to = newNumber();
    const auth = open();
    await live.test.clock.advance(3 * 86_400);
    const sent = await auth.startCode({ to });
    const near = (at: Date, seconds: number) =>
      expect(Math.abs(at.getTime() - Date.now() - seconds * 1_000)).toBeLessThan(15_000);
    near(sent.expiresAt, 600);
    near(sent.resendAt, 30);
    await readCode(to);

    const [{ resendAt }] = [sent];
    await sent.resend();
    expect(sent.resendAt).toEqual(resendAt);
    await live.test.clock.advance(31);
    await sent.resend();
    expect(sent.resendAt.getTime()).toBeGreaterThan(resendAt.getTime());
    expect(await sent.confirm(await readCode(to))).toMatchObject({ next: "register" });
  });

  it("hands the ticket of a number that asks for more to the sign-in by password", async () => {
    const to = newNumber();
    const user = await live.test.auth.createUser({ username: `vouched${numbers}`, phoneNumber: to, password });
    const auth = open();
    const outcome = await (await auth.startCode({ to })).confirm(await readCode(to));
    expect(outcome).toMatchObject({ next: "another_way", ticketExpiresAt: expect.any(Date) });
    if (outcome.next === "done") throw new Error("is signed in");
    const signedIn = await auth.signIn({ username: to, password, ticket: outcome.ticket });
    expect(signedIn.id).toBe(user.id);
  });

  it("keeps the session of a code that was checked by its procedure, and none of a ticket", async () => {
    const to = newNumber();
    await register(to);
    const auth = open();
    const [{ challenge }] = await Promise.all([auth.api.codes.start.mutate({ purpose: "sign_in", to })]);
    await auth.api.token.obtainByCode.mutate({ challenge, code: await readCode(to) });
    expect(auth.getSnapshot().status).toBe("signedIn");

    const [stranger, nobodys] = [open(), newNumber()];
    const started = await stranger.api.codes.start.mutate({ purpose: "enter", to: nobodys });
    await stranger.api.token.obtainByCode.mutate({ challenge: started.challenge, code: await readCode(nobodys) });
    expect(stranger.getSnapshot().status).toBe("signedOut");
  });

  it("names its device when it asks, too, so that strangers use up neither its guesses nor its messages", async () => {
    const to = newNumber();
    const bodies: string[] = [];
    const fetch: typeof globalThis.fetch = (input, init) => {
      bodies.push(String(init?.body));
      return globalThis.fetch(input, init);
    };
    const auth = withCodes(createAuthClient({ url: live.url, fetch }));
    const first = await (await auth.startCode({ to })).confirm(await readCode(to));
    if (first.next !== "register") throw new Error(`is asked for ${first.next}`);
    await auth.api.account.register.mutate({ ticket: first.ticket });
    await auth.signOut();
    const sent = await auth.startCode({ to, purpose: "sign_in" });
    expect(JSON.parse(bodies.at(-1) ?? "")).toMatchObject({ to, deviceMark: expect.stringMatching(/^[\w-]{43}$/) });
    expect(await sent.confirm(await readCode(to))).toMatchObject({ next: "done" });
    expect(JSON.parse(bodies.at(-1) ?? "")).toHaveProperty("deviceMark");
  });
});

describe("codes of somebody who is signed in", () => {
  it("prove the number that the account has, without its being typed, and show that it is them", async () => {
    const to = newNumber();
    const { auth, user } = await register(to);
    await live.test.clock.advance(31 * 86_400);
    const signed = open();
    await (await signed.startCode({ to, purpose: "sign_in" })).confirm(await readCode(to));
    expect(await signed.api.me.get.query()).toMatchObject({ phoneProofDue: false });

    const sent = await signed.startCode({ purpose: "prove_phone" });
    expect(signed.findCode("prove_phone")).toMatchObject({ to: "", channel: "sms" });
    expect(await sent.confirm(await readCode(to))).toMatchObject({
      next: "done",
      user: { id: user.id },
      pending: null,
    });
    expect(signed.findCode("prove_phone")).toBeNull();
    const shown = await signed.startCode({ purpose: "reauthenticate", to: "phone" });
    expect(await shown.confirm(await readCode(to))).toMatchObject({ next: "done", user: { id: user.id } });
    auth.dispose();
  });

  it("give the account another number, which is shown at once, and say what waits", async () => {
    const [to, other] = [newNumber(), newNumber()];
    const { auth } = await register(to);
    const sent = await auth.startCode({ purpose: "prove_phone", to: other });
    const error = await sent.confirm(wrongOf("123456")).catch((thrown: unknown) => thrown);
    expect(isAuthError(error, "code_invalid")).toBe(true);
    expect(await auth.findCode("prove_phone")?.confirm(await readCode(other))).toMatchObject({
      next: "done",
      user: { phoneNumber: other },
      pending: null,
    });
    expect(auth.getSnapshot()).toMatchObject({ status: "signedIn", user: { phoneNumber: other } });

    await live.test.clock.advance(3_700);
    const again = await auth.startCode({ purpose: "reauthenticate", to: "phone" });
    await again.confirm(await readCode(other));
    const third = newNumber();
    const outcome = await (await auth.startCode({ purpose: "prove_phone", to: third })).confirm(await readCode(third));
    expect(outcome).toMatchObject({
      ...{ next: "done", user: { phoneNumber: other } },
      pending: { kind: "set_phone", createdAt: expect.any(Date), dueAt: expect.any(Date) },
    });
    expect(auth.getSnapshot()).toMatchObject({ user: { phoneNumber: other } });
  });

  it("ask once for what the service wants to be shown again, and go on then", async () => {
    const to = newNumber();
    const { auth } = await register(to);
    await live.test.clock.advance(3_700);
    auth.onReauthenticate(async () => {
      const sent = await auth.startCode({ purpose: "reauthenticate", to: "phone" });
      await sent.confirm(await readCode(to));
    });
    const other = newNumber();
    const sent = await auth.startCode({ purpose: "prove_phone", to: other });
    expect(await sent.confirm(await readCode(other))).toMatchObject({ pending: { kind: "set_phone" } });
  });

  it("are refused where nobody is signed in", async () => {
    const error = await open()
      .startCode({ purpose: "prove_phone" })
      .catch((thrown: unknown) => thrown);
    expect(isAuthError(error, "token_missing")).toBe(true);
  });
});
