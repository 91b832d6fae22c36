import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { toNumericDate } from "../../clock.ts";
import { AuthError } from "../../errors.ts";
import { sha256 } from "../../secrets.ts";
import { addApp, addPasskey, signInByPassword } from "../../testing/factors.ts";
import {
  createInbox,
  createPasskeyDevice,
  createTestAuth,
  type PasskeyDevice,
  shareOutBy,
  showTotp,
  type TestAuth,
} from "../../testing/index.ts";
import { codeOf, createProvedPerson, freshFacts, freshUsername, password, refusalOf } from "../../testing/people.ts";
import { OldTokenRefused } from "../steps/adopt-old-token.ts";
import type { Principal } from "../steps/core.ts";

const inbox = createInbox();
const nextPassword = "a better horse battery";
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;
const passkeys = { rpId: "localhost", allowsLocalhost: true };
const secretKey = "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s";

let service: TestAuth;
/** The same accounts under each setting. */
let services: Readonly<Record<Setting, Auth>>;
beforeAll(async () => {
  const codes = { holdersByCode: true };
  const tokens = { audience: ["latchkey", "shop"] };
  // For everybody, so that what holds rights is among what a remembered device could reach.
  const rememberedDevices = { of: "all" } as const;
  const acceptTokensUntil = new Date(Date.now() + 100 * 86_400_000);
  const django = { secretKey, acceptTokensUntil, dangerouslyAcceptTokensOfStaff: true };
  service = await createTestAuth({ messages, passkeys, codes, tokens, rememberedDevices, django });
  const another = (secondFactor: Setting) => service.another({ secondFactor });
  services = {
    ...{ optional: service.auth, off: await another("off") },
    ...{ staff: await another("staff"), all: await another("all") },
  };
  await seeOldPeople();
});
afterAll(() => service[Symbol.asyncDispose]());

const facts = () => freshFacts(service);
const callerOf = (token: string, by: Auth = service.auth): Promise<Principal> => by.authenticate([`Bearer ${token}`]);

const settings = ["optional", "off", "staff", "all"] as const;
type Setting = (typeof settings)[number];

/** What somebody has beside a password and a number. */
const factorStates = ["nothing", "an app", "a passkey", "an app and a passkey"] as const;
type Factors = (typeof factorStates)[number];

interface Person {
  readonly id: string;
  readonly username: string;
  readonly phoneNumber: string;
  readonly device: PasskeyDevice | null;
  readonly secret: string | null;
  readonly recoveryCodes: readonly string[];
  /** Of a browser that is remembered at the second factor. */
  readonly rememberMark?: string;
}

interface Kind {
  readonly factors: Factors;
  readonly isStaff: boolean;
}

async function createPerson({ factors, isStaff }: Kind): Promise<Person> {
  const { auth } = service;
  const { id, username, phoneNumber } = await createProvedPerson(service);
  const caller = await signInByPassword(service, { username, password });
  const { codes } = await auth.createRecoveryCodes(caller, facts());
  const device = factors.includes("passkey") ? createPasskeyDevice() : null;
  if (device) await addPasskey(service, caller, device);
  const secret = factors.includes("app") ? await addApp(service, caller) : null;
  if (isStaff) await auth.operator.update(username, { isStaff, isSuperuser: true });
  return { id, username, phoneNumber, device, secret, recoveryCodes: codes };
}

/** A session's tokens; a ticket, and whatever else is none, is nothing. */
const openedOf = (answer: object | null): Opened | null =>
  answer && "token" in answer && "refreshToken" in answer
    ? { token: String(answer.token), refreshToken: String(answer.refreshToken) }
    : null;

/** Has a browser remembered, by what the app shows. */
async function remember({ username, secret }: Person): Promise<string> {
  const { auth, clock } = service;
  const asked = await auth.signIn({ username, password }, facts()).then(() => null, refusalOf);
  await clock.advance(30);
  const shown = { ticket: asked?.secondFactor?.ticket ?? "", totp: await showTotp(service, secret ?? "") };
  const { rememberMark = "" } = await auth.signInBySecondFactor({ ...shown, remember: true }, facts());
  return rememberMark;
}

