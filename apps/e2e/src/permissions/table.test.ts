import { createHash } from "node:crypto";
import { type Auth, isAuthError } from "@latchkey/auth";
import { createInbox, createPasskeyDevice, type PasskeyDevice, shareOutBy, showTotp } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeIn, readPage, tablesOf } from "../docs/documents.ts";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, type Facts, freshName, type Person, password, toAdministrator } from "./accounts-in-core.ts";
import { ask, outcomeOf, procedureTypes } from "./call-as.ts";

// The page is what was agreed; the service is asked whether it keeps to it.
const callers = ["anonymous", "user", "staff", "granted", "superuser"] as const;
type CallerKind = (typeof callers)[number];

interface Row {
  readonly procedure: string;
  /** What it needs; null for none. */
  readonly permission: string | null;
  readonly answers: Readonly<Record<CallerKind, string>>;
}

async function readTable(): Promise<Row[]> {
  const tables = tablesOf(await readPage("docs/permissions.md"));
  const rows = tables.find(([first]) => first?.[0] === "`token.obtain`") ?? [];
  return rows.map(([procedure = "", permission = "", ...cells]) => ({
    procedure: codeIn(procedure)[0] ?? "",
    permission: codeIn(permission)[0] ?? null,
    answers: Object.fromEntries(callers.map((caller, index) => [caller, cells[index] ?? ""])) as Row["answers"],
  }));
}

const rows = await readTable();

const inbox = createInbox();
let live: LiveServer;
/** Who makes what the calls are about. */
let maker: Awaited<ReturnType<typeof toAdministrator>>;
/** The same accounts, where everybody needs a second factor. */
let strict: Auth;
beforeAll(async () => {
  live = await startLiveServer({
    messages: { senders: { sms: inbox, email: inbox }, isEnforced: false },
    passkeys: { rpId: "localhost", allowsLocalhost: true },
    tokens: { audience: ["latchkey", "shop"] },
  });
  strict = await live.test.another({ secondFactor: "all" });
  maker = await toAdministrator(live.test, await createPerson(live.test, { isSuperuser: true }));
});
afterAll(() => live[Symbol.asyncDispose]());

type Account = Pick<Person, "id" | "username">;

/** What a valid input may be about; all but the caller is new, and made when an input is about it. */
interface Fresh {
  /** Null for nobody; somebody new where the call changes whoever makes it. */
  readonly caller: Person | null;
  /** Somebody who is signed in. */
  target(): Promise<Person>;
  /** Somebody who is not. */
  account(): Promise<Account>;
  groupId(): Promise<string>;
}

const withTargetId = async ({ target }: Fresh) => ({ id: (await target()).id });
const withAccountId = async ({ account }: Fresh) => ({ id: (await account()).id });
const withGroupId = async ({ groupId }: Fresh) => ({ id: await groupId() });

