import { showTotp } from "@latchkey/auth/testing";
import { createAuthClient, isAuthError, memoryStorage } from "@latchkey/client";
import { enrollTotp, findPendingSignIn, showSecondFactor } from "@latchkey/client/second-factor";
import { useSecondFactor } from "@latchkey/client/second-factor/react";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";

const password = "correct horse battery";
let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer({});
});
afterAll(() => live[Symbol.asyncDispose]());

let people = 0;
const open = () => createAuthClient({ url: live.url });

async function nextTotp(secret: string): Promise<string> {
  await live.test.clock.advance(30);
  return showTotp(live.test, secret);
}

/** Somebody with an authenticator app, and the client that they set it up with. */
async function createEnrolled() {
  const username = `ada_${++people}`;
  const auth = open();
  await auth.api.account.register.mutate({ username, password });
  const { ticket, secret } = await auth.api.me.totp.start.mutate();
  await auth.api.me.totp.confirm.mutate({ ticket, totp: await nextTotp(secret) });
  return { auth, username, secret };
}

async function signInHalf(auth: ReturnType<typeof open>, username: string) {
  const pending = await auth.signIn({ username, password }).then(() => null, findPendingSignIn);
  if (!pending) throw new Error("no second factor is asked for");
  return pending;
}

describe("a client of somebody with a second factor", () => {
  it("is signed out until the factor is shown, and signed in then", async () => {
    const { username, secret } = await createEnrolled();
    const auth = open();
    const pending = await signInHalf(auth, username);
    expect(pending).toMatchObject({ methods: ["totp"], enroll: [] });
    expect(auth.getSnapshot().status).toBe("signedOut");
    expect(await auth.headers()).toEqual({});
    expect(await showSecondFactor(auth, pending, await nextTotp(secret))).toMatchObject({ username });
    expect(auth.getSnapshot()).toMatchObject({ status: "signedIn", user: { username } });
    expect(await auth.api.me.get.query()).toMatchObject({ username });
  });

  it("may type a wrong one-time password again, and begins anew after five", async () => {
    const { username, secret } = await createEnrolled();
    const auth = open();
    const pending = await signInHalf(auth, username);
    const fieldOf = (error: unknown) => isAuthError(error, "code_invalid") && error.data.issues?.[0]?.path[0];
    for (let tried = 0; tried < 5; tried += 1)
      expect(await showSecondFactor(auth, pending, "none").catch(fieldOf)).toBe("totp");
    expect(await showSecondFactor(auth, pending, await nextTotp(secret)).catch(fieldOf)).toBe("ticket");
    const again = await signInHalf(auth, username);
    expect(await showSecondFactor(auth, again, await nextTotp(secret))).toMatchObject({ username });
  });

  it("hands over ten new recovery codes once the last one was used, and none at any other sign-in", async () => {
    const { username, secret } = await createEnrolled();
    const { query } = live.test.database;
    const shown: (readonly string[])[] = [];
    const onRecoveryCodes = (codes: readonly string[]) => void shown.push(codes);
    const auth = open();
    await showSecondFactor(auth, await signInHalf(auth, username), await nextTotp(secret), { onRecoveryCodes });
    expect(shown).toEqual([]);

    const { codes } = await auth.api.me.recoveryCodes.create.mutate();
    await query(
      `update latchkey.recovery_codes c set used_at = latchkey.now() from latchkey.users u
        where u.id = c.user_id and u.username = $1
          and code_hash <> (select code_hash from latchkey.recovery_codes where user_id = u.id order by code_hash limit 1)`,
      [username],
    );
    const recovering = open();
    const startWith = (code: string) => recovering.api.recovery.start.mutate({ code }).catch(() => null);
    const [last] = (await Promise.all(codes.map(startWith))).filter((started) => started !== null);
    const input = { ticket: last?.ticket ?? "", newPassword: `${password} 2` };
    const recovered = recovering.api.recovery.setPassword.mutate(input);
    const pending = await recovered.then(() => null, findPendingSignIn);
    await showSecondFactor(recovering, pending ?? { ticket: "" }, await nextTotp(secret), { onRecoveryCodes });
    expect(shown).toEqual([expect.objectContaining({ length: 10 })]);
    expect(await open().api.recovery.start.mutate({ code: shown[0]?.[9] ?? "" })).toMatchObject({ methods: ["totp"] });
  });

  it("goes on by itself on a device that its owner has used before", async () => {
    const { auth, username, secret } = await createEnrolled();
    await auth.signOut();
    const pending = await signInHalf(auth, username);
    await showSecondFactor(auth, pending, await nextTotp(secret));
    expect(auth.getSnapshot().status).toBe("signedIn");
  });

  it("is asked no more on a device that is remembered, also after a sign-out and a reload, and is asked elsewhere", async () => {
    const { username, secret } = await createEnrolled();
    const storage = memoryStorage();
    const auth = createAuthClient({ url: live.url, storage });
    const pending = await signInHalf(auth, username);
    expect(pending.rememberSeconds).toBe(30 * 86_400);
    await showSecondFactor(auth, pending, await nextTotp(secret), { remember: true });
    await auth.signOut();
    expect(await storage.get()).toMatch(/^\{"deviceMark":"[\w-]{43}","rememberMark":"[\w-]{22}"\}$/);

    const reloaded = createAuthClient({ url: live.url, storage });
    expect(await reloaded.signIn({ username, password })).toMatchObject({ username });
    await reloaded.signOut();
    await reloaded.api.token.obtain.mutate({ username, password });
    expect(reloaded.getSnapshot().status).toBe("signedIn");
    const wanted = reloaded.api.me.totp.start.mutate();
    await expect(wanted).rejects.toMatchObject({ data: { reason: "reauthentication_required", acr: "2" } });
    await signInHalf(open(), username);

    const [device] = await reloaded.api.me.rememberedDevices.list.query();
    expect(device).toMatchObject({ current: true });
    await reloaded.api.me.rememberedDevices.end.mutate({ id: device?.id ?? "" });
    await expect(reloaded.api.me.get.query()).rejects.toMatchObject({ data: { reason: "session_ended" } });
    await signInHalf(reloaded, username);
  });

  it("goes on with its session where it set the factor up, and is signed out everywhere else", async () => {
    const username = `ada_${++people}`;
    const [here, there] = [open(), open()];
    await here.api.account.register.mutate({ username, password });
    await there.signIn({ username, password });
    const { ticket, secret } = await here.api.me.totp.start.mutate();
    await here.api.me.totp.confirm.mutate({ ticket, totp: await nextTotp(secret) });
    expect(await here.api.me.get.query()).toMatchObject({ username });
    await expect(there.api.me.get.query()).rejects.toMatchObject({ data: { reason: "session_ended" } });
    expect(there.getSnapshot().status).toBe("signedOut");
  });
});