async function enterByCode(
  by: Auth,
  { purpose, person }: { readonly purpose: "sign_in" | "enter"; readonly person: Person },
): Promise<object> {
  const { phoneNumber, rememberMark } = person;
  const { challenge } = await by.startCode({ purpose, to: phoneNumber }, facts());
  return by.signInByCode({ challenge, code: (await inbox.take(phoneNumber)).code, rememberMark }, facts());
}

/** Every way in, as somebody goes it who shows nothing beside: a session, or nothing that is one. */
const ways: Readonly<Record<string, (by: Auth, person: Person) => Promise<object | null>>> = {
  "a password": (by, { username, rememberMark }) => by.signIn({ username, password, rememberMark }, facts()),
  "a code to sign in": (by, person) => enterByCode(by, { purpose: "sign_in", person }),
  "a code to enter": (by, person) => enterByCode(by, { purpose: "enter", person }),
  "a reset by code, and its password": async (by, { username, phoneNumber }) => {
    const { challenge } = await by.startReset({ username }, facts());
    const { code } = await inbox.take(phoneNumber);
    await by.resetPasswordByCode({ challenge, code, newPassword: nextPassword }, facts());
    return by.signIn({ username, password: nextPassword }, facts());
  },
  "an administrator's code, and its password": async (by, { username }) => {
    const { setPasswordCode } = await by.operator.createPasswordCode(username);
    await by.resetPassword({ username, code: setPasswordCode, newPassword: nextPassword }, facts());
    return by.signIn({ username, password: nextPassword }, facts());
  },
  "a recovery code": async (by, { recoveryCodes }) => {
    const code = recoveryCodes[settings.findIndex((setting) => services[setting] === by)] ?? "";
    const { ticket } = await by.startRecovery({ code }, facts());
    const answer = await by.recover({ ticket, newPassword: nextPassword }, facts());
    return "token" in answer ? answer : null;
  },
  "a passkey": async (by, { device }) => {
    if (!device) return null;
    const { options } = await by.startPasskeySignIn();
    return by.signInByPasskey({ passkey: device.get(options) }, facts());
  },
  "a session of before, of one factor": async (by, { id, username }) => {
    const { refreshToken } = await asBeforeFactors(id, () => service.auth.signIn({ username, password }, facts()));
    return by.refresh(refreshToken, facts());
  },
  "the code of a redirect": async (by, { id, username, rememberMark }) => {
    const ask = async () => {
      const { token } = await service.auth.signIn({ username, password, rememberMark }, facts());
      return service.auth.startRedirect(await callerOf(token), { ...app, codeChallenge });
    };
    const { code } = await (rememberMark === undefined ? asBeforeFactors(id, ask) : ask());
    return by.signInByRedirect({ ...app, code, codeVerifier }, facts());
  },
  "an app that is set up with the ticket of a sign-in": async (by, person) => {
    const ticket = await askForTicket(by, person);
    if (ticket === null) return null;
    const { secret } = await by.startEnrolling(ticket, facts());
    return by.signInBySecondFactor({ ticket, totp: await showTotp(service, secret) }, facts());
  },
  "a passkey that is set up with the ticket of a sign-in": async (by, person) => {
    const ticket = await askForTicket(by, person);
    if (ticket === null) return null;
    const { options } = await by.startEnrollingPasskey(ticket, facts());
    return by.signInBySecondFactor({ ticket, newPasskey: createPasskeyDevice().create(options) }, facts());
  },
  "a recovery code, and a passkey that is made with it": async (by, { recoveryCodes }) => {
    const code = recoveryCodes[settings.findIndex((setting) => services[setting] === by)] ?? "";
    const { ticket } = await by.startRecovery({ code }, facts());
    const { options } = await by.startRecoveryPasskey(ticket, facts());
    return by.recoverByPasskey({ ticket, passkey: createPasskeyDevice().create(options) }, facts());
  },
  "a password that is to be replaced, and its successor": async (by, { username }) => {
    const { setPasswordCode } = await by.operator.createPasswordCode(username);
    await by.resetPassword({ username, code: setPasswordCode, newPassword: nextPassword }, facts());
    await by.operator.requirePasswordChange(username);
    const refusal = await by.signIn({ username, password: nextPassword }, facts()).then(() => null, refusalOf);
    const ticket = refusal?.passwordChange?.ticket ?? "";
    return by.signInByNewPassword({ ticket, newPassword: `${nextPassword} again` }, facts());
  },
  "a token of the old backend": async (by, person) => {
    const token = await createOldToken(person);
    await callerOf(token, by);
    return { token, refreshToken: "" };
  },
};

