import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import type { PasskeyAssertion } from "../../passkeys/passkey-json.ts";
import {
  createInbox,
  createPasskeyDevice,
  createTestAuth,
  type DeviceWhims,
  type PasskeyDevice,
  showTotp,
  type TestAuth,
} from "../../testing/index.ts";
import { codeOf, createProvedPerson, freshFacts, password, refusalOf, signInByCode } from "../../testing/people.ts";
import type { Principal } from "../steps/core.ts";

const inbox = createInbox();
const nextPassword = "a better horse battery";
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;
const passkeys = { rpId: "localhost", origins: ["https://example.de"], allowsLocalhost: true };

let service: TestAuth;
let auth: Auth;
/** The same accounts, where everybody has to have a second factor. */
let strict: Auth;
/** The same, where there are no passkeys. */
let without: Auth;
beforeAll(async () => {
  service = await createTestAuth({ messages, passkeys });
  auth = service.auth;
  strict = await service.another({ secondFactor: "all" });
  without = await service.another({ passkeys: undefined });
});
afterAll(() => service[Symbol.asyncDispose]());

const facts = () => freshFacts(service);

const createPerson = () => createProvedPerson(service);

const callerOf = (token: string, by: Auth = auth): Promise<Principal> => by.authenticate([`Bearer ${token}`]);
const signInByPassword = async (username: string, by: Auth = auth) =>
  callerOf((await by.signIn({ username, password }, facts())).token, by);

async function add(caller: Principal, device: PasskeyDevice, whims?: DeviceWhims) {
  const { options } = await auth.startPasskey(caller);
  return auth.addPasskey(caller, { passkey: device.create(options, whims) }, facts());
}

async function createOwner() {
  const person = await createPerson();
  const caller = await signInByPassword(person.username);
  const device = createPasskeyDevice();
  const added = await add(caller, device);
  return { ...person, caller: await auth.listPasskeys(caller).then(() => caller), device, ...added };
}

async function show(device: PasskeyDevice, whims?: DeviceWhims): Promise<PasskeyAssertion> {
  const { options } = await auth.startPasskeySignIn();
  return device.get(options, whims);
}

const signIn = async (device: PasskeyDevice, whims?: DeviceWhims) =>
  auth.signInByPasskey({ passkey: await show(device, whims) }, facts());

const lastEvent = async () => (await auth.listAuditEvents({ limit: 1 })).events[0];

/** What a way in is refused with; the ticket among it. */
async function requestOf(way: Promise<unknown>) {
  const error = await way.then(() => Promise.reject(new Error("It opened")), refusalOf);
  if (error.code !== "second_factor_required") throw error;
  return { methods: [], ticket: "", ...error.secondFactor };
}

async function reauthenticate(caller: Principal, device: PasskeyDevice, by: Auth = auth): Promise<void> {
  const { options } = await by.startPasskeyReauthentication(caller);
  await by.reauthenticateByPasskey(caller, { passkey: device.get(options) }, facts());
}

/** Gives the caller an address, and answers what waits of it. */
async function setAddress(caller: Principal, by: Auth) {
  const to = `${caller.user.id}@example.com`;
  const { challenge } = await by.startOwnName(caller, { kind: "email", to }, facts());
  const { code } = await inbox.take(to);
  return (await by.confirmOwnName(caller, { kind: "email", challenge, code }, facts())).pending;
}

