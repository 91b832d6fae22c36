import { createHash } from "node:crypto";
import { createInbox, showTotp } from "@latchkey/auth/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { call, isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createFormClient, type FormClient } from "./form-client.ts";

const password = "correct horse battery";
const shop = "https://shop.example.com/signed-in";
const phone = "com.example.shop:/signed-in";
const name = `<img src=x onerror="alert(1)"> & "Söhne"`;
const clients = [
  { id: "shop", name, redirectUris: [shop, "https://shop.example.com/other?tenant=7", phone, "http://127.0.0.1/back"] },
  { id: "desk", name: "Desk", redirectUris: ["https://desk.example.com/", "http://[::1]/back"] },
];
/** Gets no more than tokens of one API. */
const till = { id: "till", name: "Till", redirectUris: ["com.example.till:/signed-in"], audience: "till" };
const inbox = createInbox();
let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer(
    { messages: { senders: { sms: inbox }, isEnforced: false }, tokens: { audience: ["latchkey", "till"] } },
    { pages: { clients: [...clients, till] } },
  );
});
afterAll(() => live?.[Symbol.asyncDispose]());

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const asked = {
  ...{ response_type: "code", client_id: "shop", redirect_uri: shop },
  code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  ...{ code_challenge_method: "S256", state: `a b&c="d"` },
};
type Asked = Record<string, string | string[] | undefined>;

function pathOf(changes: Asked = {}): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...asked, ...changes }))
    for (const one of [value].flat()) if (one !== undefined) query.append(key, one);
  return `/authorize?${query}`;
}

let username: string;
let people = 0;
let browser: FormClient;
beforeEach(async () => {
  people += 1;
  username = `person${people}`;
  browser = createFormClient(live.url);
  await live.test.auth.createUser({ username, password });
});

let forms = 0;
const send = (path: string, fields: Record<string, string> = {}, headers?: Record<string, string | null>) =>
  browser.post(`/cookie${path}`, { form: String(++forms), ...fields }, headers);
/** Signs in by a password, which is asked for on a page of its own where codes sign in as well. */
const signIn = (path = "/sign-in") =>
  send(path.replace(/^\/sign-in(?=\?|$)/, "/sign-in/password"), { username, password });
const placeOf = (response: Response) => response.headers.get("location") ?? "";
const policyOf = (response: Response) =>
  /form-action [^;]*/.exec(response.headers.get("content-security-policy") ?? "")?.[0];
const backWith = (response: Response) => new URL(placeOf(response)).searchParams;
const exchange = (code: string | null, more: Record<string, string> = {}) =>
  call(live.url, "token.obtainByRedirect", {
    input: { code, codeVerifier: verifier, clientId: "shop", redirectUri: shop, ...more },
  });