/** An app on another origin, and what it keeps of a redirect until it has the code. */
const app = { clientId: "shop", redirectUri: "https://shop.example.com/signed-in" };
const codeVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const codeChallenge = sha256(Buffer.from(codeVerifier)).toString("base64url");

/** Those that show two factors. */
const waysOfTwo: ReadonlySet<string> = new Set(["a passkey", "a recovery code, and a passkey that is made with it"]);

/** Those that show two where there was no factor yet. Whoever has one sets none up with the password alone. */
const waysOfEnrolling: ReadonlySet<string> = new Set([
  "an app that is set up with the ticket of a sign-in",
  "a passkey that is set up with the ticket of a sign-in",
]);

const shownBy = (way: string, { factors }: Kind): 1 | 2 =>
  waysOfTwo.has(way) || (waysOfEnrolling.has(way) && factors === "nothing") ? 2 : 1;

/** The ticket that a password leads to; null where it opens a session. */
async function askForTicket(by: Auth, { id, username, secret, device }: Person): Promise<string | null> {
  // What was set up under the setting before is no factor that they had.
  if (secret === null && device === null) await forgetFactors(id);
  const refusal = await by.signIn({ username, password }, facts()).then(() => null, refusalOf);
  return refusal && (refusal.secondFactor?.ticket ?? "");
}

async function forgetFactors(id: string): Promise<void> {
  const { query } = service.database;
  await query("delete from latchkey.totp_factors where user_id = $1", [id]);
  await query("delete from latchkey.passkeys where user_id = $1", [id]);
  await query("update latchkey.users set second_factor_at = null where id = $1", [id]);
}

/** Whom the old backend has, and may be anybody's account here. */
const oldPeople = Array.from({ length: 12 }, (_, index) => ({
  ...{ oldId: `${index}`, username: `old_${index}`, phoneNumber: null },
}));

/** Two rounds, a day apart, that saw all of them. */
async function seeOldPeople(): Promise<void> {
  const { importedUsers } = service.auth;
  for (const hoursAgo of [24, 0]) {
    const startedAt = new Date(service.clock.now().getTime() - hoursAgo * 3_600_000);
    const round = await importedUsers.startRound({ source: "django", startedAt });
    await importedUsers.record(round, oldPeople);
    await importedUsers.completeRound(round, { people: oldPeople.length });
  }
}

/** Whose account here belongs to which of {@link oldPeople}. */
const oldNames = new Map<string, string>();
let oldTokens = 0;

/** A token that nothing but a second factor keeps from being adopted. */
async function createOldToken({ id }: Person): Promise<string> {
  const oldId = oldNames.get(id) ?? `${oldNames.size}`;
  if (!oldNames.has(id)) await service.auth.importedUsers.link({ source: "django", oldId }, id);
  oldNames.set(id, oldId);
  await service.database.query("update latchkey.users set old_tokens_ended_at = null where id = $1", [id]);
  const now = toNumericDate(service.clock.now());
  const name = `old_${oldId}`;
  return new SignJWT({ user_identifier: name, username: name, phone_number: null })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt(now - 3_600 - ++oldTokens)
    .setExpirationTime(now + 3_600)
    .sign(Buffer.from(secretKey));
}

/** Does what somebody did under a release that knew of no second factor, or before they had one. */
async function asBeforeFactors<T>(id: string, action: () => Promise<T>): Promise<T> {
  const { query } = service.database;
  const [before] = await query<{ second_factor_at: Date | null }>(
    "select second_factor_at from latchkey.users where id = $1",
    [id],
  );
  await query("update latchkey.users set second_factor_at = null where id = $1", [id]);
  const done = await action();
  await query("update latchkey.users set second_factor_at = $2 where id = $1", [id, before?.second_factor_at ?? null]);
  return done;
}