describe("a passkey", () => {
  test("signs its owner in without a name, with two factors, on every page that may use it", async () => {
    const { id, device } = await createOwner();
    const { options } = await auth.startPasskeySignIn();
    expect(options).toMatchObject({ rpId: "localhost", allowCredentials: [], userVerification: "required" });
    const answer = await auth.signInByPasskey({ passkey: device.get(options) }, facts());
    expect(answer.user.id).toBe(id);
    expect((await callerOf(answer.token)).session).toMatchObject({ acr: "2", amr: ["pop", "user", "mfa"] });
    expect(await lastEvent()).toMatchObject({ event: "signed_in", detail: { by: "passkey" }, subjectId: id });
    for (const origin of ["http://localhost:5173", "https://example.de"]) await signIn(device, { origin });
  });

  test("is told to its owner, who has ten recovery codes with the first one, and whose other sessions end", async () => {
    const { username } = await createPerson();
    const other = await signInByPassword(username);
    const caller = await signInByPassword(username);
    const { passkey, recoveryCodes } = await add(caller, createPasskeyDevice());
    expect(recoveryCodes?.codes).toHaveLength(10);
    expect(passkey).toMatchObject({ isBackedUp: false, lastUsedAt: null, name: "test" });
    expect(await auth.listSessions(other).catch(() => [])).toHaveLength(1);
    const { notices } = await auth.listNotices(caller, { limit: 10 });
    expect(notices.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["passkey_added", "recovery_codes_created"]),
    );
    const second = await signInByPassword(username);
    const added = await add(caller, createPasskeyDevice());
    expect(added.recoveryCodes).toBeNull();
    expect(await auth.listSessions(second)).toHaveLength(2);
    expect((await auth.listPasskeys(caller)).map(({ id }) => id)).toEqual([passkey.id, added.passkey.id]);
  });

  test("is called what its owner likes, and gives nothing of itself away", async () => {
    const { caller, passkey, device, id } = await createOwner();
    await auth.renamePasskey(caller, { id: passkey.id, name: "Blue phone" }, facts());
    await signIn(device);
    const [listed] = await auth.listPasskeys(caller);
    expect(listed).toMatchObject({ name: "Blue phone", lastUsedAt: expect.any(Date) });
    expect(JSON.stringify(listed)).not.toContain(device.credentialId.toString("base64url"));
    const data = await auth.exportOwnData(caller);
    expect(data.records.passkeys).toEqual([expect.objectContaining({ user_id: id, name: "Blue phone" })]);
    expect(JSON.stringify(data.records.passkeys)).not.toMatch(/public_key|credential_id/);
    const other = await createOwner();
    expect(await auth.renamePasskey(other.caller, { id: passkey.id, name: "Mine" }, facts()).catch(codeOf)).toBe(
      "not_found",
    );
  });

  test("is refused alike whatever is wrong with it, and the audit trail says what", async () => {
    const { device } = await createOwner();
    const stranger = createPasskeyDevice();
    const rows: [because: string, whims: DeviceWhims][] = [
      ["wrong_origin", { origin: "https://evil.example" }],
      ["wrong_origin", { origin: "http://localhost.evil.example" }],
      ["wrong_origin", { origin: "http://127.0.0.1:3000" }],
      ["wrong_origin", { isFramed: true }],
      ["wrong_rp", { rpId: "evil.example" }],
      ["not_verified", { isVerified: false }],
      ["other_account", { userHandle: null }],
      ["other_account", { userHandle: Buffer.alloc(16).toString("base64url") }],
    ];
    for (const [because, whims] of rows) {
      const error = await signIn(device, whims).catch(refusalOf);
      expect(error, because).toMatchObject({ code: "invalid_credentials", message: "Invalid credentials" });
      expect(await lastEvent(), because).toMatchObject({
        event: "passkey_refused",
        detail: { because, purpose: "sign_in" },
      });
    }
    const { response } = await show(stranger);
    const own = await show(device);
    const mixed = { ...own, response: { ...own.response, signature: response.signature } };
    expect(await auth.signInByPasskey({ passkey: mixed }, facts()).catch(codeOf)).toBe("invalid_credentials");
    expect(await lastEvent()).toMatchObject({ detail: { because: "wrong_signature" } });
    for (const part of ["clientDataJSON", "authenticatorData", "signature"] as const) {
      const broken = { ...own, response: { ...own.response, [part]: "AAAA" } };
      expect(await auth.signInByPasskey({ passkey: broken }, facts()).catch(codeOf)).toMatch(
        part === "clientDataJSON" ? "code_expired" : "invalid_credentials",
      );
    }
    // Nothing of that has used up what is right.
    await auth.signInByPasskey({ passkey: own }, facts());
  });

  test("is good once, for ten minutes, and for what it was asked for", async () => {
    const { device, caller } = await createOwner();
    const passkey = await show(device);
    const tries = Array.from({ length: 4 }, () => auth.signInByPasskey({ passkey }, facts()).catch(codeOf));
    const opened = await Promise.all(tries);
    expect(opened.filter((answer) => typeof answer === "object")).toHaveLength(1);
    expect(opened.filter((answer) => answer === "code_expired")).toHaveLength(3);
    const old = await show(device);
    await service.clock.advance(601);
    expect(await auth.signInByPasskey({ passkey: old }, facts()).catch(codeOf)).toBe("code_expired");
    const made = await show(device, { challenge: Buffer.alloc(36).toString("base64url") });
    expect(await auth.signInByPasskey({ passkey: made }, facts()).catch(codeOf)).toBe("code_expired");
    const forSignIn = await show(device);
    expect(await auth.reauthenticateByPasskey(caller, { passkey: forSignIn }, facts()).catch(codeOf)).toBe(
      "code_expired",
    );
    const { options } = await auth.startPasskeyReauthentication(caller);
    const forThat = device.get(options);
    expect(await auth.signInByPasskey({ passkey: forThat }, facts()).catch(codeOf)).toBe("code_expired");
    await auth.reauthenticateByPasskey(caller, { passkey: forThat }, facts());
  });

  test("that was removed, or of an account that was disabled, opens nothing, and the browser hears of the first", async () => {
    const { device, caller, passkey, username, id } = await createOwner();
    const spare = createPasskeyDevice();
    await add(caller, spare);
    const under = await show(device);
    const bySpare = await signIn(spare).then(({ token }) => callerOf(token));
    const opened = await signIn(device);
    await auth.removePasskey(bySpare, passkey.id, facts());
    await expect(callerOf(opened.token)).rejects.toMatchObject({ code: "session_ended" });
    expect(await auth.signInByPasskey({ passkey: under }, facts()).catch(refusalOf)).toMatchObject({
      code: "invalid_credentials",
      issues: [{ path: ["passkey"], code: "not_found" }],
    });
    await auth.operator.update(username, { isActive: false });
    const error = await signIn(spare).catch(refusalOf);
    expect(error).toMatchObject({ code: "invalid_credentials", issues: [{ code: "incorrect" }] });
    expect(await lastEvent()).toMatchObject({ detail: { because: "inactive_account" }, subjectId: id });
  });

  test("whose own count goes back opens nothing and is told to its owner, at the same moment too", async () => {
    const { device, caller, id } = await createOwner();
    await signIn(device, { counter: 5 });
    for (const counter of [5, 4, 0]) {
      expect(await signIn(device, { counter }).catch(codeOf)).toBe("invalid_credentials");
      expect(await lastEvent()).toMatchObject({ event: "passkey_refused", detail: { because: "counter" } });
    }
    const kinds = (await auth.listNotices(caller, { limit: 10 })).notices.map(({ kind }) => kind);
    expect(kinds).toContain("passkey_copied");
    const two = await Promise.all([show(device, { counter: 6 }), show(device, { counter: 6 })]);
    const opened = await Promise.all(two.map((passkey) => auth.signInByPasskey({ passkey }, facts()).catch(codeOf)));
    expect(opened.filter((answer) => typeof answer === "object")).toHaveLength(1);
    expect(await service.database.query("select counter::int from latchkey.passkeys where user_id = $1", [id])).toEqual(
      [{ counter: 6 }],
    );
  });

  test("opens an account that has lost its last name", async () => {
    const { device, id } = await createOwner();
    await service.database.query(
      `update latchkey.users set username = null, username_key = null, phone_number = null, phone_proved_at = null,
        parked_at = latchkey.now() where id = $1`,
      [id],
    );
    expect((await signIn(device)).user.id).toBe(id);
  });

  test("is not there where there are none, and signs nobody in there", async () => {
    const { device, caller } = await createOwner();
    const passkey = await show(device);
    expect(await without.startPasskeySignIn().catch(codeOf)).toBe("permission_denied");
    expect(await without.signInByPasskey({ passkey }, facts()).catch(codeOf)).toBe("permission_denied");
    expect(await without.startPasskey(caller).catch(codeOf)).toBe("permission_denied");
    expect(without.options.passkeys).toBeNull();
    expect(auth.options.passkeys).toEqual({ rpId: "localhost", relatedOrigins: ["https://example.de"] });
  });
});

