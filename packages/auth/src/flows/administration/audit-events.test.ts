import { createHash, createHmac, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AuditEvent } from "../../audit/audit-event.ts";
import type { Auth } from "../../auth.ts";
import { AuthError, type AuthErrorCode } from "../../errors.ts";
import type { ImportRound } from "../../imported-users/round-store.ts";
import { createCode } from "../../one-time-codes/one-time-code.ts";
import {
  createInbox,
  createPasskeyDevice,
  createTestAuth,
  type PasskeyDevice,
  shareOut,
  showTotp,
  type TestAuth,
  type TestDatabase,
  testSecret,
} from "../../testing/index.ts";
import { limits } from "../../throttling/limits.ts";
import type { HoldResetInput } from "../sign-in/hold-reset.ts";
import type { RecoverByPasskeyInput } from "../sign-in/recover.ts";
import type { PublicPurpose } from "../sign-in/start-code.ts";
import type { Administrator } from "../steps/authority.ts";

const password = "kanarya phrase one";
const newPassword = "kanarya phrase two";
const canaries = {
  phoneNumber: "+905321239876",
  email: "kanarya@example.com",
  firstName: "Kanarya",
  city: "Kanaryaköy",
};

const secretKey = "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s";

const inbox = createInbox();
let service: TestAuth;
let admin: Administrator;
/** The same service with room for one session a person, and one that declares no model of its own. */
let narrow: Auth;
/** One that writes down who reads other people's data. */
let curious: Auth;
let bare: Auth;
beforeAll(async () => {
  const django = { secretKey, acceptTokensUntil: new Date(Date.now() + 86_400_000) };
  const messages = { senders: { sms: inbox }, countries: ["TR"], limits: generous };
  const passkeys = { rpId: "localhost", allowsLocalhost: true };
  service = await createTestAuth({ permissions: ["notes.note"], django, messages, passkeys });
  narrow = await service.another({ sessions: { perUser: 1 } });
  curious = await service.another({ auditReads: true });
  bare = await service.another({ permissions: [] });
  await service.database.query(breakable);
  await makeSummary(service.database);
  admin = await signInAsSuperuser();
});
afterAll(() => service[Symbol.asyncDispose]());

const much = 1_000_000;
const generous = { countryPerHour: much, countryPerDay: much, prefixPerHour: much, prefixPerDay: much };

let numbers = 0;
const freshNumber = () => `+9053277${String(++numbers).padStart(5, "0")}`;

/** A challenge whose message has left, of a number that is the target's, proved so many days ago, or nobody's. */
async function prepareCode(
  target: Target | null,
  { purpose = "enter", days = 1 }: { purpose?: PublicPurpose; days?: number } = {},
) {
  const { auth, database, facts } = service;
  const to = freshNumber();
  const set =
    "update latchkey.users set phone_number = $2, phone_proved_at = latchkey.now() - make_interval(days => $3) where id = $1";
  if (target) await database.query(set, [target.id, to, days]);
  // From a network of its own, of which it is the first.
  const { challenge } = await auth.startCode({ purpose, to }, { ...facts, address: `198.51.100.${numbers}` });
  const { code } = await inbox.take(to);
  await untilSent(to);
  return { challenge, code, to };
}

/** Waits until nothing is written about a message any more. */
async function untilSent(to: string): Promise<void> {
  const states = () => service.database.query("select state from latchkey.challenges where address = $1", [to]);
  await expect.poll(states).toEqual([{ state: "sent" }]);
}

type Prepared = Awaited<ReturnType<typeof prepareCode>>;

/** A code with which a signed-in person proves a number, whose message has left: theirs, proved so many days ago, or a free one. */
async function prepareOwnName({ id, caller }: Target, days: number | null = null) {
  const { auth, database, facts } = service;
  const to = freshNumber();
  const set =
    "update latchkey.users set phone_number = $2, phone_proved_at = latchkey.now() - make_interval(days => $3) where id = $1";
  if (days !== null) await database.query(set, [id, to, days]);
  const from = { ...facts, address: `198.51.100.${numbers}` };
  const { challenge } = await auth.startOwnName(caller, { kind: "phone", to }, from);
  const { code } = await inbox.take(to);
  await untilSent(to);
  return { kind: "phone", challenge, code } as const;
}

type OwnName = Awaited<ReturnType<typeof prepareOwnName>>;

/** A change of a trusted number that waits, and no other. */
async function prepareChange(target: Target) {
  const { database, auth, facts } = service;
  await database.query("delete from latchkey.pending_changes");
  await database.query("update latchkey.users set phone_number = $2, phone_proved_at = latchkey.now() where id = $1", [
    target.id,
    freshNumber(),
  ]);
  const { pending } = await auth.confirmOwnName(target.caller, await prepareOwnName(target), facts);
  return { pending, deviceMark: target.deviceMark };
}

type Waiting = Awaited<ReturnType<typeof prepareChange>>;

/** A ticket of a number that nobody has, or that the target has had for too long. */
async function prepareTicket(target: Target | null): Promise<{ ticket: string }> {
  const { challenge, code } = await prepareCode(target, { days: 100 });
  const answer = await service.auth.signInByCode({ challenge, code }, service.facts);
  if (!("ticket" in answer)) throw new Error("There was no ticket");
  return { ticket: answer.ticket };
}

const nextSecret = "Zk3vR9qLw7TnXc2Yb8HsJd5GfMp4Ua6EkQ1";
async function prepareRecoveryCode({ caller }: Target): Promise<string> {
  const { codes } = await service.auth.createRecoveryCodes(caller, service.facts);
  return codes[0] ?? "";
}

async function prepareRecovery(target: Target): Promise<string> {
  const code = await prepareRecoveryCode(target);
  return (await service.auth.startRecovery({ code }, service.facts)).ticket;
}

/** A reset by a code, and what its owner had before it. */
async function prepareHold({ id, username }: Target): Promise<HoldResetInput> {
  const { deviceMark } = await service.auth.signIn({ username, password }, service.facts);
  await service.database.query(
    `insert into latchkey.former_passwords (user_id, password, device_epoch)
      select id, password, device_epoch from latchkey.users where id = $1`,
    [id],
  );
  return { username, password, deviceMark };
}

const freshName = () => `p${randomUUID().replaceAll("-", "")}`;

async function signInAsSuperuser(): Promise<Administrator> {
  const { auth, facts } = service;
  await auth.createUser({ username: "boss", password, isSuperuser: true });
  const { token } = await auth.signIn({ username: "boss", password }, facts);
  return { ...(await auth.authenticate([`Bearer ${token}`])), facts };
}

/** Beside the core, which would take longer than most actions: few of them are about it. */
async function insertGroup(): Promise<Group> {
  const insert = "insert into latchkey.groups (id, name) values (gen_random_uuid(), $1) returning id, name";
  const [group] = await service.database.query<Group>(insert, [freshName()]);
  if (!group) throw new Error("There is no group");
  return group;
}

interface Group {
  readonly id: string;
  readonly name: string;
}

/** Somebody with the password of the superuser, and a code of theirs to set another. */
async function insertPerson(username: string, codeHash: Buffer): Promise<string> {
  const [person] = await service.database.query<{ id: string }>(
    `with person as (
        insert into latchkey.users (id, username, username_key, password)
        select uuidv7(), $1::text, $1::text, password from latchkey.users where id = $3 returning id),
      code as (
        insert into latchkey.one_time_codes (id, user_id, purpose, code_hash, issuer_id, expires_at)
        select uuidv7(), id, 'set_password', $2, $3, latchkey.now() + interval '3 days' from person)
      select id from person`,
    [username, codeHash, admin.user.id],
  );
  if (!person) throw new Error("There is no superuser");
  return person.id;
}

/** Somebody new with a session and a code to set a password, and a group: what the actions below are done to. */
async function prepareTarget() {
  const { auth, database, facts } = service;
  const username = freshName();
  const code = createCode();
  // What other actions have sent keeps this one from nothing.
  await database.query("delete from latchkey.message_counts");
  const id = await insertPerson(username, code.hash);
  const { token, refreshToken, deviceMark } = await auth.signIn({ username, password }, facts);
  const caller = await auth.authenticate([`Bearer ${token}`]);
  return { id, username, code: code.text, caller, token, refreshToken, deviceMark, group: await insertGroup() };
}

/** A round that sees one more person of the old backend, and is not complete yet. */
async function startRound({ username }: Pick<Target, "username">) {
  await service.clock.advance(1);
  const round = await service.auth.importedUsers.startRound({ source: "django", startedAt: service.clock.now() });
  await service.auth.importedUsers.record(round, [{ oldId: username, username, phoneNumber: null }]);
  return round;
}

async function completeRound(target: Pick<Target, "username">) {
  return service.auth.importedUsers.completeRound(await startRound(target), { people: 1 });
}

