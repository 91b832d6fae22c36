import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import {
  createInbox,
  createPasskeyDevice,
  createTestAuth,
  type PasskeyDevice,
  showTotp,
  type TestAuth,
} from "../../testing/index.ts";
import { codeOf, createProvedPerson, freshFacts, password, refusalOf, signInByCode } from "../../testing/people.ts";
import type { Principal } from "../steps/core.ts";

const inbox = createInbox();
const nextPassword = "a better horse battery";
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;
const passkeys = { rpId: "localhost", allowsLocalhost: true };

let service: TestAuth;
/** The same accounts under each setting. */
let services: Readonly<Record<Setting, Auth>>;
beforeAll(async () => {
  const codes = { holdersByCode: true };
  service = await createTestAuth({ messages, passkeys, codes });
  const another = (secondFactor: Setting) => service.another({ secondFactor });
  services = { optional: service.auth, staff: await another("staff"), all: await another("all") };
});
afterAll(() => service[Symbol.asyncDispose]());

const facts = () => freshFacts(service);
const callerOf = (token: string, by: Auth = service.auth): Promise<Principal> => by.authenticate([`Bearer ${token}`]);

const settings = ["optional", "staff", "all"] as const;
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
}

interface Kind {
  readonly factors: Factors;
  readonly isStaff: boolean;
}

async function createPerson({ factors, isStaff }: Kind): Promise<Person> {
  const { auth, clock } = service;
  const { id, username, phoneNumber } = await createProvedPerson(service);
  const caller = await callerOf((await auth.login({ username, password }, facts())).token);
  const { codes } = await auth.createRecoveryCodes(caller, facts());
  const device = factors.includes("passkey") ? createPasskeyDevice() : null;
  if (device) {
    const { options } = await auth.startPasskey(caller);
    await auth.addPasskey(caller, { passkey: device.create(options) }, facts());
  }
  let secret: string | null = null;
  if (factors.includes("app")) {
    const started = await auth.startTotp(caller, facts());
    secret = started.secret;
    await clock.advance(30);
    await auth.confirmTotp(caller, { ticket: started.ticket, totp: await showTotp(service, secret) }, facts());
  }
  if (isStaff) await auth.operator.update(username, { isStaff });
  return { id, username, phoneNumber, device, secret, recoveryCodes: codes };
}

/** A session's token; a ticket, and whatever else is none, is nothing. */
const tokenOf = (answer: object | null) => (answer && "token" in answer ? String(answer.token) : "nothing");

const enterByCode = (by: Auth, code: { readonly purpose: "sign_in" | "enter"; readonly to: string }) =>
  signInByCode({ ...service, auth: by }, { ...code, inbox });

/** Every way in, as somebody goes it who shows nothing beside: a session, or nothing that is one. */
const ways: Readonly<Record<string, (by: Auth, person: Person) => Promise<object | null>>> = {
  "a password": (by, { username }) => by.login({ username, password }, facts()),
  "a code to sign in": (by, { phoneNumber: to }) => enterByCode(by, { purpose: "sign_in", to }),
  "a code to enter": (by, { phoneNumber: to }) => enterByCode(by, { purpose: "enter", to }),
  "a reset by code, and its password": async (by, { username, phoneNumber }) => {
    const { challenge } = await by.startReset({ username }, facts());
    const { code } = await inbox.take(phoneNumber);
    await by.resetPasswordByCode({ challenge, code, newPassword: nextPassword }, facts());
    return by.login({ username, password: nextPassword }, facts());
  },
  "an administrator's code, and its password": async (by, { username }) => {
    const { setPasswordCode } = await by.operator.createPasswordCode(username);
    await by.resetPassword({ username, code: setPasswordCode, newPassword: nextPassword }, facts());
    return by.login({ username, password: nextPassword }, facts());
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
    const { refreshToken } = await openSessionOfBefore(id, username);
    return by.refresh(refreshToken, facts());
  },
};

/** As a release that knew of no second factor opened it. */
async function openSessionOfBefore(id: string, username: string): Promise<{ readonly refreshToken: string }> {
  const { database, auth } = service;
  const [before] = await database.query<{ second_factor_at: Date | null }>(
    "select second_factor_at from latchkey.users where id = $1",
    [id],
  );
  await database.query("update latchkey.users set second_factor_at = null where id = $1", [id]);
  const opened = await auth.login({ username, password }, facts());
  await database.query("update latchkey.users set second_factor_at = $2 where id = $1", [
    id,
    before?.second_factor_at ?? null,
  ]);
  return opened;
}

/** What a procedure may ask for, by its builder. */
const procedures: Readonly<Record<string, (by: Auth, token: string) => Promise<unknown>>> = {
  protectedProcedure: (by, token) => callerOf(token, by),
  "recentProcedure, one factor": async (by, token) =>
    by.requireRecentAuthentication(await callerOf(token, by), 600, "1"),
  "recentProcedure, two factors": async (by, token) =>
    by.requireRecentAuthentication(await callerOf(token, by), 600, "2"),
  "changing factors": async (by, token) => by.startPasskey(await callerOf(token, by)),
};

/** By the rules in words: one that is enrolled is asked for, and one that the setting asks of such people. */
const needsTwo = ({ factors, isStaff }: Kind, setting: Setting): boolean =>
  factors.includes("app") || setting === "all" || (setting === "staff" && isStaff);

/** Every state of the factors; staff where that makes a difference to what the settings ask. */
const kinds: readonly Kind[] = [
  { factors: "nothing", isStaff: true },
  ...factorStates.map((factors): Kind => ({ factors, isStaff: factors === "a passkey" })),
];

describe.each(Object.entries(ways))("%s", (way, enter) => {
  test("reaches no procedure that wants more than was shown, whatever the account has and the setting says", async () => {
    const reached: string[] = [];
    for (const kind of kinds) {
      const person = await createPerson(kind);
      for (const setting of settings) {
        const by = services[setting];
        const shows = way === "a passkey" ? 2 : 1;
        const opened = await enter(by, person).then(tokenOf, refusalOf);
        const title = [way, kind.factors, kind.isStaff ? "staff" : "user", setting].join(", ");
        if (typeof opened !== "string") {
          expect(["second_factor_required", "session_ended"], title).toContain(opened.code);
          expect(needsTwo(kind, setting), title).toBe(true);
          continue;
        }
        if (opened === "nothing") continue;
        if (needsTwo(kind, setting) && shows < 2) reached.push(title);
        for (const [procedure, call] of Object.entries(procedures)) {
          const answer = await call(by, opened).then(() => "ok", codeOf);
          const wantsTwo = procedure.endsWith("two factors");
          if (answer === "ok" && wantsTwo && shows < 2) reached.push(`${title}, ${procedure}`);
        }
      }
    }
    expect(reached).toEqual([]);
  });
});