describe("whoever wants to add a passkey", () => {
  test("has just shown who they are, in the same session, with a device that has made sure of it", async () => {
    const { username, phoneNumber } = await createPerson();
    const caller = await signInByPassword(username);
    const other = await signInByPassword(username);
    const device = createPasskeyDevice();
    const { options } = await auth.startPasskey(caller);
    expect(options).toMatchObject({
      rp: { id: "localhost" },
      user: { name: username },
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      attestation: "none",
    });
    expect(JSON.stringify(options)).not.toContain(phoneNumber);
    const passkey = device.create(options);
    expect(await auth.addPasskey(other, { passkey }, facts()).catch(codeOf)).toBe("code_expired");
    for (const whims of [{ isVerified: false }, { origin: "https://evil.example" }, { rpId: "evil.example" }]) {
      const started = await auth.startPasskey(caller);
      const wrong = createPasskeyDevice().create(started.options, whims);
      expect(await auth.addPasskey(caller, { passkey: wrong }, facts()).catch(codeOf)).toBe("invalid_credentials");
      expect(await lastEvent()).toMatchObject({ event: "passkey_refused", detail: { purpose: "add" } });
    }
    await auth.addPasskey(caller, { passkey, name: "Phone" }, facts());
    expect(await auth.addPasskey(caller, { passkey }, facts()).catch(codeOf)).toBe("code_expired");
    await service.clock.advance(601);
    expect(await auth.startPasskey(caller).catch(codeOf)).toBe("reauthentication_required");
    const again = await auth.startPasskeyReauthentication(caller);
    expect(again.options.allowCredentials).toHaveLength(1);
    await auth.reauthenticateByPasskey(caller, { passkey: device.get(again.options) }, facts());
    expect((await auth.startPasskey(caller)).options.excludeCredentials).toHaveLength(1);
  });

  test("does not get one that another account has", { tags: ["long"] }, async () => {
    const { device } = await createOwner();
    const caller = await signInByPassword((await createPerson()).username);
    expect(await add(caller, device).catch(codeOf)).toBe("invalid_credentials");
    expect(await auth.listPasskeys(caller)).toEqual([]);
  });

  test("with a code of the number alone waits until the session is three days old", { tags: ["long"] }, async () => {
    const { id, phoneNumber } = await createPerson();
    await service.database.query("update latchkey.users set password = '!' where id = $1", [id]);
    const answer = await signInByCode(service, { purpose: "sign_in", to: phoneNumber, inbox });
    const caller = await callerOf("token" in answer ? answer.token : "");
    expect(await auth.startPasskey(caller).catch(codeOf)).toBe("permission_denied");
    await service.clock.advance(73 * 3_600);
    const again = await auth.startReauthentication(caller, { current: "phone" }, facts());
    const { code } = await inbox.take(phoneNumber);
    await auth.reauthenticateByCode(caller, { challenge: again.challenge, code }, facts());
    const { recoveryCodes } = await add(caller, createPasskeyDevice());
    // A code that was sent made them, so that they wait as any others do.
    expect(recoveryCodes?.goodFrom).toBeInstanceOf(Date);
    // From then on a code shows nothing any more.
    expect(await auth.startReauthentication(caller, { current: "phone" }, facts()).catch(codeOf)).toBe("invalid_input");
  });

  test("has 20 at most", async () => {
    const { caller, id } = await createOwner();
    await service.database.query(
      `insert into latchkey.passkeys (id, user_id, credential_id, public_key, counter, name, is_backed_up)
        select gen_random_uuid(), $1::uuid, decode(md5(n::text || $1::uuid::text), 'hex'), '\\x00', 0, 'more', false from generate_series(2, 20) n`,
      [id],
    );
    expect(await auth.startPasskey(caller).catch(codeOf)).toBe("permission_denied");
  });
});