/** Those in the place of whose second factor a remembered device stands. */
const waysOfFirstFactor: ReadonlySet<string> = new Set([
  "a password",
  "a code to sign in",
  "a code to enter",
  "the code of a redirect",
]);

interface Opened {
  readonly token: string;
  readonly refreshToken: string;
}

/** What a procedure may ask for, by its builder or its own rules, and how many factors it wants to be shown. */
interface ProcedureKind {
  readonly wants: 1 | 2;
  call(by: Auth, opened: Opened): Promise<unknown>;
}

const signedIn =
  (run: (by: Auth, caller: Principal) => Promise<unknown>) =>
  async (by: Auth, { token }: Opened) =>
    run(by, await callerOf(token, by));

/** An answer that a procedure of a role gives to its holders. */
const ofRole = async (holds: boolean) => {
  if (!holds) throw new AuthError("permission_denied", "This is for others");
};

const procedures: Readonly<Record<string, ProcedureKind>> = {
  protectedProcedure: { wants: 1, call: signedIn(async () => "in") },
  "permittedProcedure, and those of a model": {
    wants: 1,
    call: signedIn((by, { user }) => by.authorize(user, "auth.view_user")),
  },
  staffProcedure: { wants: 1, call: signedIn((_, { user }) => ofRole(user.isStaff)) },
  "a superuser's": { wants: 1, call: signedIn((_, { user }) => ofRole(user.isSuperuser)) },
  "token.refresh": { wants: 1, call: (by, { refreshToken }) => by.refresh(refreshToken, facts()) },
  "token.exchange": { wants: 1, call: signedIn((by, caller) => by.exchangeToken(caller, { audience: "shop" })) },
  "token.verify": {
    wants: 1,
    call: async (by, { token }) => ofRole((await by.inspectToken(token, facts())).active),
  },
  "token.verify, by what says two factors": {
    wants: 2,
    async call(by, { token }) {
      const inspected = await by.inspectToken(token, facts());
      await ofRole(inspected.active && inspected.acr === "2");
    },
  },
  "an API that reads acr in the token": {
    wants: 2,
    call: async (_, { token }) => ofRole(readClaims(token).acr === "2"),
  },
  "recentProcedure, one factor": {
    wants: 1,
    call: signedIn((by, caller) => by.requireRecentAuthentication(caller, 600, "1")),
  },
  "recentProcedure, two factors": {
    wants: 2,
    call: signedIn((by, caller) => by.requireRecentAuthentication(caller, 600, "2")),
  },
  "changing factors": { wants: 1, call: signedIn((by, caller) => by.startPasskey(caller)) },
  "an export": { wants: 1, call: signedIn((by, caller) => by.exportOwnData(caller)) },
};

/** What a session on a remembered device does: read and go on, and nothing that asks who is there. */
const onRemembered: ReadonlySet<string> = new Set([
  "protectedProcedure",
  "permittedProcedure, and those of a model",
  "staffProcedure",
  "a superuser's",
  "token.refresh",
  "token.exchange",
  "token.verify",
]);

/** None of what is no token. */
function readClaims(token: string): { readonly acr?: string } {
  const [, claims] = token.split(".");
  return claims === undefined ? {} : JSON.parse(Buffer.from(claims, "base64url").toString());
}

/** By the rules in words: one that is enrolled is asked for, and one that the setting asks of such people. */
const needsTwo = ({ factors, isStaff }: Kind, setting: Setting): boolean =>
  factors.includes("app") || setting === "all" || (setting === "staff" && isStaff);

/** Every state of the factors; staff where that makes a difference to what the settings ask. */
const kinds: readonly Kind[] = [
  { factors: "nothing", isStaff: true },
  { factors: "an app", isStaff: true },
  ...factorStates.map((factors): Kind => ({ factors, isStaff: factors === "a passkey" })),
];

/** How a way in that lacks the second factor is refused. */
const refusals = ["second_factor_required", "session_ended", "second_factor"];

/** Those whose code or ticket is refused as one that is good no more, whatever is wrong. */
const refusesAlike: ReadonlySet<string> = new Set(["the code of a redirect", ...waysOfEnrolling]);