it("a client of somebody who needs a second factor and has none sets one up and is signed in", async () => {
  await using strict = await startLiveServer({ secondFactor: "all" });
  const auth = createAuthClient({ url: strict.url });
  const registered = auth.api.account.register.mutate({ username: "grace", password });
  const pending = await registered.then(() => null, findPendingSignIn);
  if (!pending) throw new Error("no second factor is asked for");
  expect(pending).toMatchObject({ methods: [], enroll: ["totp"] });
  const { secret, uri } = await enrollTotp(auth, pending);
  expect(uri).toContain("issuer=Latchkey");
  const totp = await showTotp(strict.test, secret);
  const shown: string[] = [];
  const reported = vi.spyOn(console, "error").mockImplementation(() => {});
  const onRecoveryCodes = (codes: readonly string[]) => {
    shown.push(...codes);
    throw new Error("of the program, which breaks nothing");
  };
  expect(await showSecondFactor(auth, pending, totp, { onRecoveryCodes })).toMatchObject({ username: "grace" });
  expect(reported).toHaveBeenCalledOnce();
  reported.mockRestore();
  expect(auth.getSnapshot().status).toBe("signedIn");
  expect(new Set(shown).size).toBe(10);
  const [first = ""] = shown;
  const recovering = createAuthClient({ url: strict.url });
  expect(await recovering.api.recovery.start.mutate({ code: first })).toMatchObject({ methods: ["totp"] });
});

it("the hook waits for nothing at first", () => {
  const seen: unknown[] = [];
  const Page = () => {
    const { pending, secret, user, isChecking, error } = useSecondFactor(open());
    seen.push({ pending, secret, user, isChecking, error });
    return null;
  };
  renderToString(createElement(Page));
  expect(seen).toEqual([{ pending: null, secret: null, user: null, isChecking: false, error: null }]);
});

it("no other error is a sign-in that waits", () => {
  expect(findPendingSignIn(new Error("away"))).toBeNull();
  expect(findPendingSignIn(undefined)).toBeNull();
});