const validInputs: Readonly<Record<string, (fresh: Fresh) => unknown>> = {
  "token.obtain": async ({ account }) => ({ username: (await account()).username, password }),
  "token.obtainByCode": async () => {
    const { to, challenge } = await startCode();
    return { challenge, code: (await inbox.take(to)).code };
  },
  "token.obtainBySecondFactor": async ({ account }) => {
    const ticket = await askForFactor(await account());
    const { secret } = await strict.startEnrolling(ticket, live.test.facts);
    return { ticket, totp: await showTotp(live.test, secret) };
  },
  "token.obtainByPasskey": async ({ target }) => {
    const { device } = await addPasskey(await target());
    return { passkey: device.get((await live.test.auth.startPasskeySignIn()).options) };
  },
  "token.obtainByRedirect": async ({ account }) => {
    const { auth, facts } = live.test;
    const { token } = await auth.signIn({ username: (await account()).username, password }, facts);
    const codeVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const codeChallenge = createHash("sha256").update(codeVerifier).digest("base64url");
    const asked = { clientId: "shop", redirectUri: "https://shop.example.com/signed-in" };
    const caller = await auth.authenticate([`Bearer ${token}`]);
    return { ...asked, codeVerifier, code: (await auth.startRedirect(caller, { ...asked, codeChallenge })).code };
  },
  "passkeys.start": () => undefined,
  "passkeys.startSecondFactor": async ({ target }) => {
    const person = await target();
    await addPasskey(person);
    return { ticket: await askForFactor(person) };
  },
  "passkeys.startEnrolling": async ({ account }) => ({ ticket: await askForFactor(await account()) }),
  "token.obtainByNewPassword": async ({ account }) => ({
    ticket: await askForNewPassword(await account()),
    newPassword: `${password} staple`,
  }),
  "token.enrollTotp": async ({ account }) => ({ ticket: await askForFactor(await account()) }),
  "codes.start": () => ({ purpose: "enter", to: freshNumber() }),
  "codes.resend": async () => ({ challenge: (await startCode()).challenge }),
  "token.refresh": async ({ target }) => ({ refreshToken: (await target()).refreshToken }),
  "token.revoke": async ({ target }) => ({ refreshToken: (await target()).refreshToken }),
  "token.exchange": () => ({ audience: "shop" }),
  "token.verify": async ({ target }) => ({ token: (await target()).token }),
  "account.register": () => ({ username: freshName(), password }),
  "me.get": () => undefined,
  "me.update": () => ({ city: "İzmir" }),
  "account.stopChanges": async ({ account }) => ({ username: (await account()).username, deviceMark: "x" }),
  "account.holdReset": () => createFormerPassword(),
  "me.phone.start": () => ({ to: freshNumber() }),
  "me.phone.confirm": ({ caller }) => startOwnName(caller, "phone", freshNumber()),
  "me.phone.remove": ({ caller }) => giveName(caller, { phoneNumber: freshNumber() }),
  "me.email.start": () => ({ to: `${freshName()}@example.com` }),
  "me.email.confirm": ({ caller }) => startOwnName(caller, "email", `${freshName()}@example.com`),
  "me.email.remove": ({ caller }) => giveName(caller, { email: `${freshName()}@example.com` }),
  "me.pending.list": () => undefined,
  "me.pending.stop": async ({ caller }) => ({ id: await findChangeId(caller) }),
  "me.permissions": () => undefined,
  "me.activity": () => undefined,
  "me.export": () => undefined,
  "me.consents": () => undefined,
  "me.delete": () => undefined,
  "me.reauthenticate": () => ({ password }),
  "me.totp.get": () => undefined,
  "me.totp.start": () => undefined,
  "me.totp.confirm": async ({ caller }) => startTotp(caller),
  "me.totp.remove": async ({ caller }) => {
    if (caller) await enroll(caller);
  },
  "me.passkeys.list": () => undefined,
  "me.passkeys.start": () => undefined,
  "me.passkeys.add": async ({ caller, target }) => makePasskey(caller ?? (await target())),
  "me.passkeys.rename": async ({ caller, target }) => ({
    id: (await addPasskey(caller ?? (await target()))).id,
    name: "Phone",
  }),
  "me.factors.removeOthers": () => ({ keepPasskeys: [], keepTotp: false }),
  "me.passkeys.remove": async ({ caller, target }) => ({ id: (await addPasskey(caller ?? (await target()))).id }),
  "me.passkeys.startReauthentication": async ({ caller, target }) => {
    await addPasskey(caller ?? (await target()));
  },
  "me.recoveryCodes.create": () => undefined,
  "me.recoveryCodes.status": () => undefined,
  "me.recoveryCodes.stop": async ({ caller }) => {
    if (!caller) return;
    const { user, session } = await toAdministrator(live.test, caller);
    await live.test.auth.createRecoveryCodes({ user, session }, live.test.facts);
    await live.test.database.query("update latchkey.recovery_codes set good_from = latchkey.now() + interval '1 day'");
  },
  "me.notices.list": () => undefined,
  "me.notices.markRead": () => undefined,
  "me.devices.forget": () => undefined,
  "me.rememberedDevices.list": () => undefined,
  "me.rememberedDevices.end": async ({ caller }) => ({ id: await rememberDevice(caller) }),
  "me.changePassword": () => ({ currentPassword: password, newPassword: `${password} staple` }),
  "sessions.list": () => undefined,
  "sessions.revoke": async ({ caller }) => ({ id: await findSessionId(caller) }),
  "sessions.revokeOthers": () => undefined,
  "password.startReset": async ({ account }) => ({ username: (await account()).username }),
  "password.reset": async () => ({ ...(await createSetPasswordCode()), newPassword: password }),
  "recovery.start": async () => ({ code: await createRecoveryCode() }),
  "recovery.setPassword": async () => ({ ticket: await startRecovery(), newPassword: `${password} staple` }),
  "recovery.startPasskey": async () => ({ ticket: await startRecovery() }),
  "recovery.setPasskey": async () => {
    const ticket = await startRecovery();
    const { options } = await live.test.auth.startRecoveryPasskey(ticket, live.test.facts);
    return { ticket, passkey: createPasskeyDevice().create(options) };
  },
  "users.list": () => undefined,
  "users.get": withAccountId,
  "users.create": () => ({ username: freshName() }),
  "users.update": async ({ account }) => ({ id: (await account()).id, changes: { city: "Ankara" } }),
  "users.delete": withAccountId,
  "users.setGroups": async ({ account, groupId }) => ({ id: (await account()).id, groupIds: [await groupId()] }),
  "users.setPermissions": async ({ account }) => ({ id: (await account()).id, permissions: ["auth.change_user"] }),
  "users.createPasswordCode": withAccountId,
  "users.listSessions": withTargetId,
  "users.listImported": () => ({ kind: "reserved" }),
  "users.listPendingChanges": withAccountId,
  "users.getWaysIn": withAccountId,
  "users.stopPendingChange": async ({ target }) => {
    const person = await target();
    return { id: person.id, changeId: await findChangeId(person) };
  },
  "users.endSessions": withTargetId,
  "users.requirePasswordChange": withAccountId,
  "users.resetSecondFactor": withAccountId,
  "users.unlock": withAccountId,
  "groups.list": () => undefined,
  "groups.get": withGroupId,
  "groups.create": () => ({ name: freshName(), permissions: [] }),
  "groups.update": async ({ groupId }) => ({ id: await groupId(), name: freshName() }),
  "groups.delete": withGroupId,
  "permissions.declare": () => {
    const app = `app${freshName()}`;
    return { app, permissions: [`${app}.order`] };
  },
  "audit.list": () => undefined,
  "audit.export": () => ({ limit: 1 }),
  "service.overview": () => undefined,
  "service.health": () => undefined,
  "service.keys": () => undefined,
  "service.rotateKeys": () => undefined,
  "service.settings": () => undefined,
  "messages.overview": () => undefined,
  "messages.history": () => undefined,
};