/** Of a token of the old backend, what its owner is not told. */
const reasonOf = ({ code, cause }: AuthError): string => (cause instanceof OldTokenRefused ? cause.because : code);

const titleOf = (way: string, kind: Kind, setting: Setting) =>
  [way, kind.factors, kind.isStaff ? "staff" : "user", setting].join(", ");

const combinations = kinds.flatMap((kind, index) =>
  settings.map((setting, at) => ({ kind, setting, index, sum: index + at })),
);

/** In the ordinary run every fourth kind under one setting, which is another for the next kind; the others are tried with the next ways. */
function sharesOf(way: string) {
  const place = Object.keys(ways).indexOf(way);
  return shareOutBy(combinations, ({ index, sum }) => sum % settings.length === 0 && (index + place) % 4 === 0);
}

describe.each(Object.entries(ways))("%s", (way, enter) => {
  for (const { tags, cases } of sharesOf(way)) {
    const settingsOf = Map.groupBy(cases, ({ kind }) => kind);

    test("reaches no procedure that wants more than was shown, whatever the account has and the setting says", {
      tags,
    }, async () => {
      const reached: string[] = [];
      for (const [kind, tried] of settingsOf) {
        const person = await createPerson(kind);
        for (const { setting } of tried) {
          const by = services[setting];
          const shows = shownBy(way, kind);
          const opened = await enter(by, person).then(openedOf, refusalOf);
          const title = titleOf(way, kind, setting);
          if (opened instanceof AuthError) {
            expect(refusesAlike.has(way) ? ["code_invalid"] : refusals, title).toContain(reasonOf(opened));
            expect(needsTwo(kind, setting), title).toBe(true);
            continue;
          }
          if (!opened) continue;
          if (needsTwo(kind, setting) && shows < 2) reached.push(title);
          for (const [procedure, { wants, call }] of Object.entries(procedures)) {
            const answer = await call(by, opened).then(() => "ok", codeOf);
            if (answer === "ok" && wants > shows) reached.push(`${title}, ${procedure}`);
          }
        }
      }
      expect(reached).toEqual([]);
    });

    const testOfFirst = waysOfFirstFactor.has(way) ? test : test.skip;
    testOfFirst(
      "reaches, on a device that is remembered, what signs in and nothing that asks who is there",
      { tags },
      async () => {
        const [reached, missed]: [string[], string[]] = [[], []];
        for (const [kind, tried] of settingsOf) {
          if (!kind.factors.includes("app")) continue;
          const person = await createPerson(kind);
          const rememberMark = await remember(person);
          for (const { setting } of tried) {
            const opened = await enter(services[setting], { ...person, rememberMark }).then(openedOf, refusalOf);
            const title = titleOf(way, kind, setting);
            if (!opened || opened instanceof AuthError) {
              missed.push(`${title}: ${opened?.code}`);
              continue;
            }
            for (const [procedure, { call }] of Object.entries(procedures)) {
              const answer = await call(services[setting], opened).then(() => "ok", codeOf);
              if (answer === "ok" && !onRemembered.has(procedure)) reached.push(`${title}, ${procedure}`);
            }
          }
        }
        expect({ reached, missed }).toEqual({ reached: [], missed: [] });
      },
    );
  }
});

test.each([
  ["optional", "in"],
  ["off", "in"],
  ["staff", "in"],
  ["all", "second_factor_required"],
] as const)("registering where second factors are for %s ends with %s", async (setting, outcome) => {
  const registered = services[setting].register({ username: freshUsername(), password }, facts());
  expect(await registered.then(() => "in", codeOf)).toBe(outcome);
});

