import type { Auth, AuthOptions, CodeAnswer, SignInAnswer, TicketAnswer } from "@latchkey/auth";
import { createInbox, createTestAuth, type TestAuth } from "@latchkey/auth/testing";

export const password = "correct horse battery";
export const day = 86_400;

/** What came of something: whose account it opened, a ticket, or the code of its refusal. */
export type Outcome = { readonly in: string } | { readonly next: string; readonly ticket: string } | string;

/** People with phones and numbers, on a core whose messages reach whoever has the number at the time. */
export interface PhoneWorld extends AsyncDisposable {
  readonly test: TestAuth;
  readonly auth: Auth;
  /** Where somebody calls from: a network of its own each time. */
  facts(): Parameters<Auth["signIn"]>[1];
  freshNumber(): string;
  /** An account, with a password unless said, whose number was proved so many days ago; null is never. */
  createAccount(input?: AccountInput): Promise<Account>;
  /** What whoever reads the messages of a number gets by asking for a code and typing it. */
  enter(number: string, device?: Device): Promise<Outcome>;
  signInByCode(number: string, device?: Device): Promise<Outcome>;
  resetByCode(number: string, newPassword: string, device?: Device): Promise<string>;
  signIn(username: string, typed?: string, more?: object): Promise<Outcome>;
  register(input: Parameters<Auth["register"]>[0]): Promise<Outcome>;
  /** Signs in with the password, or with a code of a number. */
  open(by: { readonly username: string; readonly typed?: string } | { readonly number: string }): Promise<Opened>;
  /** Who calls in a session, whose tokens are renewed as a program does. */
  callerOf(session: Opened): ReturnType<Auth["authenticate"]>;
  /** Whether a session can still be used. */
  goesOn(session: Opened): Promise<boolean>;
  /** Asks in a session for a number to be the account's, and types the code that came there: what waits, `done`, or the refusal. */
  take(session: Opened, number: string, more?: { readonly isNotMine?: boolean }): Promise<string>;
  /** The same for taking the number away. */
  drop(session: Opened): Promise<string>;
  /** What waits for an account, as a session sees it. */
  listPending(session: Opened): Promise<readonly { readonly id: string; readonly kind: string }[]>;
  /** Shows in a session, with the password, that it is them. */
  reauthenticate(session: Opened, typed?: string): Promise<string>;
  /** Lets time pass, and has done what is due. */
  wait(seconds: number): Promise<void>;
  /** Whether a session goes on. */
  isAlive(token: string): Promise<boolean>;
  readAccount(id: string): Promise<Record<string, unknown> | undefined>;
  /** How many messages a number has had. */
  countMessages(number: string): number;
}

export interface AccountInput {
  readonly days?: number | null;
  readonly hasPassword?: boolean;
  readonly username?: string | null;
  readonly isStaff?: boolean;
}

export interface Account {
  readonly id: string;
  readonly number: string;
  readonly username: string;
}

/** A session, and the device that it is on. */
export interface Opened extends Device {
  token: string;
  refreshToken: string;
}

/** A device that its owner has signed in with. */
export interface Device {
  readonly deviceMark: string;
}