describe("removing a passkey", () => {
  test("wants the same, ends other sessions, and leaves a way in", async () => {
    const { caller, passkey, id, device } = await createOwner();
    const other = await signIn(device);
    await service.clock.advance(601);
    expect(await auth.removePasskey(caller, passkey.id, facts()).catch(codeOf)).toBe("reauthentication_required");
    await auth.reauthenticate(caller, { password }, facts());
    await service.database.query(
      "update latchkey.users set password = '!', phone_number = null, phone_proved_at = null where id = $1",
      [id],
    );
    await service.database.query("delete from latchkey.recovery_codes where user_id = $1", [id]);
    expect(await auth.removePasskey(caller, passkey.id, facts()).catch(codeOf)).toBe("permission_denied");
    const spare = await add(caller, createPasskeyDevice());
    await auth.removePasskey(caller, passkey.id, facts());
    await expect(callerOf(other.token)).rejects.toMatchObject({ code: "session_ended" });
    expect((await auth.listPasskeys(caller)).map(({ id }) => id)).toEqual([spare.passkey.id]);
    expect(await auth.removePasskey(caller, passkey.id, facts()).catch(codeOf)).toBe("not_found");
  });
});

describe("after a password", () => {
  test("a passkey is the second factor where one is asked for, with or without a finger, of the same account alone", async () => {
    const { username, device, id } = await createOwner();
    const stranger = await createOwner();
    const { ticket, methods } = await requestOf(strict.signIn({ username, password }, facts()));
    expect(methods).toEqual(["passkey"]);
    const { options } = await strict.startSecondFactorPasskey(ticket, facts());
    expect(options).toMatchObject({ userVerification: "preferred", allowCredentials: [{ type: "public-key" }] });
    const wrong = stranger.device.get(options);
    expect(await strict.signInBySecondFactor({ ticket, passkey: wrong }, facts()).catch(codeOf)).toBe(
      "invalid_credentials",
    );
    expect(await strict.signInBySecondFactor({ ticket, passkey: await show(device) }, facts()).catch(codeOf)).toBe(
      "code_expired",
    );
    const passkey = device.get(options, { isVerified: false });
    const { token, user } = await strict.signInBySecondFactor({ ticket, passkey }, facts());
    expect(user.id).toBe(id);
    expect((await callerOf(token, strict)).session).toMatchObject({ acr: "2", amr: ["pwd", "pop", "mfa"] });
    expect(await strict.signInBySecondFactor({ ticket, passkey }, facts()).catch(codeOf)).toBe("code_invalid");
  });

  test("one is set up where the account needs a second factor and has none, and is asked for from then on", {
    tags: ["long"],
  }, async () => {
    const { username } = await createPerson();
    const { ticket, ...asked } = await requestOf(strict.signIn({ username, password }, facts()));
    expect(asked).toMatchObject({ methods: [], enroll: ["totp", "passkey"] });
    expect(await strict.startSecondFactorPasskey(ticket, facts()).catch(codeOf)).toBe("code_invalid");
    const device = createPasskeyDevice();
    const { options } = await strict.startEnrollingPasskey(ticket, facts());
    const newPasskey = device.create(options);
    const { token, recoveryCodes } = await strict.signInBySecondFactor({ ticket, newPasskey }, facts());
    expect(recoveryCodes?.codes).toHaveLength(10);
    expect((await callerOf(token, strict)).session.acr).toBe("2");
    // Also where the setting is mistyped one day.
    const { methods } = await requestOf(auth.signIn({ username, password }, facts()));
    expect(methods).toEqual(["passkey"]);
    const caller = await callerOf(token, strict);
    const [own] = await strict.listPasskeys(caller);
    expect(await strict.removePasskey(caller, own?.id ?? "", facts()).catch(codeOf)).toBe("permission_denied");
    await auth.removePasskey(caller, own?.id ?? "", facts());
    await auth.signIn({ username, password }, facts());
  });

  test("one that a code alone has set up is worth that code for three days, and so are the recovery codes beside it", async () => {
    const { username, phoneNumber } = await createPerson();
    const { challenge } = await strict.startReset({ username }, facts());
    const { code } = await inbox.take(phoneNumber);
    const reset = strict.resetPasswordByCode({ challenge, code, newPassword: nextPassword }, facts());
    const { ticket } = await requestOf(reset);
    const device = createPasskeyDevice();
    const { options } = await strict.startEnrollingPasskey(ticket, facts());
    const newPasskey = device.create(options);
    const { token, recoveryCodes } = await strict.signInBySecondFactor({ ticket, newPasskey }, facts());
    expect(recoveryCodes?.goodFrom).not.toBeNull();
    const caller = await callerOf(token, strict);
    await reauthenticate(caller, device, strict);
    expect(await setAddress(caller, strict)).toMatchObject({ kind: "set_email" });
    const byPasskey = await callerOf((await signIn(device)).token);
    expect((await auth.createRecoveryCodes(byPasskey, facts())).goodFrom).not.toBeNull();
    expect(await auth.startPasskey(byPasskey).catch(codeOf)).toBe("permission_denied");
    await service.clock.advance(3 * 86_400);
    await reauthenticate(byPasskey, device);
    expect((await auth.createRecoveryCodes(byPasskey, facts())).goodFrom).toBeNull();
    await auth.startPasskey(byPasskey);
  });

  test("an app that a code alone has set up is worth no more either, where there is no password", {
    tags: ["long"],
  }, async () => {
    const { id, phoneNumber } = await createPerson();
    await service.database.query("update latchkey.users set password = '!none' where id = $1", [id]);
    const { challenge } = await strict.startCode({ purpose: "enter", to: phoneNumber }, facts());
    const { code } = await inbox.take(phoneNumber);
    const { ticket } = await requestOf(strict.signInByCode({ challenge, code }, facts()));
    const { secret } = await strict.startEnrolling(ticket, facts());
    const totp = await showTotp(service, secret);
    const { token, recoveryCodes } = await strict.signInBySecondFactor({ ticket, totp }, facts());
    expect(recoveryCodes?.goodFrom).not.toBeNull();
    expect(await setAddress(await callerOf(token, strict), strict)).toMatchObject({ kind: "set_email" });
  });

  test("one from before a reset by a code is its owner's all the same", { tags: ["long"] }, async () => {
    const { username, phoneNumber, device } = await createOwner();
    const { challenge } = await auth.startReset({ username }, facts());
    const { code } = await inbox.take(phoneNumber);
    await auth.resetPasswordByCode({ challenge, code, newPassword: nextPassword }, facts());
    const caller = await callerOf((await signIn(device)).token);
    expect((await auth.createRecoveryCodes(caller, facts())).goodFrom).toBeNull();
  });

  test("one is shown for a reset by an old number on a device that the account knows, as it was asked for", {
    tags: ["long"],
  }, async () => {
    const { id, username, phoneNumber, device } = await createOwner();
    const { ticket: signingIn } = await requestOf(strict.signIn({ username, password }, facts()));
    const shown = device.get((await strict.startSecondFactorPasskey(signingIn, facts())).options);
    const { deviceMark } = await strict.signInBySecondFactor({ ticket: signingIn, passkey: shown }, facts());
    await service.database.query(
      "update latchkey.users set phone_proved_at = latchkey.now() - interval '1000 days' where id = $1",
      [id],
    );
    const { challenge } = await strict.startReset({ username, deviceMark }, facts());
    const { code } = await inbox.take(phoneNumber);
    const input = { challenge, code, newPassword: nextPassword, deviceMark };
    const { ticket } = await requestOf(strict.resetPasswordByCode(input, facts()));
    const { options } = await strict.startSecondFactorPasskey(ticket, facts());
    const passkey = device.get(options);
    expect((await strict.signInBySecondFactor({ ticket, passkey, deviceMark }, facts())).user.id).toBe(id);
  });

  test("one that the account has already adds no other by a ticket", async () => {
    const { username } = await createOwner();
    const { ticket } = await requestOf(strict.signIn({ username, password }, facts()));
    expect(await strict.startEnrollingPasskey(ticket, facts()).catch(codeOf)).toBe("code_invalid");
  });
});