/** A token that the old backend issued two minutes ago to somebody whom a round saw, before and after, and who came over. */
async function encodeOldToken({ id, username }: Target): Promise<string> {
  await completeRound({ username });
  await service.auth.importedUsers.link({ source: "django", oldId: username }, id);
  await service.database.query("update latchkey.users set old_tokens_ended_at = null where id = $1", [id]);
  await service.database.query("update latchkey.imported_users set named_since = 'epoch'");
  const now = service.clock.now().getTime() / 1000;
  const exp = Math.floor(now) + 3_600;
  const claims = { user_identifier: username, iat: now - 120, exp, username, phone_number: null };
  const [header, payload] = [{ alg: "HS256", typ: "JWT" }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  return `${header}.${payload}.${createHmac("sha256", secretKey).update(`${header}.${payload}`).digest("base64url")}`;
}

/** What an authenticator app shows for a ticket. */
interface Shown {
  readonly ticket: string;
  readonly totp: string;
}

/** A secret that the target has taken over, and what the app shows. */
async function startTotp({ caller }: Pick<Target, "caller">): Promise<Shown & { readonly secret: string }> {
  const { ticket, secret } = await service.auth.startTotp(caller, service.facts);
  return { ticket, secret, totp: await showTotp(service, secret) };
}

async function enroll(target: Pick<Target, "caller">): Promise<string> {
  const { secret, ...shown } = await startTotp(target);
  await service.auth.confirmTotp(target.caller, shown, service.facts);
  return secret;
}

interface AddedPasskey {
  readonly id: string;
  readonly device: PasskeyDevice;
}

async function addPasskey({ caller }: Pick<Target, "caller">): Promise<AddedPasskey> {
  const device = createPasskeyDevice();
  const { options } = await service.auth.startPasskey(caller);
  const { passkey } = await service.auth.addPasskey(caller, { passkey: device.create(options) }, service.facts);
  return { id: passkey.id, device };
}

const redirect = {
  ...{ clientId: "shop", redirectUri: "https://shop.example.com/signed-in" },
  codeVerifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
};

async function startRedirect({ caller }: Pick<Target, "caller">): Promise<string> {
  const { codeVerifier, ...asked } = redirect;
  const codeChallenge = createHash("sha256").update(codeVerifier).digest("base64url");
  return (await service.auth.startRedirect(caller, { ...asked, codeChallenge })).code;
}

/** Signs in with the password of somebody who has a second factor: what is to be shown for it. */
async function askForFactor(target: Pick<Target, "caller" | "username">): Promise<Shown> {
  const secret = await enroll(target);
  const signIn = service.auth.signIn({ username: target.username, password }, service.facts);
  const refusal: unknown = await signIn.catch((error: unknown) => error);
  if (!(refusal instanceof AuthError)) throw new Error("It opened");
  await service.clock.advance(30);
  return { ticket: refusal.secondFactor?.ticket ?? "", totp: await showTotp(service, secret) };
}

/** The ticket of somebody whose password has to be replaced. */
async function askForNewPassword({ username }: Pick<Target, "username">): Promise<string> {
  await service.auth.operator.requirePasswordChange(username);
  const refusal = await service.auth.signIn({ username, password }, service.facts).catch((error: AuthError) => error);
  return (refusal instanceof AuthError && refusal.passwordChange?.ticket) || "none";
}

/** Does what is refused with this code; anything else is thrown on. */
async function refused(code: AuthErrorCode, action: Promise<unknown>): Promise<void> {
  const error = await action.then(
    () => new Error(`was not refused with ${code}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AuthError) || error.code !== code) throw error;
}

type Target = Awaited<ReturnType<typeof prepareTarget>>;

interface Deed {
  /** The flow, by its name in the core's API, and after a comma what it is about. */
  readonly does: string;
  /** What must have happened before. */
  readonly first?: (target: Target) => Promise<unknown>;
  run(target: Target, prepared: unknown): Promise<unknown>;
  /** The events that it leaves, in order, and of the last: whose action it is and whom it is about. */
  readonly leaves: readonly string[];
  readonly actor: "admin" | "self" | "nobody";
  readonly subject: "target" | "nobody" | "somebody new";
  /** Without an address and a request: the command line and the settings. */
  readonly isNowhere?: true;
  readonly detail?: (target: Target) => unknown;
}

const byAdmin = { actor: "admin", subject: "target" } as const;
const bySelf = { actor: "self", subject: "target" } as const;
const ofReset = { actor: "nobody", subject: "target", first: prepareHold } as const;
const byOperator = { actor: "nobody", subject: "target", isNowhere: true } as const;
const ofNobody = { actor: "nobody", subject: "nobody", isNowhere: true } as const;

async function* nothing(): AsyncGenerator<never> {}

/** What every sign-in says of its session: which one, how it was opened, and what program asked. */
const signIn = (...amr: readonly string[]) => ({
  sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  amr,
  device: "test",
});

const denied = { procedure: "users.get", target: randomUUID() };

const actions: Deed[] = [
  {
    ...bySelf,
    does: "signIn",
    run: ({ username }) => service.auth.signIn({ username, password }, service.facts),
    leaves: ["signed_in"],
    detail: () => ({ identifier: "username", ...signIn("pwd") }),
  },
  {
    ...bySelf,
    does: "signIn, beyond the most sessions",
    run: ({ username }) => narrow.signIn({ username, password }, service.facts),
    leaves: ["signed_in", "sessions_ended"],
    detail: () => ({ because: "too_many_sessions", count: 1 }),
  },
  {
    does: "signIn, with a wrong password",
    actor: "nobody",
    subject: "target",
    run: ({ username }) =>
      refused("invalid_credentials", service.auth.signIn({ username, password: newPassword }, service.facts)),
    leaves: ["sign_in_refused"],
    detail: () => ({ identifier: "username", because: "wrong_password" }),
  },
  {
    does: "signIn, of a disabled account",
    actor: "nobody",
    subject: "target",
    first: ({ id }) => service.auth.users.update(admin, id, { isActive: false }),
    run: ({ username }) => refused("invalid_credentials", service.auth.signIn({ username, password }, service.facts)),
    leaves: ["sign_in_refused"],
    detail: () => ({ identifier: "username", because: "inactive_account" }),
  },
  {
    does: "signIn, of an account that waits for its first password",
    actor: "nobody",
    subject: "somebody new",
    first: () => service.auth.users.create(admin, { username: freshName() }),
    run: async (_, prepared) => {
      const { user } = prepared as Awaited<ReturnType<Auth["users"]["create"]>>;
      const username = user.username ?? "";
      await refused("invalid_credentials", service.auth.signIn({ username, password }, service.facts));
    },
    leaves: ["sign_in_refused"],
    detail: () => ({ identifier: "username", because: "unusable_password" }),
  },
  {
    does: "signIn, of nobody",
    actor: "nobody",
    subject: "nobody",
    run: () =>
      refused("invalid_credentials", service.auth.signIn({ username: "+905321239875", password }, service.facts)),
    leaves: ["sign_in_refused"],
    detail: () => ({ identifier: "phone", because: "unknown_user" }),
  },
  {
    does: "signIn, with the last wrong password before there is a wait",
    actor: "nobody",
    subject: "target",
    first: async ({ username }) => {
      for (let time = 1; time < limits.sign_in_name_and_address.allowed; time += 1) {
        await refused("invalid_credentials", service.auth.signIn({ username, password: newPassword }, service.facts));
      }
    },
    run: ({ username }) =>
      refused("invalid_credentials", service.auth.signIn({ username, password: newPassword }, service.facts)),
    leaves: ["sign_in_refused", "limit_reached"],
    detail: () => ({ limit: "sign_in_name_and_address" }),
  },
  {
    does: "refresh, with a token that was used before",
    actor: "nobody",
    subject: "target",
    first: async ({ refreshToken }) => {
      const { token } = await service.auth.refresh(refreshToken, service.facts);
      await service.auth.authenticate([`Bearer ${token}`]);
      await service.clock.advance(31);
    },
    run: ({ refreshToken }) => refused("refresh_token_reused", service.auth.refresh(refreshToken, service.facts)),
    leaves: ["refresh_token_reused"],
    detail: ({ caller }) => ({ sessionId: caller.session.id }),
  },
  {
    does: "refresh, with a token whose answer was lost",
    actor: "nobody",
    subject: "target",
    first: async ({ refreshToken }) => {
      await service.auth.refresh(refreshToken, { ...service.facts, address: "192.0.2.9" });
      await service.clock.advance(31);
    },
    run: ({ refreshToken }) => service.auth.refresh(refreshToken, service.facts),
    leaves: ["refresh_answered_again"],
    detail: ({ caller }) => ({ sessionId: caller.session.id, previousAddress: "192.0.2.9" }),
  },
  {
    ...bySelf,
    does: "signOut",
    run: ({ refreshToken }) => service.auth.signOut(refreshToken, service.facts),
    leaves: ["signed_out"],
    detail: () => ({}),
  },
  {
    ...bySelf,
    does: "authenticate, with a token of the old backend",
    first: encodeOldToken,
    run: (_, prepared) => service.auth.authenticate([`Bearer ${prepared}`], service.facts),
    leaves: ["legacy_token_adopted"],
    detail: () => ({}),
  },
  {
    ...bySelf,
    does: "inspectToken, of a token of the old backend",
    first: encodeOldToken,
    run: (_, prepared) => service.auth.inspectToken(String(prepared), service.facts),
    leaves: ["legacy_token_adopted"],
    detail: () => ({}),
  },
  {
    does: "createUser",
    actor: "nobody",
    subject: "somebody new",
    isNowhere: true,
    run: () => service.auth.createUser({ username: freshName(), password }),
    leaves: ["user_created"],
    detail: () => ({ by: "command_line" }),
  },
  {
    ...bySelf,
    does: "updateProfile",
    run: ({ caller }) => service.auth.updateProfile(caller, { city: "Kanaryaköy", gender: null }, service.facts),
    leaves: ["profile_updated"],
    detail: () => ({ fields: ["city", "gender"] }),
  },
  {
    ...bySelf,
    does: "changePassword",
    first: ({ username }) => service.auth.signIn({ username, password }, service.facts),
    run: ({ caller }) => service.auth.changePassword(caller, { currentPassword: password, newPassword }, service.facts),
    leaves: ["password_changed"],
    detail: () => ({ sessionsEnded: 1 }),
  },
  {
    ...bySelf,
    does: "changePassword, with a wrong password",
    run: ({ caller }) =>
      refused(
        "invalid_credentials",
        service.auth.changePassword(caller, { currentPassword: newPassword, newPassword }, service.facts),
      ),
    leaves: ["password_change_refused"],
    detail: () => ({}),
  },
  {
    ...bySelf,
    does: "reauthenticate",
    run: ({ caller }) => service.auth.reauthenticate(caller, { password }, service.facts),
    leaves: ["reauthenticated"],
    detail: ({ caller }) => ({ sessionId: caller.session.id }),
  },
  {
    ...bySelf,
    does: "reauthenticate, with a wrong password",
    run: ({ caller }) =>
      refused("invalid_credentials", service.auth.reauthenticate(caller, { password: newPassword }, service.facts)),
    leaves: ["reauthentication_refused"],
    detail: () => ({}),
  },
  {
    ...bySelf,
    does: "startOwnName",
    run: ({ caller }) => service.auth.startOwnName(caller, { kind: "phone", to: freshNumber() }, service.facts),
    leaves: ["code_requested"],
    detail: () => ({ purpose: "prove_phone", identifier: "phone", isSent: true, isTest: false }),
  },
  {
    ...bySelf,
    does: "confirmOwnName, of the account's own",
    first: (target) => prepareOwnName(target, 39),
    run: ({ caller }, prepared) => service.auth.confirmOwnName(caller, prepared as OwnName, service.facts),
    leaves: ["name_proved"],
    detail: () => ({ kind: "phone" }),
  },
  {
    ...bySelf,
    does: "confirmOwnName, of another",
    first: (target) => prepareOwnName(target),
    run: ({ caller }, prepared) => service.auth.confirmOwnName(caller, prepared as OwnName, service.facts),
    leaves: ["name_proved", "name_changed", "change_requested"],
    detail: () => ({ change: "open_by_phone", seconds: 259_200 }),
  },
  {
    ...bySelf,
    does: "removeOwnName",
    first: ({ id }) =>
      service.database.query("update latchkey.users set phone_number = $2 where id = $1", [id, freshNumber()]),
    run: ({ caller }) => service.auth.removeOwnName(caller, { kind: "phone" }, service.facts),
    leaves: ["name_changed"],
    detail: () => ({ kind: "phone", change: "removed" }),
  },
  {
    ...bySelf,
    does: "stopPendingChange",
    first: prepareChange,
    run: ({ caller }, prepared) =>
      service.auth.stopPendingChange(caller, (prepared as Waiting).pending?.id ?? "", service.facts),
    leaves: ["change_stopped"],
    detail: () => ({ change: "set_phone", by: "session" }),
  },
  {
    ...bySelf,
    does: "deleteOwnAccount",
    run: ({ caller }) => service.auth.deleteOwnAccount(caller, service.facts),
    leaves: ["deletion_requested"],
    detail: () => ({ seconds: 30 * 86_400, sessionsEnded: 1 }),
  },
  {
    ...bySelf,
    does: "signIn, of an account that is to be deleted",
    first: ({ caller }) => service.auth.deleteOwnAccount(caller, service.facts),
    run: ({ username }) => service.auth.signIn({ username, password }, service.facts),
    leaves: ["signed_in", "deletion_stopped"],
    detail: () => ({ by: "sign_in" }),
  },
  {
    does: "stopPendingChanges, of a deletion",
    actor: "nobody",
    subject: "target",
    first: ({ caller }) => service.auth.deleteOwnAccount(caller, service.facts),
    run: ({ username, deviceMark }) => service.auth.stopPendingChanges({ username, deviceMark }, service.facts),
    leaves: ["deletion_stopped"],
    detail: () => ({ by: "device" }),
  },
  {
    ...byOperator,
    does: "operator.replayErasures",
    first: ({ id }) =>
      service.database.query("insert into latchkey.erased_users (digest) values (sha256(convert_to($1, 'UTF8')))", [
        id,
      ]),
    run: () => service.auth.operator.replayErasures(nothing()),
    leaves: ["user_deleted"],
    detail: () => ({ by: "restored_backup" }),
  },
  {
    does: "stopPendingChanges",
    actor: "nobody",
    subject: "target",
    first: prepareChange,
    run: ({ username, deviceMark }) =>
      service.auth.stopPendingChanges({ username: username, deviceMark }, service.facts),
    leaves: ["change_stopped"],
    detail: () => ({ change: "set_phone", by: "device" }),
  },
  {
    does: "applyDueChanges",
    actor: "self",
    subject: "target",
    isNowhere: true,
    first: async (target) => {
      await prepareChange(target);
      await service.clock.advance(73 * 3_600);
    },
    run: () => service.auth.applyDueChanges(),
    leaves: ["name_changed"],
    detail: () => ({ kind: "phone", change: "set" }),
  },
  {
    does: "applyDueChanges, of a session that has ended",
    actor: "nobody",
    subject: "target",
    isNowhere: true,
    first: async (target) => {
      await prepareChange(target);
      await service.auth.signOut(target.refreshToken, service.facts);
      await service.clock.advance(73 * 3_600);
    },
    run: () => service.auth.applyDueChanges(),
    leaves: ["change_dropped"],
    detail: () => ({ change: "set_phone", because: "session_ended" }),
  },
  {
    ...byAdmin,
    does: "users.stopPendingChange",
    first: prepareChange,
    run: ({ id }, prepared) => service.auth.users.stopPendingChange(admin, id, (prepared as Waiting).pending?.id ?? ""),
    leaves: ["change_stopped"],
    detail: () => ({ change: "set_phone", by: "administrator" }),
  },
  {
    ...byOperator,
    does: "operator.stopPendingChange",
    first: prepareChange,
    run: ({ username }, prepared) =>
      service.auth.operator.stopPendingChange(username, (prepared as Waiting).pending?.id ?? ""),
    leaves: ["change_stopped"],
    detail: () => ({ change: "set_phone", by: "administrator" }),
  },
  {
    does: "purge, of an account that has had no name for a year",
    actor: "nobody",
    subject: "target",
    isNowhere: true,
    first: async ({ id }) => {
      const { database } = service;
      const longAgo = "latchkey.now() - interval '366 days'";
      await database.query("delete from latchkey.sessions where user_id = $1", [id]);
      await database.query(
        `update latchkey.users set username = null, username_key = null, phone_number = null, email = null, email_key = null,
          parked_at = ${longAgo} where id = $1`,
        [id],
      );
    },
    run: () => service.auth.purge(),
    leaves: ["user_deleted"],
    detail: () => ({ by: "parked" }),
  },
  {
    ...byOperator,
    does: "operator.unlock",
    run: ({ username }) => service.auth.operator.unlock(username),
    leaves: ["account_unlocked"],
    detail: () => ({}),
  },
  {
    ...bySelf,
    does: "revokeSession",
    run: ({ caller }) => service.auth.revokeSession(caller, caller.session.id, service.facts),
    leaves: ["sessions_ended"],
    detail: () => ({ because: "revoked", count: 1 }),
  },
  {
    ...bySelf,
    does: "revokeOtherSessions",
    first: ({ username }) => service.auth.signIn({ username, password }, service.facts),
    run: ({ caller }) => service.auth.revokeOtherSessions(caller, service.facts),
    leaves: ["sessions_ended"],
    detail: () => ({ because: "revoked", count: 1 }),
  },
  {
    does: "register",
    run: () => service.auth.register({ username: freshName(), password, ...canaries }, service.facts),
    leaves: ["user_created"],
    actor: "self",
    subject: "somebody new",
    detail: () => ({ by: "registration" }),
  },
  {
    does: "resetPassword",
    run: ({ username, code }) => service.auth.resetPassword({ username, code, newPassword }, service.facts),
    leaves: ["password_reset"],
    actor: "nobody",
    subject: "target",
    detail: () => ({ sessionsEnded: 1 }),
  },
  {
    does: "resetPassword, with a wrong code",
    run: ({ username }) =>
      refused(
        "code_invalid",
        service.auth.resetPassword({ username, code: "KANAR-YAKAN", newPassword }, service.facts),
      ),
    leaves: ["password_reset_refused"],
    actor: "nobody",
    subject: "target",
    detail: () => ({ because: "wrong_code" }),
  },
  {
    does: "resetPassword, with a code that has run out",
    first: ({ id }) =>
      service.database.query("update latchkey.one_time_codes set expires_at = 'epoch' where user_id = $1", [id]),
    run: ({ username, code }) =>
      refused("code_expired", service.auth.resetPassword({ username, code, newPassword }, service.facts)),
    leaves: ["password_reset_refused"],
    actor: "nobody",
    subject: "target",
    detail: () => ({ because: "expired_code" }),
  },
  {
    ...bySelf,
    does: "forgetDevices",
    run: ({ caller }) => service.auth.forgetDevices(caller, service.facts),
    leaves: ["devices_forgotten"],
    detail: () => ({}),
  },
  {
    ...bySelf,
    does: "createRecoveryCodes",
    run: ({ caller }) => service.auth.createRecoveryCodes(caller, service.facts),
    leaves: ["recovery_codes_created"],
    detail: () => ({ isWaiting: false }),
  },
  {
    ...bySelf,
    does: "stopRecoveryCodes",
    first: async ({ caller }) => {
      await service.auth.createRecoveryCodes(caller, service.facts);
      const wait =
        "update latchkey.recovery_codes set good_from = latchkey.now() + interval '1 day' where user_id = $1";
      await service.database.query(wait, [caller.user.id]);
    },
    run: ({ caller }) => service.auth.stopRecoveryCodes(caller, service.facts),
    leaves: ["recovery_codes_stopped"],
    detail: () => ({ by: "session" }),
  },
  {
    does: "startRecovery",
    actor: "nobody",
    subject: "target",
    first: prepareRecoveryCode,
    run: (_, code) => service.auth.startRecovery({ code: code as string }, service.facts),
    leaves: ["recovery_started"],
    detail: () => ({}),
  },
  {
    does: "startRecovery, with a code of nobody's",
    actor: "nobody",
    subject: "nobody",
    run: () => refused("code_invalid", service.auth.startRecovery({ code: "KANAR-YAKAN" }, service.facts)),
    leaves: ["recovery_refused"],
    detail: () => ({ because: "unknown_code" }),
  },
  {
    ...bySelf,
    does: "recover",
    first: prepareRecovery,
    run: (_, ticket) => service.auth.recover({ ticket: ticket as string, newPassword }, service.facts),
    leaves: ["password_reset", "signed_in"],
    detail: () => ({ identifier: "none", by: "recovery_code", ...signIn("pwd") }),
  },
  {
    ...bySelf,
    does: "recoverByPasskey",
    first: async (target) => {
      const ticket = String(await prepareRecovery(target));
      const { options } = await service.auth.startRecoveryPasskey(ticket, service.facts);
      return { ticket, passkey: createPasskeyDevice().create(options) };
    },
    run: (_, prepared) => service.auth.recoverByPasskey(prepared as RecoverByPasskeyInput, service.facts),
    leaves: ["password_reset", "passkey_added", "signed_in"],
    detail: () => ({ identifier: "none", by: "recovery_code", ...signIn("pop", "user", "mfa") }),
  },
  {
    does: "startRecoveryPasskey, with a ticket of nobody's",
    actor: "nobody",
    subject: "nobody",
    run: () => refused("code_invalid", service.auth.startRecoveryPasskey("kanarya", service.facts)),
    leaves: ["recovery_refused"],
    detail: () => ({ because: "wrong_ticket" }),
  },
  {
    does: "recover, with a ticket of nobody's",
    actor: "nobody",
    subject: "nobody",
    run: () => refused("code_invalid", service.auth.recover({ ticket: "kanarya", newPassword }, service.facts)),
    leaves: ["recovery_refused"],
    detail: () => ({ because: "wrong_ticket" }),
  },
  {
    does: "resetPassword, of nobody",
    run: () =>
      refused(
        "code_invalid",
        service.auth.resetPassword({ username: freshName(), code: "KANAR-YAKAN", newPassword }, service.facts),
      ),
    leaves: ["password_reset_refused"],
    actor: "nobody",
    subject: "nobody",
    detail: () => ({ because: "unknown_user" }),
  },
  {
    does: "users.create",
    run: () => service.auth.users.create(admin, { username: freshName(), firstName: "Kanarya" }),
    leaves: ["user_created", "set_password_code_issued"],
    actor: "admin",
    subject: "somebody new",
    detail: () => ({}),
  },
  {
    ...byAdmin,
    does: "users.update",
    run: ({ id }) =>
      service.auth.users.update(admin, id, { city: "Kanaryaköy", isActive: false, phoneNumber: null, email: null }),
    leaves: ["user_updated"],
    detail: () => ({ fields: ["city", "isActive", "phoneNumber", "email"], isActive: false }),
  },
  {
    ...byAdmin,
    does: "users.delete",
    run: ({ id }) => service.auth.users.delete(admin, id),
    leaves: ["user_deleted"],
    detail: () => ({}),
  },
  {
    ...byAdmin,
    does: "users.unlock",
    run: ({ id }) => service.auth.users.unlock(admin, id),
    leaves: ["account_unlocked"],
    detail: () => ({}),
  },
  {
    ...byOperator,
    does: "operator.update",
    run: ({ username }) => service.auth.operator.update(username, { phoneNumber: null, isActive: false }),
    leaves: ["user_updated"],
    detail: () => ({ fields: ["isActive", "phoneNumber"], isActive: false }),
  },
  {
    ...byOperator,
    does: "operator.delete",
    run: ({ username }) => service.auth.operator.delete(username),
    leaves: ["user_deleted"],
    detail: () => ({}),
  },
  {
    ...ofNobody,
    does: "operator.createGroup",
    run: () => service.auth.operator.createGroup({ name: freshName(), permissions: [] }),
    leaves: ["group_created"],
  },
  {
    ...ofNobody,
    does: "operator.updateGroup",
    run: ({ group }) => service.auth.operator.updateGroup(group.name, { permissions: ["notes.add_note"] }),
    leaves: ["group_updated"],
    detail: ({ group }) => ({ group: group.id, fields: ["permissions"], permissions: ["notes.add_note"] }),
  },
  {
    ...ofNobody,
    does: "operator.deleteGroup",
    run: ({ group }) => service.auth.operator.deleteGroup(group.name),
    leaves: ["group_deleted"],
    detail: ({ group }) => ({ group: group.id, permissions: [] }),
  },
  {
    ...byAdmin,
    does: "users.setGroups",
    run: ({ id, group }) => service.auth.users.setGroups(admin, id, [group.id]),
    leaves: ["groups_set"],
    detail: ({ group }) => ({ groups: [group.id] }),
  },
  {
    ...byAdmin,
    does: "users.setPermissions",
    run: ({ id }) => service.auth.users.setPermissions(admin, id, ["notes.add_note"]),
    leaves: ["permissions_set"],
    detail: () => ({ permissions: ["notes.add_note"] }),
  },
  {
    ...byAdmin,
    does: "users.endSessions",
    run: ({ id }) => service.auth.users.endSessions(admin, id),
    leaves: ["sessions_ended"],
    detail: () => ({ because: "ended_by_administrator", count: 1 }),
  },
  {
    ...byAdmin,
    does: "users.endSessions, of one session",
    first: ({ username }) => service.auth.signIn({ username, password }, service.facts),
    run: ({ id, caller }) => service.auth.users.endSessions(admin, id, caller.session.id),
    leaves: ["sessions_ended"],
    detail: () => ({ because: "ended_by_administrator", count: 1 }),
  },
  {
    ...byAdmin,
    does: "users.createPasswordCode",
    run: ({ id }) => service.auth.users.createPasswordCode(admin, id),
    leaves: ["set_password_code_issued"],
    detail: () => ({}),
  },
  {
    does: "groups.create",
    run: () => service.auth.groups.create(admin, { name: freshName(), permissions: ["notes.add_note"] }),
    leaves: ["group_created"],
    actor: "admin",
    subject: "nobody",
  },
  {
    does: "groups.update",
    run: ({ group }) => service.auth.groups.update(admin, group.id, { permissions: ["notes.add_note"] }),
    leaves: ["group_updated"],
    actor: "admin",
    subject: "nobody",
    detail: ({ group }) => ({ group: group.id, fields: ["permissions"], permissions: ["notes.add_note"] }),
  },
  {
    does: "groups.delete",
    run: ({ group }) => service.auth.groups.delete(admin, group.id),
    leaves: ["group_deleted"],
    actor: "admin",
    subject: "nobody",
    detail: ({ group }) => ({ group: group.id, permissions: [] }),
  },
  {
    does: "startCode",
    actor: "nobody",
    subject: "nobody",
    run: () => service.auth.startCode({ purpose: "enter", to: "+905327688888" }, service.facts),
    leaves: ["code_requested"],
    detail: () => ({ purpose: "enter", identifier: "phone", isSent: true, isTest: false }),
  },
  {
    does: "startCode, for a country that is sent nothing",
    actor: "nobody",
    subject: "nobody",
    run: () =>
      refused("invalid_input", service.auth.startCode({ purpose: "enter", to: "+4915112345678" }, service.facts)),
    leaves: ["message_refused"],
    detail: () => ({ rule: "country", country: "DE" }),
  },
  {
    does: "startReset",
    actor: "nobody",
    subject: "target",
    first: (target) => prepareCode(target),
    run: ({ username }) => service.auth.startReset({ username }, service.facts),
    leaves: ["code_requested"],
    detail: () => ({ purpose: "reset_password", identifier: "username", isSent: true, isTest: false }),
  },
  {
    does: "resetPasswordByCode",
    actor: "nobody",
    subject: "target",
    first: (target) => prepareCode(target, { purpose: "reset_password" }),
    run: (_, prepared) => service.auth.resetPasswordByCode({ ...(prepared as Prepared), newPassword }, service.facts),
    leaves: ["password_reset"],
    detail: () => ({ sessionsEnded: 1, by: "phone" }),
  },
  {
    ...ofReset,
    does: "holdReset",
    run: (_, prepared) => service.auth.holdReset(prepared as HoldResetInput, service.facts),
    leaves: ["password_reset_held"],
    detail: () => ({ until: expect.any(String) }),
  },
  {
    ...ofReset,
    does: "holdReset, let go on",
    run: (_, prepared) => service.auth.holdReset({ ...(prepared as HoldResetInput), release: true }, service.facts),
    leaves: ["password_reset_released"],
    detail: () => ({}),
  },
  {
    ...ofReset,
    does: "holdReset, with another password",
    run: (_, prepared) =>
      refused(
        "invalid_credentials",
        service.auth.holdReset({ ...(prepared as HoldResetInput), password: newPassword }, service.facts),
      ),
    leaves: ["password_reset_hold_refused"],
    detail: () => ({}),
  },
  {
    ...bySelf,
    does: "startReauthentication",
    first: async (target) => {
      await prepareCode(target);
      await service.database.query("update latchkey.users set password = '!' where id = $1", [target.id]);
    },
    run: ({ caller }) => service.auth.startReauthentication(caller, { current: "phone" }, service.facts),
    leaves: ["code_requested"],
    detail: () => ({ purpose: "reauthenticate", identifier: "phone", isSent: true, isTest: false }),
  },
  {
    ...bySelf,
    does: "reauthenticateByCode",
    first: async (target) => {
      const { to } = await prepareCode(target);
      await service.database.query("update latchkey.users set password = '!' where id = $1", [target.id]);
      await service.database.query("delete from latchkey.challenges");
      const { challenge } = await service.auth.startReauthentication(
        target.caller,
        { current: "phone" },
        service.facts,
      );
      const { code } = await inbox.take(to);
      await untilSent(to);
      return { challenge, code, to };
    },
    run: ({ caller }, prepared) => {
      const { challenge, code } = prepared as Prepared;
      return service.auth.reauthenticateByCode(caller, { challenge, code }, service.facts);
    },
    leaves: ["reauthenticated"],
    detail: ({ caller }) => ({ sessionId: caller.session.id, by: "code" }),
  },
  {
    does: "resendCode, for a number that has had too many",
    actor: "nobody",
    subject: "target",
    first: async (target) => {
      const prepared = await prepareCode(target);
      for (let asked = 0; asked < 3; asked += 1)
        await service.auth.startCode({ purpose: "sign_in", to: prepared.to }, service.facts);
      await service.clock.advance(31);
      return prepared;
    },
    run: (_, prepared) =>
      refused("rate_limited", service.auth.resendCode({ challenge: (prepared as Prepared).challenge }, service.facts)),
    leaves: ["message_refused"],
    detail: () => ({ rule: "number", country: "TR" }),
  },
  {
    ...bySelf,
    does: "signInByCode",
    first: (target) => prepareCode(target),
    run: (_, prepared) => service.auth.signInByCode(prepared as Prepared, service.facts),
    leaves: ["signed_in"],
    detail: () => ({ identifier: "phone", by: "code", ...signIn("sms") }),
  },
  {
    does: "signInByCode, of an account that a code does not open",
    actor: "nobody",
    subject: "target",
    first: async (target) => {
      const prepared = await prepareCode(target, { purpose: "sign_in" });
      await service.database.query("update latchkey.users set is_staff = true where id = $1", [target.id]);
      return prepared;
    },
    run: (_, prepared) => refused("code_invalid", service.auth.signInByCode(prepared as Prepared, service.facts)),
    leaves: ["code_refused"],
    detail: () => ({ purpose: "sign_in", because: "no_way_in" }),
  },
  {
    does: "signInByCode, of a number that may be another person's by now",
    actor: "nobody",
    subject: "target",
    first: (target) => prepareCode(target, { days: 100 }),
    run: (_, prepared) => service.auth.signInByCode(prepared as Prepared, service.facts),
    leaves: ["ticket_issued"],
    detail: () => ({ kind: "phone", opens: "another_way" }),
  },
  {
    ...bySelf,
    does: "signIn, with a ticket",
    first: prepareTicket,
    run: ({ username }, prepared) =>
      service.auth.signIn({ username, password, ...(prepared as { ticket: string }) }, service.facts),
    leaves: ["name_proved", "signed_in"],
    detail: () => ({ identifier: "username", ...signIn("pwd") }),
  },
  {
    does: "register, with a ticket",
    actor: "self",
    subject: "somebody new",
    first: () => prepareTicket(null),
    run: (_, prepared) => service.auth.register(prepared as { ticket: string }, service.facts),
    leaves: ["user_created", "name_proved"],
    detail: () => ({ kind: "phone" }),
  },
  {
    does: "register, with a number that another person had",
    actor: "self",
    subject: "somebody new",
    first: prepareTicket,
    run: (_, prepared) =>
      service.auth.register({ ...(prepared as { ticket: string }), isNotMine: true }, service.facts),
    leaves: ["name_lost", "user_created", "name_proved"],
    detail: () => ({ kind: "phone" }),
  },
  {
    ...byOperator,
    does: "operator.changePassword",
    run: ({ username }) => service.auth.operator.changePassword(username, newPassword),
    leaves: ["password_reset"],
    detail: () => ({ sessionsEnded: 1 }),
  },
  {
    ...byOperator,
    does: "operator.grant, of a permission",
    run: ({ username }) => service.auth.operator.grant(username, { permission: "notes.add_note" }),
    leaves: ["permissions_set"],
    detail: () => ({ permissions: ["notes.add_note"] }),
  },
  {
    ...byOperator,
    does: "operator.grant, of a group",
    run: ({ username, group }) => service.auth.operator.grant(username, { group: group.name }),
    leaves: ["groups_set"],
    detail: ({ group }) => ({ groups: [group.id] }),
  },
  {
    ...byOperator,
    does: "operator.revoke",
    run: ({ username }) => service.auth.operator.revoke(username, { permission: "notes.add_note" }),
    leaves: ["permissions_set"],
    detail: () => ({ permissions: [] }),
  },
  {
    ...byOperator,
    does: "operator.endSessions",
    run: ({ username }) => service.auth.operator.endSessions(username),
    leaves: ["sessions_ended"],
    detail: () => ({ because: "ended_by_administrator", count: 1 }),
  },
  {
    ...byOperator,
    does: "operator.endSessions, of one session",
    run: ({ username, caller }) => service.auth.operator.endSessions(username, caller.session.id),
    leaves: ["sessions_ended"],
    detail: () => ({ because: "ended_by_administrator", count: 1 }),
  },
  {
    ...byOperator,
    does: "operator.createPasswordCode",
    run: ({ username }) => service.auth.operator.createPasswordCode(username),
    leaves: ["set_password_code_issued"],
    detail: () => ({}),
  },
  {
    does: "declarePermissions",
    actor: "admin",
    subject: "nobody",
    first: () => service.auth.declarePermissions(admin, { app: "shop", permissions: ["shop.refund_order"] }),
    run: () => service.auth.declarePermissions(admin, { app: "shop", permissions: ["shop.pack_order"], prune: true }),
    leaves: ["permissions_declared"],
    detail: () => ({ app: "shop", added: ["shop.pack_order"], removed: ["shop.refund_order"] }),
  },
  {
    ...ofNobody,
    does: "syncPermissions, with prune",
    first: () => service.auth.syncPermissions({ prune: false }),
    run: () => bare.syncPermissions({ prune: true }),
    leaves: ["permissions_pruned"],
    detail: () => ({ permissions: ["add", "change", "delete", "view"].map((action) => `notes.${action}_note`) }),
  },
  {
    ...ofNobody,
    does: "importedUsers.completeRound",
    first: startRound,
    run: (_, prepared) => service.auth.importedUsers.completeRound(prepared as ImportRound, { people: 1 }),
    leaves: ["imported_users_recorded"],
    detail: () => ({ source: "django", added: 1, changed: 0, gone: expect.any(Number) }),
  },
  {
    ...ofNobody,
    does: "importedUsers.updateKnown",
    first: async (target) => {
      await completeRound(target);
      return startRound({ username: `${target.username}_renamed` });
    },
    run: (_, prepared) => service.auth.importedUsers.updateKnown(prepared as ImportRound, { people: 1 }),
    leaves: ["imported_users_recorded"],
    detail: () => ({ source: "django", added: 0, changed: expect.any(Number), gone: expect.any(Number) }),
  },
  {
    does: "importedUsers.link",
    actor: "nobody",
    subject: "target",
    isNowhere: true,
    first: completeRound,
    run: ({ id, username }) => service.auth.importedUsers.link({ source: "django", oldId: username }, id),
    leaves: ["imported_user_linked"],
    detail: () => ({ source: "django" }),
  },
  {
    does: "signIn, of an account with a second factor",
    actor: "nobody",
    subject: "target",
    first: enroll,
    run: ({ username }) =>
      refused("second_factor_required", service.auth.signIn({ username, password }, service.facts)),
    leaves: ["second_factor_asked"],
    detail: () => ({ purpose: "sign_in", isToEnroll: false }),
  },
  {
    ...bySelf,
    does: "signInBySecondFactor",
    first: askForFactor,
    run: (_, prepared) => service.auth.signInBySecondFactor(prepared as Shown, service.facts),
    leaves: ["signed_in"],
    detail: () => ({ identifier: "username", secondFactor: "totp", ...signIn("pwd", "otp", "mfa") }),
  },
  {
    ...bySelf,
    does: "signInBySecondFactor, on a device that is remembered",
    first: askForFactor,
    run: (_, prepared) => service.auth.signInBySecondFactor({ ...(prepared as Shown), remember: true }, service.facts),
    leaves: ["signed_in", "device_remembered"],
    detail: () => ({ sessionId: expect.any(String) }),
  },
  {
    ...bySelf,
    does: "endRememberedDevice",
    first: async (target) => {
      await service.auth.signInBySecondFactor({ ...(await askForFactor(target)), remember: true }, service.facts);
      const [device] = await service.auth.listRememberedDevices(target.caller);
      return device?.id;
    },
    run: ({ caller }, id) => service.auth.endRememberedDevice(caller, String(id), service.facts),
    leaves: ["remembered_device_ended"],
    detail: () => ({}),
  },
  {
    does: "signInBySecondFactor, with a wrong one-time password",
    actor: "nobody",
    subject: "target",
    first: askForFactor,
    run: async (_, prepared) => {
      const wrong = { ...(prepared as Shown), totp: "000000000" };
      await refused("code_invalid", service.auth.signInBySecondFactor(wrong, service.facts));
    },
    leaves: ["second_factor_refused"],
    detail: () => ({ because: "wrong_code" }),
  },
  {
    ...bySelf,
    does: "confirmTotp",
    first: startTotp,
    run: ({ caller }, prepared) => service.auth.confirmTotp(caller, prepared as Shown, service.facts),
    leaves: ["second_factor_enrolled", "recovery_codes_created"],
    detail: () => ({ isWaiting: false }),
  },
  {
    ...bySelf,
    does: "removeTotp",
    first: enroll,
    // As it is read with their next call.
    run: ({ caller: { user, session } }) =>
      service.auth.removeTotp({ user, session: { ...session, acr: "2" } }, service.facts),
    leaves: ["second_factor_removed"],
    detail: () => ({ method: "totp", sessionsEnded: 0 }),
  },
  {
    ...bySelf,
    does: "addPasskey",
    first: async ({ caller }) => createPasskeyDevice().create((await service.auth.startPasskey(caller)).options),
    run: ({ caller }, prepared) => {
      const passkey = prepared as ReturnType<PasskeyDevice["create"]>;
      return service.auth.addPasskey(caller, { passkey }, service.facts);
    },
    leaves: ["passkey_added", "recovery_codes_created"],
    detail: () => ({ isWaiting: false }),
  },
  {
    ...bySelf,
    does: "signInByPasskey",
    first: addPasskey,
    run: async (_, prepared) => {
      const { options } = await service.auth.startPasskeySignIn();
      const passkey = (prepared as AddedPasskey).device.get(options);
      return service.auth.signInByPasskey({ passkey }, service.facts);
    },
    leaves: ["signed_in"],
    detail: () => ({ identifier: "none", by: "passkey", ...signIn("pop", "user", "mfa") }),
  },
  {
    ...bySelf,
    does: "signInByPasskey, with a device that has not made sure whose it is",
    actor: "nobody",
    first: addPasskey,
    run: async (_, prepared) => {
      const { options } = await service.auth.startPasskeySignIn();
      const passkey = (prepared as AddedPasskey).device.get(options, { isVerified: false });
      await refused("invalid_credentials", service.auth.signInByPasskey({ passkey }, service.facts));
    },
    leaves: ["passkey_refused"],
    detail: () => ({ purpose: "sign_in", because: "not_verified" }),
  },
  {
    ...bySelf,
    does: "signInByRedirect",
    first: startRedirect,
    run: (_, prepared) => service.auth.signInByRedirect({ ...redirect, code: String(prepared) }, service.facts),
    leaves: ["signed_in"],
    detail: () => ({ identifier: "none", by: "redirect", client: "shop", ...signIn("pwd") }),
  },
  {
    does: "signInByRedirect, with another verifier",
    actor: "nobody",
    subject: "target",
    first: startRedirect,
    run: (_, prepared) => {
      const input = { ...redirect, code: String(prepared), codeVerifier: "A".repeat(43) };
      return refused("code_invalid", service.auth.signInByRedirect(input, service.facts));
    },
    leaves: ["authorization_code_refused"],
    detail: () => ({ client: "shop", because: "wrong_verifier" }),
  },
  {
    ...bySelf,
    does: "reauthenticateByPasskey",
    first: addPasskey,
    run: async ({ caller }, prepared) => {
      const { options } = await service.auth.startPasskeyReauthentication(caller);
      const passkey = (prepared as AddedPasskey).device.get(options);
      return service.auth.reauthenticateByPasskey(caller, { passkey }, service.facts);
    },
    leaves: ["reauthenticated"],
    detail: ({ caller }) => ({ sessionId: caller.session.id, by: "passkey" }),
  },
  {
    ...bySelf,
    does: "renamePasskey",
    first: addPasskey,
    run: ({ caller }, prepared) => {
      const { id } = prepared as AddedPasskey;
      return service.auth.renamePasskey(caller, { id, name: "Phone" }, service.facts);
    },
    leaves: ["passkey_renamed"],
    detail: () => ({}),
  },
  {
    ...bySelf,
    does: "removePasskey",
    first: addPasskey,
    run: ({ caller }, prepared) => service.auth.removePasskey(caller, (prepared as AddedPasskey).id, service.facts),
    leaves: ["passkey_removed"],
    detail: () => ({ sessionsEnded: 0 }),
  },
  {
    ...bySelf,
    does: "removeOtherFactors",
    first: addPasskey,
    run: ({ caller }) => service.auth.removeOtherFactors(caller, { keepPasskeys: [], keepTotp: false }, service.facts),
    leaves: ["passkey_removed", "recovery_codes_created"],
    detail: () => ({ isWaiting: false }),
  },
  {
    ...byAdmin,
    does: "users.resetSecondFactor",
    first: async (target) => {
      await enroll(target);
      await service.auth.reauthenticate(admin, { password }, service.facts);
    },
    run: ({ id }) => service.auth.users.resetSecondFactor(admin, id),
    leaves: ["second_factor_reset"],
    detail: () => ({ sessionsEnded: 1 }),
  },
  {
    ...byOperator,
    does: "operator.resetSecondFactor",
    first: enroll,
    run: ({ username }) => service.auth.operator.resetSecondFactor(username),
    leaves: ["second_factor_reset"],
    detail: () => ({ sessionsEnded: 1 }),
  },
  {
    ...byAdmin,
    does: "users.requirePasswordChange",
    run: ({ id }) => service.auth.users.requirePasswordChange(admin, id),
    leaves: ["password_change_required"],
    detail: () => ({ sessionsEnded: 1 }),
  },
  {
    ...byOperator,
    does: "operator.requirePasswordChange",
    run: ({ username }) => service.auth.operator.requirePasswordChange(username),
    leaves: ["password_change_required"],
    detail: () => ({ sessionsEnded: 1 }),
  },
  {
    does: "signIn, with a password that has to be replaced",
    actor: "nobody",
    subject: "target",
    first: ({ username }) => service.auth.operator.requirePasswordChange(username),
    run: ({ username }) =>
      refused("password_change_required", service.auth.signIn({ username, password }, service.facts)),
    leaves: ["password_change_asked"],
    detail: () => ({ purpose: "sign_in" }),
  },
  {
    ...bySelf,
    does: "signInByNewPassword",
    first: askForNewPassword,
    run: (_, prepared) =>
      service.auth.signInByNewPassword(
        { ticket: String(prepared), newPassword: "an even better battery" },
        service.facts,
      ),
    leaves: ["password_changed", "signed_in"],
    detail: () => ({ identifier: "username", ...signIn("pwd") }),
  },
  {
    ...ofNobody,
    does: "rotateKeys",
    run: () => service.auth.rotateKeys({ compromised: false }),
    leaves: ["keys_rotated"],
    detail: () => ({ oldKeysRemoved: false }),
  },
  {
    ...ofNobody,
    does: "rotateKeys, of keys that are compromised",
    run: () => service.auth.rotateKeys({ compromised: true }),
    leaves: ["keys_rotated"],
    detail: () => ({ oldKeysRemoved: true }),
  },
  {
    ...byAdmin,
    subject: "nobody",
    does: "rotateKeys, by an administrator",
    run: () => service.auth.rotateKeys({ compromised: false }, admin),
    leaves: ["keys_rotated"],
    detail: () => ({ oldKeysRemoved: false }),
  },
  {
    ...ofNobody,
    does: "rotateDueKeys",
    first: () =>
      service.database.query("update latchkey.signing_keys set created_at = created_at - interval '91 days'"),
    run: () => service.auth.rotateDueKeys(),
    leaves: ["keys_rotated"],
    detail: () => ({ oldKeysRemoved: false, because: "age" }),
  },
  {
    ...ofNobody,
    does: "reseal",
    // There and back.
    run: async () => {
      const next = await service.another({ secret: [nextSecret, testSecret] });
      await next.reseal({});
      await (await service.another({ secret: [testSecret, nextSecret] })).reseal({});
    },
    leaves: ["secret_resealed", "secret_resealed"],
    detail: () => ({ because: "replaced" }),
  },
  {
    ...ofNobody,
    does: "operator.endAllSessions",
    run: () => service.auth.operator.endAllSessions(),
    leaves: ["sessions_ended"],
    detail: () => ({ because: "ended_by_administrator", count: expect.any(Number) }),
  },
];

actions.push({
  ...ofNobody,
  does: "purge, where weak digests have run out",
  first: async ({ id }) => {
    // Accounts of before whose time has come go first.
    await service.auth.purge();
    await service.database.query(
      "update latchkey.users set password = 'bcrypt_md5$$2b$04$' || repeat('a', 53) || '$' where id = $1",
      [id],
    );
  },
  run: async () => (await service.another({ passwords: { weakHashesUntil: new Date(0) } })).purge(),
  leaves: ["weak_passwords_cleared"],
  detail: () => ({ count: 1 }),
});

const ofReading = { actor: "admin", subject: "target" } as const;

actions.push(
  {
    does: "recordDenial",
    actor: "admin",
    subject: "nobody",
    run: () => service.auth.recordDenial(admin.user, denied, service.facts),
    leaves: ["permission_denied"],
    detail: () => denied,
  },
  {
    does: "recordDenial, more often than is written one by one, until the process stops",
    actor: "admin",
    subject: "nobody",
    run: async () => {
      const other = await service.another();
      for (let time = 0; time < 35; time += 1) await other.recordDenial(admin.user, denied, service.facts);
      await other.close();
    },
    leaves: [...Array.from({ length: 30 }, () => "permission_denied"), "denials_counted"],
    detail: () => ({ calls: 5, procedures: [denied.procedure] }),
  },
  {
    ...ofReading,
    does: "users.get, where readers are written down",
    run: ({ id }) => curious.users.get(id, admin),
    leaves: ["data_read"],
    detail: () => ({ what: "user", count: 1 }),
  },
  {
    ...ofReading,
    does: "users.listSessions, where readers are written down",
    run: ({ id }) => curious.users.listSessions(admin, id),
    leaves: ["data_read"],
    detail: () => ({ what: "sessions", count: 1 }),
  },
  {
    ...ofReading,
    does: "users.listPendingChanges, where readers are written down",
    run: ({ id }) => curious.users.listPendingChanges(admin, id),
    leaves: ["data_read"],
    detail: () => ({ what: "changes", count: 0 }),
  },
  {
    ...ofReading,
    does: "users.getWaysIn, where readers are written down",
    run: ({ id }) => curious.users.getWaysIn(admin, id),
    leaves: ["data_read"],
    detail: () => ({ what: "user", count: 1 }),
  },
  {
    does: "users.list, where readers are written down",
    actor: "admin",
    subject: "nobody",
    run: ({ username }) => curious.users.list({ username, limit: 25 }, admin),
    leaves: ["data_read"],
    detail: () => ({ what: "users", count: 1 }),
  },
  {
    does: "users.listImported, where readers are written down",
    actor: "admin",
    subject: "nobody",
    run: () => curious.users.listImported({ kind: "altered", limit: 25 }, admin),
    leaves: ["data_read"],
    detail: () => ({ what: "imported_users", count: 0 }),
  },
  {
    ...ofReading,
    does: "listAuditEvents, where readers are written down",
    run: ({ id }) => curious.listAuditEvents({ userId: id, limit: 1 }, admin),
    leaves: ["data_read"],
    detail: () => ({ what: "audit_events", count: 1 }),
  },
  {
    ...byOperator,
    does: "operator.exportUser, where readers are written down",
    run: ({ username }) => curious.operator.exportUser(username),
    leaves: ["data_read"],
    detail: () => ({ what: "export", count: 1 }),
  },
  {
    ...byOperator,
    does: "operator.listSessions, where readers are written down",
    run: ({ username }) => curious.operator.listSessions(username),
    leaves: ["data_read"],
    detail: () => ({ what: "sessions", count: 1 }),
  },
);

/** What leaves no event: it changes nothing but what is past its time, or is the start of a process. */
const quietDeeds: Readonly<Record<string, (target: Target) => unknown>> = {
  resendCode: async () => {
    const { challenge } = await prepareCode(null);
    await service.database.query("delete from latchkey.audit_events where event = 'code_requested'");
    return service.auth.resendCode({ challenge }, service.facts);
  },
  readServiceOverview: () => service.auth.readServiceOverview(),
  listSigningKeys: () => service.auth.listSigningKeys(),
  reportMessages: () => service.auth.reportMessages(),
  readMessageHistory: () => service.auth.readMessageHistory(),
  readQueues: () => service.auth.readQueues(),
  deliverDueWebhooks: () => service.auth.deliverDueWebhooks(),
  reportWebhooks: () => service.auth.reportWebhooks({ limit: 25 }),
  resendWebhooks: () => service.auth.resendWebhooks({}),
  sendDueMessages: () => service.auth.sendDueMessages(),
  receiveDelivery: () => service.auth.receiveDelivery({ providerId: "unknown", state: "delivered" }),
  delayRefusal: () => service.auth.delayRefusal(),
  "users.list": () => service.auth.users.list({ limit: 25 }),
  "users.get": ({ id }) => service.auth.users.get(id),
  "users.listPendingChanges": ({ id }) => service.auth.users.listPendingChanges(admin, id),
  "users.listImported": () => service.auth.users.listImported({ kind: "reserved", limit: 25 }, admin),
  "users.getWaysIn": ({ id }) => service.auth.users.getWaysIn(admin, id),
  "operator.listPendingChanges": ({ username }) => service.auth.operator.listPendingChanges(username),
  "users.listSessions": ({ id }) => service.auth.users.listSessions(admin, id),
  "groups.list": () => service.auth.groups.list({ limit: 25 }),
  "groups.get": ({ group }) => service.auth.groups.get(group.id),
  "operator.exportErasures": () => service.auth.operator.exportErasures().next(),
  "operator.exportUser": ({ username }) => service.auth.operator.exportUser(username),
  "operator.listSessions": ({ username }) => service.auth.operator.listSessions(username),
  "importedUsers.startRound": startRound,
  "importedUsers.record": startRound,
  "importedUsers.listWithoutAccount": () => service.auth.importedUsers.listWithoutAccount("django"),
  refresh: ({ refreshToken }) => service.auth.refresh(refreshToken, service.facts),
  authenticate: ({ token }) => service.auth.authenticate([`Bearer ${token}`]),
  inspectToken: ({ token }) => service.auth.inspectToken(token, service.facts),
  exchangeToken: ({ caller }) => refused("invalid_input", service.auth.exchangeToken(caller, { audience: "none" })),
  listSessions: ({ caller }) => service.auth.listSessions(caller),
  listRememberedDevices: ({ caller }) => service.auth.listRememberedDevices(caller),
  listNotices: ({ caller }) => service.auth.listNotices(caller, { limit: 25 }),
  markNoticesRead: ({ caller }) => service.auth.markNoticesRead(caller, {}),
  listConsents: ({ caller }) => service.auth.listConsents(caller),
  listPendingChanges: ({ caller }) => service.auth.listPendingChanges(caller),
  readRecoveryCodes: ({ caller }) => service.auth.readRecoveryCodes(caller),
  listActivity: ({ caller }) => service.auth.listActivity(caller, { limit: 25 }),
  getTotp: ({ caller }) => service.auth.getTotp(caller),
  startTotp: ({ caller }) => service.auth.startTotp(caller, service.facts),
  startPasskeySignIn: () => service.auth.startPasskeySignIn(),
  startRedirect,
  startSecondFactorPasskey: () => refused("code_invalid", service.auth.startSecondFactorPasskey("none", service.facts)),
  startEnrollingPasskey: () => refused("code_invalid", service.auth.startEnrollingPasskey("none", service.facts)),
  listPasskeys: ({ caller }) => service.auth.listPasskeys(caller),
  startPasskey: ({ caller }) => service.auth.startPasskey(caller),
  startPasskeyReauthentication: ({ caller }) => refused("not_found", service.auth.startPasskeyReauthentication(caller)),
  startEnrolling: () => refused("code_invalid", service.auth.startEnrolling("none", service.facts)),
  exportOwnData: ({ caller }) => service.auth.exportOwnData(caller),
  listAuditEvents: () => service.auth.listAuditEvents({ limit: 25 }),
  findPermissions: ({ caller }) => service.auth.findPermissions(caller.user),
  requireRecentAuthentication: ({ caller }) => service.auth.requireRecentAuthentication(caller, 600),
  requireToAdminister: ({ caller }) => service.auth.requireToAdminister(caller),
  authorize: ({ caller }) => refused("permission_denied", service.auth.authorize(caller.user, "notes.add_note")),
  publicKeys: () => service.auth.publicKeys(),
  verificationKeys: () => service.auth.verificationKeys(),
  measureHashCosts: () => service.auth.measureHashCosts(),
  purge: () => service.auth.purge(),
  migrate: () => service.auth.migrate(),
  initialize: () => service.auth.initialize(),
  checkHealth: () => service.auth.checkHealth(),
  sealAudit: () => service.auth.sealAudit(),
  verifyAudit: () => service.auth.verifyAudit(),
  spendCall: ({ caller }) => service.auth.spendCall(caller.user, "own", 1),
  ping: () => service.auth.ping(),
};

/** Every event that there is: a new one does not compile until it is here, and then needs a action that leaves it. */
const allEvents: Readonly<Record<AuditEvent["event"], true>> = {
  user_created: true,
  user_updated: true,
  user_deleted: true,
  deletion_requested: true,
  deletion_stopped: true,
  groups_set: true,
  permissions_set: true,
  group_created: true,
  group_updated: true,
  group_deleted: true,
  permissions_pruned: true,
  permissions_declared: true,
  set_password_code_issued: true,
  password_reset: true,
  signed_in: true,
  second_factor_asked: true,
  second_factor_refused: true,
  second_factor_enrolled: true,
  second_factor_removed: true,
  second_factor_reset: true,
  passkey_added: true,
  passkey_renamed: true,
  passkey_removed: true,
  passkey_refused: true,
  authorization_code_refused: true,
  code_requested: true,
  message_refused: true,
  code_refused: true,
  name_proved: true,
  ticket_issued: true,
  name_lost: true,
  sign_in_refused: true,
  signed_out: true,
  refresh_token_reused: true,
  refresh_answered_again: true,
  sessions_ended: true,
  password_changed: true,
  password_change_refused: true,
  password_change_required: true,
  password_change_asked: true,
  reauthenticated: true,
  reauthentication_refused: true,
  recovery_codes_created: true,
  recovery_codes_stopped: true,
  recovery_started: true,
  recovery_refused: true,
  devices_forgotten: true,
  device_remembered: true,
  remembered_device_ended: true,
  limit_reached: true,
  account_unlocked: true,
  password_reset_refused: true,
  password_reset_held: true,
  password_reset_released: true,
  password_reset_hold_refused: true,
  legacy_token_adopted: true,
  imported_users_recorded: true,
  imported_user_linked: true,
  profile_updated: true,
  keys_rotated: true,
  secret_resealed: true,
  name_changed: true,
  change_requested: true,
  change_stopped: true,
  change_dropped: true,
  permission_denied: true,
  denials_counted: true,
  weak_passwords_cleared: true,
  data_read: true,
};

test("every event that there is, is left by a action that is shown here", () => {
  const left = new Set(actions.flatMap((action) => action.leaves));
  expect([...left].sort()).toEqual(Object.keys(allEvents).sort());
});

/** The functions of the core by name, such as `users.list`. */
function flowsOf(part: object, prefix = ""): string[] {
  return Object.entries(part).flatMap(([name, value]) => {
    if (typeof value === "function") return [`${prefix}${name}`];
    return ["users", "groups", "operator", "importedUsers"].includes(name) ? flowsOf(value, `${name}.`) : [];
  });
}

/** Ways to end a process's core, after which it does nothing more. */
const endings = ["rejectQueuedHashes", "close"];

/** What is about a whole installation and nobody's account, and has tests of its own. */
const ofInstallations = ["backUp", "restore", "load", "requireMigrated", "buildIndexes"];

test("every flow of the core is shown here, to leave its events or to leave none", () => {
  const shown = [
    ...actions.map(({ does }) => does.split(",")[0]),
    ...Object.keys(quietDeeds),
    ...endings,
    ...ofInstallations,
  ];
  expect([...new Set(shown)].sort()).toEqual(flowsOf(service.auth).sort());
});

for (const { tags, cases } of shareOut(Object.entries(quietDeeds), 10))
  test.each(cases)("%s leaves no event", { tags }, async (_, run) => {
    const target = await prepareTarget();
    const summarise = () => service.database.query(summaryOf(["audit_events"]));
    const before = await summarise();
    await run(target);
    expect(await summarise()).toEqual(before);
  });

interface EventRow {
  event: string;
  actor_id: string | null;
  subject_id: string | null;
  address: string | null;
  request_id: string | null;
  detail: unknown;
}

const readEvents = (after = "0") =>
  service.database.query<EventRow>("select * from latchkey.audit_events where position > $1 order by position", [
    after,
  ]);

/** Where the trail ends; it is never empty here. */
async function readLastEvent(): Promise<{ position: string }> {
  const [last] = await service.database.query<{ position: string }>(
    "select position from latchkey.audit_events order by position desc limit 1",
  );
  if (!last) throw new Error("Nothing has happened yet");
  return last;
}

const inSteps: ReadonlySet<string> = new Set(["operator.endAllSessions", "purge, where weak digests have run out"]);

// In the ordinary run every twelfth action, and those in steps.
const isOrdinary = (action: Deed) => actions.indexOf(action) % 12 === 0 || inSteps.has(action.does);

describe.each(actions)("$does", (action) => {
  const tags = isOrdinary(action) ? [] : ["long"];
  test("leaves its event, with who, whom, from where and in which request", { tags }, async () => {
    const target = await prepareTarget();
    const prepared = await action.first?.(target);
    const { position } = await readLastEvent();
    await action.run(target, prepared);
    const left = await readEvents(position);
    expect(left.map(({ event }) => event)).toEqual(action.leaves);
    const last = left.at(-1);
    const actors = { admin: admin.user.id, self: last?.subject_id, nobody: null };
    const subjects = { target: target.id, nobody: null, "somebody new": expect.stringMatching(/^[0-9a-f-]{36}$/) };
    expect(last).toMatchObject({ actor_id: actors[action.actor], subject_id: subjects[action.subject] });
    if (action.detail) expect(last?.detail).toEqual(action.detail(target));
    const { address, requestId } = action.isNowhere ? { address: null, requestId: null } : service.facts;
    expect(last).toMatchObject({ address, request_id: requestId });
  });

  // Of an action in steps the test above has done the first.
  test("leaves nothing at all, neither action nor event, when it fails at the very end", { tags }, async () => {
    const target = await prepareTarget();
    const prepared = await action.first?.(target);
    const onTheirWay = () =>
      service.database.query(`select from latchkey.challenges where due_at is not null
        union all select from latchkey.notice_messages where due_at is not null`);
    await expect.poll(onTheirWay).toEqual([]);
    await using _broken = await breakCommits();
    const before = await summariseEverything();
    await expect(action.run(target, prepared)).rejects.toThrow("broken by the test");
    expect(await summariseEverything()).toEqual(before);
  });
});

/**
 * Lets whatever writes an event fail when it commits, after everything that it does, while a row says so: a trigger that comes and goes
 * would have every connection plan its statements anew.
 */
const breakable = `create table public.broken (since timestamptz);
  create function latchkey.fail() returns trigger language plpgsql as $$ begin
    if exists (select from public.broken) then raise exception 'broken by the test'; end if;
    return null;
  end $$;
  create constraint trigger broken after insert on latchkey.audit_events
    deferrable initially deferred for each row execute function latchkey.fail()`;

async function breakCommits(): Promise<AsyncDisposable> {
  const { query } = service.database;
  await query("insert into public.broken default values");
  return {
    async [Symbol.asyncDispose]() {
      await query("delete from public.broken");
    },
  };
}

/** Of each table how many rows it has and a sum over all that is in them: what other actions left need not be read to be compared. */
const summaryOf = (tables: readonly string[]) =>
  tables
    .map(
      (name) =>
        `select '${name}' as name, count(*)::int as rows, sum(hash_record_extended(t, 0)) as sum from latchkey.${name} t`,
    )
    .join(" union all ");

/** An attempt counts whatever comes of it, and what stands is sealed meanwhile. */
const changeAnyway = [
  "throttles",
  "message_counts",
  "wrong_codes",
  "second_factor_tickets",
  "audit_seals",
  "used_passkey_challenges",
];

/** A function, since PostgreSQL plans what is in one but once a connection. */
async function makeSummary({ query }: TestDatabase): Promise<void> {
  const tables = await query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'latchkey' and tablename <> all ($1) order by 1",
    [changeAnyway],
  );
  await query(`create function public.summary() returns table (name text, rows int, sum numeric) language plpgsql as $$
    begin return query ${summaryOf(tables.map(({ name }) => name))}; end $$`);
}

const summariseEverything = () => service.database.query<object>("select * from public.summary()");

test("no event holds a password, a code, a name, a phone number or an e-mail address, whatever was done", async () => {
  const target = await prepareTarget();
  const { auth, facts } = service;
  await auth.updateProfile(target.caller, { firstName: canaries.firstName, city: canaries.city }, facts);
  await auth.users.update(admin, target.id, {
    ...canaries,
    email: "kanarya2@example.com",
    phoneNumber: "+905321239877",
  });
  await expect(auth.signIn({ username: "kanarya2@example.com", password: newPassword }, facts)).rejects.toThrow();
  await expect(
    auth.resetPassword({ username: target.username, code: "KANAR-YAKAN", newPassword }, facts),
  ).rejects.toThrow();
  await auth.resetPassword({ username: target.username, code: target.code, newPassword }, facts);
  await auth.register({ username: freshName(), password, ...canaries, phoneNumber: "+905321239878" }, facts);
  const events = JSON.stringify(await readEvents());
  expect(events).toContain(target.id);
  for (const secret of [target.code, target.code.replaceAll("-", ""), target.username, "+90532123987", "bcrypt"]) {
    expect(events).not.toContain(secret);
  }
  expect(events).not.toMatch(/kanar/i);
});