describe("a number that is stale is proved by the code and the password of its account", () => {
  /** The password with a ticket of the number: what is asked for besides. */
  async function showBoth({ id, username, phoneNumber }: Person) {
    const { auth, database } = service;
    await database.query(
      "update latchkey.users set phone_proved_at = latchkey.now() - interval '50 days' where id = $1",
      [id],
    );
    const { challenge } = await auth.startCode({ purpose: "enter", to: phoneNumber }, facts());
    const { code } = await inbox.take(phoneNumber);
    const entered = await auth.signInByCode({ challenge, code }, facts());
    if (!("ticket" in entered)) throw new Error("a stale number opens nothing alone");
    const { ticket } = entered;
    const refused = auth.signIn({ username, password, ticket }, facts()).then(() => null, refusalOf);
    return { ticket, asked: await refused };
  }
  const isProved = async ({ id }: Person) => {
    const read =
      "select phone_proved_at > latchkey.now() - interval '1 hour' as fresh from latchkey.users where id = $1";
    return (await service.database.query<{ fresh: boolean }>(read, [id]))[0]?.fresh;
  };
  const byApp = async ({ secret }: Person, ticket: string | undefined, totp?: string) => {
    await service.clock.advance(30);
    const shown = { ticket: ticket ?? "", totp: totp ?? (await showTotp(service, secret ?? "")) };
    return service.auth.signInBySecondFactor(shown, facts());
  };

  test("once the second factor is shown as well, and not before", async () => {
    const { auth } = service;
    const person = await createPerson({ factors: "an app", isStaff: false });
    const { ticket, asked } = await showBoth(person);
    const second = asked?.secondFactor?.ticket;
    expect(await byApp(person, second, "000000").catch(codeOf)).toBe("code_invalid");
    expect(await isProved(person)).toBe(false);
    expect(await byApp(person, second)).toMatchObject({ user: { id: person.id } });
    expect(await isProved(person)).toBe(true);
    expect(await auth.register({ ticket, isNotMine: true, password }, facts()).catch(codeOf)).toBe("code_invalid");
  });

  test.each(["nothing", "an app"] as const)(
    "once a password is replaced that had to be, beside %s",
    async (factors) => {
      const { auth } = service;
      const person = await createPerson({ factors, isStaff: false });
      await auth.operator.requirePasswordChange(person.username);
      const { asked } = await showBoth(person);
      const ticket = asked?.passwordChange?.ticket ?? "";
      const replaced = auth.signInByNewPassword({ ticket, newPassword: nextPassword }, facts());
      const refused = await replaced.then(() => null, refusalOf);
      expect(await isProved(person)).toBe(factors === "nothing");
      if (factors === "an app") await byApp(person, refused?.secondFactor?.ticket);
      expect(await isProved(person)).toBe(true);
    },
  );

  test("and not where it became another person's, or its adding was stopped, before the factor was shown", async () => {
    const { auth, database } = service;
    const person = await createPerson({ factors: "an app", isStaff: false });
    const moved = await showBoth(person);
    await auth.operator.update(person.username, { phoneNumber: null });
    expect(await byApp(person, moved.asked?.secondFactor?.ticket).catch(codeOf)).toBe("code_invalid");
    const stopped = await createPerson({ factors: "an app", isStaff: false });
    const { asked } = await showBoth(stopped);
    await database.query(
      "update latchkey.users set phone_proved_at = null, phone_opens_at = latchkey.now() where id = $1",
      [stopped.id],
    );
    await byApp(stopped, asked?.secondFactor?.ticket);
    expect(await isProved(stopped)).toBe(null);
  });
});

test("a ticket of a sign-in that waits is no token, no refresh token and no ticket of anything else", async () => {
  const { auth } = service;
  const person = await createPerson({ factors: "an app", isStaff: false });
  const asked = await auth.signIn({ username: person.username, password }, facts()).then(() => null, refusalOf);
  const ticket = asked?.secondFactor?.ticket ?? "";
  expect(ticket).not.toBe("");
  const opened = { token: ticket, refreshToken: ticket };
  for (const [procedure, { call }] of Object.entries(procedures)) {
    const answer = await call(auth, opened).then(() => "ok", codeOf);
    expect(["token_invalid", "refresh_token_invalid", "permission_denied"], procedure).toContain(answer);
  }
  const newPassword = nextPassword;
  expect(await auth.recover({ ticket, newPassword }, facts()).then(() => "in", codeOf)).toBe("code_invalid");
  expect(await auth.signInByNewPassword({ ticket, newPassword }, facts()).then(() => "in", codeOf)).toBe(
    "code_invalid",
  );
});