describe("a recovery code", () => {
  async function createWithApp() {
    const owner = await createOwner();
    const { ticket, secret } = await auth.startTotp(owner.caller, facts());
    await service.clock.advance(30);
    await auth.confirmTotp(owner.caller, { ticket, totp: await showTotp(service, secret) }, facts());
    return { ...owner, secret, code: owner.recoveryCodes?.codes[0] ?? "" };
  }

  test("that was used because the password was forgotten leaves the second factor, which is asked for at once", {
    tags: ["long"],
  }, async () => {
    const { code, secret, device, id } = await createWithApp();
    const { ticket, methods } = await auth.startRecovery({ code }, facts());
    expect(methods).toEqual(["totp", "passkey"]);
    const asked = await requestOf(auth.recover({ ticket, newPassword: nextPassword }, facts()));
    expect(asked.methods).toEqual(["totp", "passkey"]);
    await service.clock.advance(30);
    const totp = await showTotp(service, secret);
    const { user } = await auth.signInBySecondFactor({ ticket: asked.ticket, totp }, facts());
    expect(user.id).toBe(id);
    expect((await signIn(device)).user.id).toBe(id);
  });

  test("takes it away where its owner says that it is lost too, and tells them", { tags: ["long"] }, async () => {
    const { code, device, id, username } = await createWithApp();
    const { ticket } = await auth.startRecovery({ code }, facts());
    const input = { ticket, newPassword: nextPassword, removeSecondFactors: true };
    const answer = await auth.recover(input, facts());
    expect(answer).toMatchObject({ user: { id } });
    expect(await signIn(device).catch(codeOf)).toBe("invalid_credentials");
    await auth.signIn({ username, password: nextPassword }, facts());
    const caller = await callerOf("token" in answer ? answer.token : "");
    const kinds = (await auth.listNotices(caller, { limit: 10 })).notices.map(({ kind }) => kind);
    expect(kinds).toContain("second_factor_changed");
  });
});