export async function createPhoneWorld(options: Partial<AuthOptions> = {}): Promise<PhoneWorld> {
  const inbox = createInbox();
  const test = await createTestAuth({
    codes: { signInByCode: "phone" },
    ...options,
    messages: { senders: { sms: inbox, email: inbox }, isEnforced: false, ...options.messages },
  });
  const { auth } = test;
  let count = 0;
  const facts = () => ({ ...test.facts, address: `2001:db8:${(++count).toString(16)}::1` });
  const freshNumber = () => `+9053255${String(++count).padStart(5, "0")}`;
  const refusalOf = (error: { code?: string }) => {
    if (error.code === undefined) throw error;
    return error.code;
  };
  const toOutcome = (answer: CodeAnswer | SignInAnswer): Outcome =>
    isTicket(answer) ? { next: answer.next, ticket: answer.ticket } : { in: answer.user.id };

  async function byCode(purpose: "enter" | "sign_in", to: string, device: Partial<Device> = {}): Promise<Outcome> {
    const before = inbox.messages.length;
    const { challenge } = await auth.startCode({ purpose, to, ...device }, facts());
    const code = await readCode(to, before);
    if (code === null) return "no message";
    return auth.signInByCode({ challenge, code, ...device }, facts()).then(toOutcome, refusalOf);
  }

  async function callerOf(session: Opened) {
    const authenticate = () => auth.authenticate([`Bearer ${session.token}`]);
    return authenticate().catch(async (error) => {
      if (refusalOf(error) !== "token_expired") throw error;
      Object.assign(session, await auth.refresh(session.refreshToken, facts()));
      return authenticate();
    });
  }

  /** The code of a message that came after these; null when there is none once all that is due has been sent. */
  async function readCode(to: string, before: number): Promise<string | null> {
    const findCode = () => inbox.messages.slice(before).findLast((message) => message.to === to)?.code;
    await auth.sendDueMessages();
    const found = findCode();
    if (found !== undefined) return found;
    for (let sent = -1; sent !== inbox.messages.length; await auth.sendDueMessages()) {
      sent = inbox.messages.length;
      const due = "select from latchkey.challenges where due_at <= latchkey.now() and address = $1";
      while ((await test.database.query(due, [to])).length > 0) await auth.sendDueMessages();
    }
    return findCode() ?? null;
  }

  return {
    test,
    auth,
    facts,
    freshNumber,
    async createAccount({ days = 1, hasPassword = true, username, isStaff = false } = {}) {
      const number = freshNumber();
      const name = username === undefined ? `person_${count}` : username;
      const { id } = await auth.createUser({ ...(name !== null && { username: name }), phoneNumber: number, password });
      await test.database.query(
        `update latchkey.users set phone_vouched_at = null, is_staff = $4,
          phone_proved_at = latchkey.now() - make_interval(days => $2),
          password = case when $3 then password else '!' end where id = $1`,
        [id, days, hasPassword, isStaff],
      );
      return { id, number, username: name ?? number };
    },
    enter: (number, device) => byCode("enter", number, device),
    signInByCode: (number, device) => byCode("sign_in", number, device),
    async resetByCode(number, newPassword, device = undefined) {
      const before = inbox.messages.length;
      const { challenge } = await auth.startReset({ username: number, ...device }, facts());
      const code = await readCode(number, before);
      if (code === null) return "no message";
      const input = { challenge, code, newPassword, ...device };
      return auth.resetPasswordByCode(input, facts()).then(() => "reset", refusalOf);
    },
    signIn: (username, typed = password, more = {}) =>
      auth.signIn({ username, password: typed, ...more }, facts()).then(toOutcome, refusalOf),
    async open(by) {
      if ("username" in by) return auth.signIn({ username: by.username, password: by.typed ?? password }, facts());
      const before = inbox.messages.length;
      const { challenge } = await auth.startCode({ purpose: "enter", to: by.number }, facts());
      const answer = await auth.signInByCode(
        { challenge, code: (await readCode(by.number, before)) ?? "000000" },
        facts(),
      );
      if (isTicket(answer)) throw new Error("a code is not enough");
      return answer;
    },
    callerOf,
    goesOn: (session) =>
      callerOf(session).then(
        () => true,
        () => false,
      ),
    async take(session, number, more = {}) {
      const caller = await callerOf(session);
      const before = inbox.messages.length;
      const kind = "phone";
      const outcome = await auth
        .startOwnName(caller, { kind, to: number }, facts())
        .then(async ({ challenge }) => {
          const code = (await readCode(number, before)) ?? "000000";
          return auth.confirmOwnName(caller, { kind, challenge, code, ...more }, facts());
        })
        .catch(refusalOf);
      return typeof outcome === "string" ? outcome : (outcome.pending?.kind ?? "done");
    },
    async drop(session) {
      const caller = await callerOf(session);
      const outcome = await auth.removeOwnName(caller, { kind: "phone" }, facts()).catch(refusalOf);
      return typeof outcome === "string" ? outcome : (outcome.pending?.kind ?? "done");
    },
    listPending: async (session) => auth.listPendingChanges(await callerOf(session)),
    async reauthenticate(session, typed = password) {
      const caller = await callerOf(session);
      return auth.reauthenticate(caller, { password: typed }, facts()).then(() => "shown", refusalOf);
    },
    async wait(seconds) {
      await test.clock.advance(seconds);
      await auth.applyDueChanges();
    },
    register: (input) => auth.register(input, facts()).then(toOutcome, refusalOf),
    isAlive: (token) =>
      auth.authenticate([`Bearer ${token}`]).then(
        () => true,
        () => false,
      ),
    readAccount: async (id) => (await test.database.query("select * from latchkey.users where id = $1", [id]))[0],
    countMessages: (number) => inbox.messages.filter(({ to }) => to === number).length,
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
}

const isTicket = (answer: CodeAnswer | SignInAnswer): answer is TicketAnswer => "ticket" in answer;

/** The ticket of an outcome that must be one. */
export function ticketOf(outcome: Outcome): string {
  if (typeof outcome === "string" || "in" in outcome) throw new Error(`no ticket: ${JSON.stringify(outcome)}`);
  return outcome.ticket;
}