let numbers = 0;
const freshNumber = () => `+9053277${String(++numbers).padStart(5, "0")}`;

/** A password from before a reset by a code, and a device from then. */
async function createFormerPassword() {
  const username = freshName();
  await live.test.auth.createUser({ username, password });
  const { deviceMark } = await live.test.auth.signIn({ username, password }, live.test.facts);
  await live.test.database.query(
    `insert into latchkey.former_passwords (user_id, password, device_epoch)
      select id, password, device_epoch from latchkey.users where username = $1`,
    [username],
  );
  return { username, password, deviceMark };
}

/** The ticket of somebody who needs a second factor and has none. */
async function askForFactor({ username }: Pick<Person, "username">): Promise<string> {
  const refusal: unknown = await strict.signIn({ username, password }, live.test.facts).catch((error) => error);
  return (isAuthError(refusal) && refusal.secondFactor?.ticket) || "none";
}

/** The ticket of somebody whose password has to be replaced. */
async function askForNewPassword({ username }: Pick<Person, "username">): Promise<string> {
  await live.test.auth.operator.requirePasswordChange(username);
  const refusal: unknown = await live.test.auth
    .signIn({ username, password }, live.test.facts)
    .catch((error: unknown) => error);
  return (isAuthError(refusal) && refusal.passwordChange?.ticket) || "none";
}