test("whoever lost the phone has its passkeys taken away by the operator as well", { tags: ["long"] }, async () => {
  const { username, device } = await createOwner();
  await auth.operator.resetSecondFactor(username);
  expect(await signIn(device).catch(codeOf)).toBe("invalid_credentials");
});

test("a passkey shown again makes a session of one factor one of two, and counts as more than a code", async () => {
  const { username, device } = await createOwner();
  const caller = await signInByPassword(username);
  expect(await auth.requireRecentAuthentication(caller, 60, "2").catch(refusalOf)).toMatchObject({ acr: "2" });
  const { options } = await auth.startPasskeyReauthentication(caller);
  await auth.reauthenticateByPasskey(caller, { passkey: device.get(options) }, facts());
  const [row] = await service.database.query<{ acr: number; amr: string }>(
    "select acr, amr from latchkey.sessions where id = $1",
    [caller.session.id],
  );
  expect(row).toEqual({ acr: 2, amr: "pwd pop user mfa" });
});

test("one address may show a hundred passkeys that are wrong, and a right one is not counted", {
  tags: ["long"],
}, async () => {
  const { device } = await createOwner();
  const from = facts();
  const wrong = await show(device, { origin: "https://evil.example" });
  for (let tried = 0; tried < 100; tried += 1) {
    expect(await auth.signInByPasskey({ passkey: wrong }, from).catch(codeOf)).toBe("invalid_credentials");
  }
  expect(await auth.signInByPasskey({ passkey: await show(device) }, from).catch(codeOf)).toBe("rate_limited");
  await service.clock.advance(7);
  await auth.signInByPasskey({ passkey: await show(device) }, from);
});