describe.skipIf(!isService)("an app on another origin", () => {
  test("gets somebody back who signs in, with a code, its state to the letter, and who answers", async () => {
    const first = await browser.get(pathOf());
    expect(first.status).toBe(303);
    const page = placeOf(first);
    expect(page).toMatch(/^\/sign-in\?return_to=%2Fauthorize/);
    expect(policyOf(await browser.get(page))).toBe("form-action 'self' https://shop.example.com");
    const entered = await signIn(page);
    const onward = placeOf(entered);
    expect(onward).toBe(pathOf());
    const back = await browser.get(onward);
    expect(back.status).toBe(303);
    expect(placeOf(back)).toMatch(/^https:\/\/shop\.example\.com\/signed-in\?/);
    expect(Object.fromEntries(backWith(back))).toEqual({
      ...{ code: expect.stringMatching(/^[\w-]{43}$/), state: asked.state, iss: live.url },
    });
    expect(back.headers.get("referrer-policy")).toBe("no-referrer");
    expect(back.headers.get("cache-control")).toBe("no-store");
    expect(back.headers.get("x-frame-options")).toBe("DENY");
    expect(await back.text()).toBe("");

    const answer = await exchange(backWith(back).get("code"));
    expect(answer).toMatchObject({ status: 200, body: { user: { username }, tokenType: "Bearer" } });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await call(live.url, "me.get", { token: answer.body.token })).toMatchObject({ body: { username } });
    const devices = await (await browser.get("/account/devices")).text();
    expect(devices).toContain(`<span class="tag"><bdi>&lt;img src=x`);
    expect(await call(live.url, "sessions.list", { token: answer.body.token })).toMatchObject({
      body: [{ client: { id: "shop" }, current: true }, { client: null }],
    });

    // Whoever is signed in is not asked again.
    expect(backWith(await browser.get(pathOf())).get("code")).toMatch(/^[\w-]{43}$/);
  });

  test.each<[string, Asked]>([
    ["no app", { client_id: undefined }],
    ["an unknown app", { client_id: "nobody" }],
    ["two apps", { client_id: ["shop", "desk"] }],
    ["an app by another spelling", { client_id: "Shop" }],
    ["no address", { redirect_uri: undefined }],
    ["the address of another app", { redirect_uri: "https://desk.example.com/" }],
    ["an address elsewhere", { redirect_uri: "https://evil.example/" }],
    ["two addresses", { redirect_uri: [shop, "https://evil.example/"] }],
    ["an address with more behind it", { redirect_uri: `${shop}/../../evil` }],
    ["an address with a query", { redirect_uri: `${shop}?next=https://evil.example` }],
    ["an address with a fragment", { redirect_uri: `${shop}#` }],
    ["an address with a name in it", { redirect_uri: "https://shop.example.com@evil.example/signed-in" }],
    ["an address with a backslash", { redirect_uri: "https://shop.example.com\\@evil.example/signed-in" }],
    ["an address in capitals", { redirect_uri: "https://SHOP.example.com/signed-in" }],
    ["an address in other letters", { redirect_uri: "https://shop.ехample.com/signed-in" }],
    ["a script", { redirect_uri: "javascript:alert(document.cookie)//" }],
    ["a page of its own", { redirect_uri: "data:text/html,<script>alert(1)</script>" }],
    ["an address of this site", { redirect_uri: "/account" }],
    ["an address without a scheme", { redirect_uri: "//shop.example.com/signed-in" }],
    ["a state of two lines", { state: "a\r\nSet-Cookie: x=y" }],
    ["a state of other letters", { state: "ş" }],
    ["two states", { state: ["a", "b"] }],
    ["a state that is too long", { state: "a".repeat(501) }],
    ["more than comes back", { nonsense: "a".repeat(1_700) }],
  ])("is sent nobody for %s: a page says so, whoever is signed in", async (_, changes) => {
    for (const visit of ["a stranger", "somebody"]) {
      if (visit === "somebody") await signIn();
      for (const answer of [await browser.get(pathOf(changes)), await send(pathOf(changes), { decline: "yes" })]) {
        expect(answer.status).toBe(400);
        expect(answer.headers.get("location")).toBeNull();
        expect(policyOf(answer)).toBe("form-action 'self'");
        expect(await answer.text()).toContain("The app that sent you here is not known");
      }
    }
  });

  test.each<[string, Asked, string]>([
    ["no kind of answer", { response_type: undefined }, "invalid_request"],
    ["a token in the address", { response_type: "token" }, "unsupported_response_type"],
    ["a token beside the code", { response_type: "code id_token" }, "unsupported_response_type"],
    ["an answer in the fragment", { response_mode: "fragment" }, "invalid_request"],
    ["no challenge", { code_challenge: undefined }, "invalid_request"],
    ["a challenge that is too short", { code_challenge: "A".repeat(42) }, "invalid_request"],
    ["two challenges", { code_challenge: ["A".repeat(43), "B".repeat(43)] }, "invalid_request"],
    ["no method", { code_challenge_method: undefined }, "invalid_request"],
    ["a verifier that is told", { code_challenge_method: "plain" }, "invalid_request"],
    ["a request of its own", { request: "e30.e30." }, "invalid_request"],
    ["a request elsewhere", { request_uri: "https://evil.example/" }, "invalid_request"],
    ["an age that is none", { max_age: "-1" }, "invalid_request"],
  ])("is told what is wrong with %s, and gets its state back", async (_, changes, error) => {
    const back = backWith(await browser.get(pathOf(changes)));
    expect(Object.fromEntries(back)).toEqual({
      ...{ error, error_description: expect.any(String), state: asked.state, iss: live.url },
    });
  });

  test("keeps the query of its address, and gets no state where it sent none", async () => {
    await signIn();
    const redirect_uri = "https://shop.example.com/other?tenant=7";
    const back = placeOf(await browser.get(pathOf({ redirect_uri, state: undefined })));
    expect(back).toMatch(/^https:\/\/shop\.example\.com\/other\?tenant=7&code=[\w-]{43}&iss=/);
    expect(back).not.toContain("state");
  });

  test("gets its code exchanged by itself alone, once, with its own address and verifier", async () => {
    await signIn();
    const next = async () => backWith(await browser.get(pathOf())).get("code");
    for (const more of [
      { clientId: "desk" },
      { redirectUri: "https://desk.example.com/" },
      { codeVerifier: "A".repeat(43) },
    ])
      expect(await exchange(await next(), more)).toMatchObject({
        status: 400,
        body: { data: { reason: "code_invalid" } },
      });
    for (const more of [{ codeVerifier: "short" }, { codeVerifier: "" }, { codeVerifier: `${"A".repeat(43)} ` }])
      expect(await exchange(await next(), more)).toMatchObject({ body: { data: { reason: "invalid_input" } } });
    const code = await next();
    const { body } = await exchange(code);
    expect(await exchange(code)).toMatchObject({ body: { data: { reason: "code_invalid" } } });
    expect(await call(live.url, "me.get", { token: body.token })).toMatchObject({
      ...{ status: 401, body: { data: { reason: "session_ended" } } },
    });
  });

  test("is not called in cookie mode, where the pages' own session would give way to it", async () => {
    await signIn();
    const code = backWith(await browser.get(pathOf())).get("code") ?? "";
    const input = { code, codeVerifier: verifier, clientId: "shop", redirectUri: shop };
    const headers = { "content-type": "application/json", origin: live.url, "sec-fetch-site": "same-origin" };
    const url = `${live.url}/cookie/trpc/token.obtainByRedirect`;
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(input) });
    expect(answer.status).toBe(404);
    expect((await browser.get("/account")).status).toBe(200);
  });
});