/** What shows that an authenticator app has the secret that was made for it; made up for nobody. */
async function startTotp(caller: Person | null): Promise<{ ticket: string; totp: string }> {
  if (!caller) return { ticket: "none", totp: "123456" };
  const { ticket, secret } = await live.test.auth.startTotp(await toAdministrator(live.test, caller), live.test.facts);
  return { ticket, totp: await showTotp(live.test, secret) };
}

async function enroll(caller: Person): Promise<void> {
  const shown = await startTotp(caller);
  await live.test.auth.confirmTotp(await toAdministrator(live.test, caller), shown, live.test.facts);
}

/** What the browser of somebody who is signed in has made. */
async function makePasskey(person: Person, device: PasskeyDevice = createPasskeyDevice()) {
  const { options } = await live.test.auth.startPasskey(await toAdministrator(live.test, person));
  return { passkey: device.create(options) };
}

async function addPasskey(person: Person): Promise<{ readonly id: string; readonly device: PasskeyDevice }> {
  const device = createPasskeyDevice();
  const principal = await toAdministrator(live.test, person);
  const made = await makePasskey(person, device);
  return { id: (await live.test.auth.addPasskey(principal, made, live.test.facts)).passkey.id, device };
}

async function startCode(): Promise<{ to: string; challenge: string }> {
  const to = freshNumber();
  return { to, ...(await live.test.auth.startCode({ purpose: "enter", to }, live.test.facts)) };
}

async function startOwnName(caller: Person | null, kind: "phone" | "email", to: string) {
  if (!caller) return { challenge: "x", code: "123456" };
  const { auth, facts } = live.test;
  const { challenge } = await auth.startOwnName(await toAdministrator(live.test, caller), { kind, to }, facts);
  return { challenge, code: (await inbox.take(to)).code };
}

async function giveName(caller: Person | null, names: { phoneNumber?: string; email?: string }): Promise<undefined> {
  if (caller) await live.test.auth.operator.update(caller.username, names);
}

async function findChangeId(caller: Person | null): Promise<string> {
  if (!caller) return "00000000-0000-4000-8000-000000000000";
  const { auth, facts } = live.test;
  const principal = await toAdministrator(live.test, caller);
  const asked = await startOwnName(caller, "phone", freshNumber());
  const { pending } = await auth.confirmOwnName(principal, { ...asked, kind: "phone" }, facts);
  return pending?.id ?? "";
}

/** As if they had ticked it at their second factor. */
async function rememberDevice(caller: Person | null): Promise<string> {
  const [row] = await live.test.database.query<{ id: string }>(
    `insert into latchkey.remembered_devices (id, user_id, mark_hash, device_epoch, expires_at)
      select gen_random_uuid(), id, sha256(id::text::bytea), device_epoch, latchkey.now() + interval '1 day'
      from latchkey.users where id = $1 returning id`,
    [caller?.user.id ?? null],
  );
  return row?.id ?? "00000000-0000-4000-8000-000000000000";
}

async function findSessionId(caller: Person | null): Promise<string> {
  if (!caller) return "00000000-0000-4000-8000-000000000000";
  const { session } = await toAdministrator(live.test, caller);
  return session.id;
}

/** Of a person of their own. */
async function createRecoveryCode(): Promise<string> {
  const { user, session } = await toAdministrator(live.test, await createPerson(live.test));
  const { codes } = await live.test.auth.createRecoveryCodes({ user, session }, live.test.facts);
  return codes[0] ?? "";
}