test("what was used is cleared away when it is too old to be shown again", async () => {
  const { device } = await createOwner();
  await signIn(device);
  await service.clock.advance(2 * 3_600);
  await auth.purge();
  expect(await service.database.query("select from latchkey.used_passkey_challenges")).toEqual([]);
});

test("who is in by a passkey does not make a password good again that has to be replaced", {
  tags: ["long"],
}, async () => {
  const { username, device } = await createOwner();
  await auth.operator.requirePasswordChange(username);
  const caller = await callerOf((await signIn(device)).token);
  const change = (newPassword: string) =>
    auth.changePassword(caller, { currentPassword: password, newPassword }, facts());
  expect(await change(password).catch(refusalOf)).toMatchObject({ issues: [{ code: "unchanged" }] });
  expect(await auth.signIn({ username, password }, facts()).catch(codeOf)).toBe("password_change_required");
  await change(nextPassword);
  await auth.signIn({ username, password: nextPassword }, facts());
});

describe("a recovery code", () => {
  async function createRecoverer() {
    const person = await createPerson();
    const { token } = await auth.signIn({ username: person.username, password }, facts());
    const caller = await auth.authenticate([`Bearer ${token}`]);
    const { codes } = await auth.createRecoveryCodes(caller, facts());
    return { ...person, token, caller, codes };
  }

  async function recoverWith(code: string, more: { removeSecondFactors?: boolean } = {}) {
    const device = createPasskeyDevice();
    const { ticket } = await auth.startRecovery({ code }, facts());
    const { options } = await auth.startRecoveryPasskey(ticket, facts());
    const input = { ticket, passkey: device.create(options), ...more };
    return { device, input, answer: await auth.recoverByPasskey(input, facts()) };
  }

  test("sets a passkey in the place of the password, which is gone with all that it opened", async () => {
    const { id, username, token, codes } = await createRecoverer();
    const { device, input, answer } = await recoverWith(codes[0] ?? "");
    if (!("token" in answer)) throw new Error("nobody was signed in");
    const principal = await auth.authenticate([`Bearer ${answer.token}`]);
    expect(principal).toMatchObject({ user: { id }, session: { acr: "2" } });
    expect(answer).not.toHaveProperty("recoveryCodes");
    expect(await auth.authenticate([`Bearer ${token}`]).catch(codeOf)).toBe("session_ended");
    expect(await auth.signIn({ username, password }, facts()).catch(codeOf)).toBe("invalid_credentials");
    expect(await auth.recoverByPasskey(input, facts()).catch(codeOf)).toBe("code_invalid");
    const { options } = await auth.startPasskeySignIn();
    expect((await auth.signInByPasskey({ passkey: device.get(options) }, facts())).user.id).toBe(id);
  });

  test("takes other passkeys and the app away only where its owner says that they are lost", {
    tags: ["long"],
  }, async () => {
    const { codes, id } = await createRecoverer();
    const first = await recoverWith(codes[0] ?? "");
    const second = await recoverWith(codes[1] ?? "");
    const signInBy = async ({ device }: { device: PasskeyDevice }) => {
      const { options } = await auth.startPasskeySignIn();
      return auth.signInByPasskey({ passkey: device.get(options) }, facts()).then(() => "in", codeOf);
    };
    expect(await signInBy(first)).toBe("in");
    const third = await recoverWith(codes[2] ?? "", { removeSecondFactors: true });
    expect([await signInBy(first), await signInBy(second), await signInBy(third)]).toEqual([
      "invalid_credentials",
      "invalid_credentials",
      "in",
    ]);
    const rows = await service.database.query("select from latchkey.passkeys where user_id = $1", [id]);
    expect(rows).toHaveLength(1);
  });

  test("that was the last one leaves ten new ones, and reaches an account that has no name any more", {
    tags: ["long"],
  }, async () => {
    const { codes, id } = await createRecoverer();
    await service.database.query(
      `update latchkey.users set username = null, username_key = null, phone_number = null, phone_proved_at = null,
        parked_at = latchkey.now() where id = $1`,
      [id],
    );
    const last = codes[0] ?? "";
    await service.database.query(
      "update latchkey.recovery_codes set used_at = latchkey.now() where user_id = $1 and code_hash <> (select code_hash from latchkey.recovery_codes where user_id = $1 limit 1)",
      [id],
    );
    const results: unknown[] = [];
    for (const code of codes) {
      const started = await auth.startRecovery({ code }, facts()).then(
        ({ ticket }) => ticket,
        () => null,
      );
      if (started === null) continue;
      const { options } = await auth.startRecoveryPasskey(started, facts());
      results.push(
        await auth.recoverByPasskey({ ticket: started, passkey: createPasskeyDevice().create(options) }, facts()),
      );
    }
    expect(last).not.toBe("");
    expect(results).toEqual([expect.objectContaining({ user: expect.objectContaining({ id }) })]);
    expect(results).toMatchObject([{ recoveryCodes: { codes: { length: 10 } } }]);
  });

  test("makes no passkey for another ticket, purpose or time", async () => {
    const [one, other] = [await createRecoverer(), await createRecoverer()];
    const start = async (code = "") => (await auth.startRecovery({ code }, facts())).ticket;
    const [ticket, others] = [await start(one.codes[0]), await start(other.codes[0])];
    const device = createPasskeyDevice();
    const { options } = await auth.startRecoveryPasskey(others, facts());
    const passkey = device.create(options);
    expect(await auth.recoverByPasskey({ ticket, passkey }, facts()).catch(codeOf)).toBe("code_expired");
    const ofSession = device.create((await auth.startPasskey(one.caller)).options);
    expect(await auth.recoverByPasskey({ ticket, passkey: ofSession }, facts()).catch(codeOf)).toBe("code_expired");
    await service.clock.advance(601);
    expect(await auth.recoverByPasskey({ ticket: others, passkey }, facts()).catch(codeOf)).toBe("code_expired");
  });
});