describe.skipIf(!isService)("an address that is not https", () => {
  const native = (changes: Asked = {}) => pathOf({ redirect_uri: phone, ...changes });

  test("is left for only when the person says so, on a page that shows the app's name as it is written", async () => {
    await signIn();
    const page = await browser.get(native());
    expect(page.status).toBe(200);
    expect(policyOf(page)).toBe("form-action 'self' com.example.shop:");
    expect(page.headers.get("x-frame-options")).toBe("DENY");
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    const text = await page.text();
    expect(text).toContain(`<bdi class="name">${username}</bdi>`);
    expect(text).not.toContain("<img");
    expect(text).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
    const [, action = ""] = /action="([^"]*authorize[^"]*)"/.exec(text) ?? [];
    const back = await browser.post(action.replaceAll("&amp;", "&"), { form: "1" });
    expect(placeOf(back)).toMatch(/^com\.example\.shop:\/signed-in\?code=[\w-]{43}&state=/);
    expect(back.headers.get("referrer-policy")).toBe("no-referrer");
    const { code } = Object.fromEntries(new URLSearchParams(placeOf(back).split("?")[1]));
    expect(await exchange(code ?? "", { redirectUri: phone })).toMatchObject({ body: { user: { username } } });
  });

  test("is told of with what the app may do, and until when, by whether it gets the account or one API", async () => {
    await signIn();
    const read = async (changes: Asked) => (await browser.get(pathOf(changes))).text();
    const until = "until you sign it out under “Devices”.";
    expect(await read({ redirect_uri: phone })).toContain(`It can see and change your account, ${until}`);
    const ofOne = await read({ client_id: "till", redirect_uri: "com.example.till:/signed-in" });
    expect(ofOne).toContain(`It gets to know your account, ${until}`);
  });

  test("gets a refusal where the person does not want to, and nothing for a form of somebody else's", async () => {
    await signIn();
    const declined = await send(native(), { decline: "yes" });
    expect(placeOf(declined)).toMatch(/^com\.example\.shop:\/signed-in\?error=access_denied&state=/);
    for (const headers of [
      { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
      { origin: "null", "sec-fetch-site": null },
      { origin: null, "sec-fetch-site": null },
    ]) {
      const forged = await send(native(), {}, headers);
      expect(forged.status).toBe(403);
      expect(forged.headers.get("location")).toBeNull();
    }
    const rows = await live.test.database.query(
      "select from latchkey.authorization_codes c join latchkey.users u on u.id = c.user_id where u.username = $1",
      [username],
    );
    expect(rows).toEqual([]);
  });

  test("may have any port on this machine, and no other host", async () => {
    await signIn();
    const redirect_uri = "http://127.0.0.1:51234/back";
    const page = await browser.get(pathOf({ redirect_uri }));
    expect(policyOf(page)).toBe("form-action 'self' http://127.0.0.1:51234");
    expect(placeOf(await send(pathOf({ redirect_uri })))).toMatch(/^http:\/\/127\.0\.0\.1:51234\/back\?code=/);
    for (const elsewhere of ["http://localhost:51234/back", "http://127.0.0.2/back", "https://127.0.0.1:51234/back"])
      expect((await browser.get(pathOf({ redirect_uri: elsewhere }))).status).toBe(400);
  });

  test("that no policy can name is led to by a page", async () => {
    await signIn();
    const answer = await send(pathOf({ client_id: "desk", redirect_uri: "http://[::1]:4000/back" }));
    expect(answer.status).toBe(200);
    expect(policyOf(answer)).toBe("form-action 'self'");
    expect(await answer.text()).toMatch(/<meta http-equiv="refresh" content="0;url=http:\/\/\[::1\]:4000\/back\?code=/);
  });

  test("lets somebody sign in as another person, and come back to it", async () => {
    await signIn();
    const text = await (await browser.get(native())).text();
    const [, action = ""] = /action="([^"]*sign-out[^"]*)"/.exec(text) ?? [];
    const out = await browser.post(action.replaceAll("&amp;", "&"), { form: "1", again: "yes" });
    expect(placeOf(out)).toMatch(/^\/sign-in\?return_to=%2Fauthorize/);
    expect(placeOf(await signIn(placeOf(out)))).toBe(native());
  });
});

describe.skipIf(!isService)("what an app wants of a sign-in", () => {
  test("is nothing to be asked: it is told whether somebody is signed in", async () => {
    const errorOf = async (changes: Asked) =>
      new URLSearchParams(placeOf(await browser.get(pathOf({ prompt: "none", ...changes }))).split("?")[1]).get(
        "error",
      );
    expect(await errorOf({})).toBe("login_required");
    await signIn();
    expect(await errorOf({})).toBeNull();
    expect(await errorOf({ redirect_uri: phone })).toBe("interaction_required");
  });

  test("is to register, or to show anew who is there: each is asked for once", async () => {
    const create = placeOf(await browser.get(pathOf({ prompt: "create" })));
    expect(create).toMatch(/^\/register\?return_to=%2Fauthorize/);
    expect(create).not.toContain("prompt");
    await signIn();
    const again = placeOf(await browser.get(pathOf({ prompt: "login" })));
    expect(again).toMatch(/^\/reauthenticate\?return_to=%2Fauthorize/);
    const done = await send(again, { password });
    expect(placeOf(done)).toContain("max_age=300");
    expect(backWith(await browser.get(placeOf(done))).get("code")).toMatch(/^[\w-]{43}$/);
  });

  test("is that it is as good as new: whoever signs in for it is not asked once more", async () => {
    for (const prompt of [undefined, "create"]) {
      const page = placeOf(await browser.get(pathOf({ max_age: "0", prompt })));
      const onward = placeOf(await signIn(page.replace("/register?", "/sign-in?")));
      expect(onward).toContain("max_age=300");
      expect(backWith(await browser.get(onward)).has("code")).toBe(true);
      await send("/sign-out");
    }
    await signIn();
    const again = placeOf(await browser.get(pathOf({ max_age: "0" })));
    expect(again).toMatch(/^\/reauthenticate\?return_to=%2Fauthorize/);
  });

  test("is that it is not too old", async () => {
    await signIn();
    expect(backWith(await browser.get(pathOf({ max_age: "600" }))).has("code")).toBe(true);
    await live.test.clock.advance(601);
    const again = placeOf(await browser.get(pathOf({ max_age: "600" })));
    expect(again).toMatch(/^\/reauthenticate\?return_to=%2Fauthorize/);
    const none = backWith(await browser.get(pathOf({ max_age: "600", prompt: "none" })));
    expect(none.get("error")).toBe("login_required");
    const done = await send(again, { password });
    expect(backWith(await browser.get(placeOf(done))).has("code")).toBe(true);
  });
});

describe.skipIf(!isService)("on the way back to an app", () => {
  test("an access token that ran out is renewed, and a session that has ended is begun anew", async () => {
    await signIn();
    await live.test.clock.advance(1_000);
    const renewal = placeOf(await browser.get(pathOf()));
    expect(renewal).toMatch(/^\/cookie\/renew\?to=/);
    expect(placeOf(await browser.get(renewal))).toBe(pathOf());
    expect(backWith(await browser.get(pathOf())).has("code")).toBe(true);

    await live.test.database.query(
      "update latchkey.sessions set ended_at = latchkey.now(), end_reason = 'revoked' where user_id = (select id from latchkey.users where username = $1)",
      [username],
    );
    const over = placeOf(await browser.get(pathOf()));
    expect(placeOf(await browser.get(over))).toBe(pathOf());
    expect(placeOf(await browser.get(pathOf()))).toMatch(/^\/sign-in\?return_to=%2Fauthorize/);
  });

  test("a new password that was chosen meanwhile, and a register, lead there as well", async () => {
    const page = placeOf(await browser.get(pathOf()));
    const { setPasswordCode: code } = await live.test.auth.operator.createPasswordCode(username);
    const reset = await send(page.replace("/sign-in", "/reset/given"), {
      username,
      code,
      newPassword: `${password} 2`,
    });
    expect(placeOf(reset)).toMatch(/^\/sign-in\?return_to=%2Fauthorize.*&done=reset$/);
    const registered = await send(page.replace("/sign-in", "/register/name"), { username: `${username}x`, password });
    expect(placeOf(registered)).toBe(pathOf());
  });

  test("a code, the account that it opens, a new password that is due and a second factor lead there as well", async () => {
    const page = placeOf(await browser.get(pathOf()));
    const to = `+9053222200${String(people).padStart(2, "0")}`;
    const awaiting = placeOf(await send(page, { username: to }));
    expect(awaiting).toMatch(/^\/sign-in\/code\?return_to=%2Fauthorize/);
    expect(policyOf(await browser.get(awaiting))).toBe("form-action 'self' https://shop.example.com");
    const finish = placeOf(await send(awaiting, { code: (await inbox.take(to)).code }));
    expect(finish).toMatch(/^\/register\/finish\?/);
    expect(policyOf(await browser.get(finish))).toBe("form-action 'self' https://shop.example.com");
    expect(placeOf(await send(finish))).toBe(pathOf());

    browser = createFormClient(live.url);
    await live.test.auth.operator.requirePasswordChange(username);
    const due = placeOf(await signIn(page));
    expect(due).toMatch(/^\/sign-in\/new-password\?return_to=%2Fauthorize/);
    expect(placeOf(await send(due, { newPassword: `${password} 2` }))).toBe(pathOf());

    const { auth, facts } = live.test;
    const { token } = await auth.signIn({ username, password: `${password} 2` }, facts);
    const caller = await auth.authenticate([`Bearer ${token}`]);
    const { ticket, secret } = await auth.startTotp(caller, facts);
    await auth.confirmTotp(caller, { ticket, totp: await showTotp(live.test, secret) }, facts);
    await live.test.clock.advance(30);
    browser = createFormClient(live.url);
    const factor = placeOf(
      await send(page.replace("/sign-in", "/sign-in/password"), { username, password: `${password} 2` }),
    );
    expect(factor).toMatch(/^\/sign-in\/second-factor\?return_to=%2Fauthorize/);
    expect(policyOf(await browser.get(factor))).toBe("form-action 'self' https://shop.example.com");
    expect(placeOf(await send(factor, { totp: await showTotp(live.test, secret) }))).toBe(pathOf());
    const { body } = await exchange(backWith(await browser.get(pathOf())).get("code"));
    expect(await call(live.url, "me.get", { token: body.token })).toMatchObject({ body: { username } });
  });

  test("pages that lead elsewhere say nothing of the app", async () => {
    for (const wanted of ["/account", "/authorized?x", `/sign-in?return_to=${encodeURIComponent(pathOf())}`])
      expect(policyOf(await browser.get(`/sign-in?${new URLSearchParams({ return_to: wanted })}`))).toBe(
        "form-action 'self'",
      );
    const wrong = pathOf({ redirect_uri: "https://evil.example/" });
    expect(policyOf(await browser.get(`/sign-in?${new URLSearchParams({ return_to: wrong })}`))).toBe(
      "form-action 'self'",
    );
  });
});

test.skipIf(!isService)("without clients there is nobody to be sent back to", async () => {
  await using bare = await startLiveServer();
  expect((await fetch(bare.url + pathOf(), { redirect: "manual" })).status).toBe(400);
});

test.skipIf(!isService)("one person's codes cost what calls cost, and are refused on a page beyond that", async () => {
  await using strict = await startLiveServer({ callBudgets: { own: 3, administration: 0 } }, { pages: { clients } });
  await strict.test.auth.createUser({ username: "eager", password });
  const client = createFormClient(strict.url);
  await client.post("/cookie/sign-in", { form: "1", username: "eager", password });
  const statuses: number[] = [];
  for (let at = 0; at < 5; at += 1) statuses.push((await client.get(pathOf())).status);
  expect(statuses).toEqual([303, 303, 303, 429, 429]);
});

test.skipIf(!isService)("a defect is told to the app, whose page can say so", async () => {
  await using broken = await startLiveServer({}, { pages: { clients } });
  await broken.test.auth.createUser({ username: "unlucky", password });
  const client = createFormClient(broken.url);
  await client.post("/cookie/sign-in", { form: "1", username: "unlucky", password });
  await broken.test.database.query("drop table latchkey.authorization_codes");
  const back = new URL((await client.get(pathOf())).headers.get("location") ?? "");
  expect(Object.fromEntries(back.searchParams)).toEqual({ error: "server_error", state: asked.state, iss: broken.url });
});