const startRecovery = async () =>
  (await live.test.auth.startRecovery({ code: await createRecoveryCode() }, live.test.facts)).ticket;

async function createSetPasswordCode(): Promise<{ username: string; code: string }> {
  const username = freshName();
  return { username, code: (await live.test.auth.users.create(maker, { username })).setPasswordCode };
}

async function createAccount(): Promise<Account> {
  const username = freshName();
  const { id } = await live.test.auth.createUser({ username, password });
  return { id, username };
}

/** Whoever calls what is about others is the same as before: making them takes longer than the call. */
const lasting = new Map<string, Promise<Person>>();

function findCaller(procedure: string, rights: Facts): Promise<Person> {
  if (/^(me|sessions)\./.test(procedure)) return createPerson(live.test, rights);
  const key = JSON.stringify(rights);
  const caller = lasting.get(key) ?? createPerson(live.test, rights);
  lasting.set(key, caller);
  return caller;
}

const createFresh = (caller: Person | null): Fresh => ({
  caller,
  target: () => createPerson(live.test),
  account: createAccount,
  groupId: async () => (await live.test.auth.groups.create(maker, { name: freshName(), permissions: [] })).id,
});

function rightsOf(kind: CallerKind, permission: string | null): Facts | null {
  if (kind === "anonymous") return null;
  return {
    isStaff: kind === "staff",
    isSuperuser: kind === "superuser",
    permissions: kind === "granted" && permission ? [permission] : [],
  };
}

/** Asks for something valid about something new. */
async function tryProcedure(procedure: string, caller: Person | null): Promise<string> {
  const makeInput = validInputs[procedure];
  if (!makeInput) throw new Error(`no valid input of ${procedure} is known to this test`);
  const input = await makeInput(createFresh(caller));
  return outcomeOf(await ask(live, procedure, { input, token: caller?.token }));
}

test("every procedure has a row in docs/permissions.md, and every row a procedure", () => {
  expect(rows.map((row) => row.procedure).sort()).toEqual(Object.keys(procedureTypes).sort());
});

describe.each(Object.keys(procedureTypes).map((procedure, index) => ({ procedure, index })))(
  "$procedure",
  ({ procedure, index }) => {
    const row = rows.find((row) => row.procedure === procedure);

    // In the ordinary run one who holds it where it needs a permission, and else one who holds none, which are others for the next procedure. Who
    // lacks it is refused below.
    const ordinary = [row?.permission ? callers[3 + (index % 2)] : callers[index % 3]];
    for (const { tags, cases } of shareOutBy(callers, (caller) => ordinary.includes(caller))) {
      test.each(cases)("answers as docs/permissions.md says when it is called by: %s", { tags }, async (kind) => {
        const rights = rightsOf(kind, row?.permission ?? null);
        const caller = rights && (await findCaller(procedure, rights));
        expect(await tryProcedure(procedure, caller)).toBe(row?.answers[kind]);
      });
    }
  },
);

describe("staff who hold every permission but one", () => {
  let staff: Person;
  beforeAll(async () => {
    staff = await createPerson(live.test, { isStaff: true });
    await live.test.auth.users.setPermissions(maker, staff.id, await live.test.auth.findPermissions(maker.user));
  });

  test.each(rows.filter((row) => row.permission !== null))(
    "are refused $procedure without $permission",
    async ({ procedure, permission }) => {
      // Setting all of the others each time would be most of the work.
      const { query } = live.test.database;
      const take = "delete from latchkey.user_permissions where user_id = $1 and permission = $2 returning permission";
      expect(await query(take, [staff.id, permission])).toEqual([{ permission }]);
      expect(await tryProcedure(procedure, staff)).toBe("403 permission_denied");
      await query("insert into latchkey.user_permissions (user_id, permission) values ($1, $2)", [
        staff.id,
        permission,
      ]);
    },
  );
});
