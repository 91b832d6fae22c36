import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { SendError, type Sender } from "../../messages/sender.ts";
import { createInbox, createTestAuth, type TestAuth } from "../../testing/index.ts";
import type { PublicPurpose } from "./start-code.ts";

const inbox = createInbox();
const password = "correct horse battery";
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;

const unreachable: Sender = {
  send: async () => {
    throw new SendError("unreachable", "has no WhatsApp");
  },
};

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  service = await createTestAuth({ messages, codes: { signInByCode: "both" } });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

let people = 0;
const freshNumber = () => `+9053200${String(++people).padStart(5, "0")}`;
/** Where a call comes from: each from a place of its own, so that no limit stands between the tests. */
const facts = () => ({ ...service.facts, address: `2001:db8:${(++people).toString(16)}::1` });

const codeOf = (error: { code?: string }) => error.code;
const start = (to: string, purpose: PublicPurpose = "sign_in", more: object = {}) =>
  auth.startCode({ purpose, to, ...more }, facts());
const check = (challenge: string, code: string, more: object = {}) =>
  auth.signInByCode({ challenge, code, ...more }, facts());
const outcomeOf = (challenge: string, code: string) => check(challenge, code).then(() => "in", codeOf);

interface Person {
  readonly id: string;
  readonly phoneNumber: string;
}

/** Somebody with a number that a code has proved so many days ago, with a password beside it unless said. */
async function createPerson({ days = 1, hasPassword = true, names = {} } = {}): Promise<Person> {
  const phoneNumber = freshNumber();
  const { id } = await auth.createUser({ phoneNumber, ...names, password });
  await service.database.query(
    `update latchkey.users set phone_vouched_at = null, phone_proved_at = latchkey.now() - make_interval(days => $2),
      password = case when $3 then password else '!' end where id = $1`,
    [id, days, hasPassword],
  );
  return { id, phoneNumber };
}

async function sendCode(to: string, purpose: PublicPurpose = "sign_in", more: object = {}) {
  const { challenge } = await start(to, purpose, more);
  const { code } = await inbox.take(to);
  return { challenge, code };
}

/** Waits for what was asked before: messages leave in the order in which they are due. */
async function nothingSentTo(to: string): Promise<boolean> {
  const { phoneNumber } = await createPerson();
  await sendCode(phoneNumber);
  return inbox.messages.every((message) => message.to !== to);
}

describe("a code", () => {
  test("signs in whoever has the proved number, in any digits, once", async () => {
    const { id, phoneNumber } = await createPerson();
    const { challenge, code } = await sendCode(phoneNumber);
    const arabic = code.replace(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit)));
    const answer = await check(challenge, `${arabic.slice(0, 3)} ${arabic.slice(3)}`, { deviceName: "phone" });

    if ("ticket" in answer) throw new Error("a ticket is not enough");
    expect(answer.user.id).toBe(id);
    expect((await auth.authenticate([`Bearer ${answer.token}`])).user.phoneNumber).toBe(phoneNumber);
    expect(await outcomeOf(challenge, code)).toBe("code_invalid");
    const [event] = await service.database.query(
      "select detail from latchkey.audit_events where subject_id = $1 and event = 'signed_in'",
      [id],
    );
    const session = { sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/), amr: ["sms"], device: "test" };
    expect(event).toEqual({ detail: { identifier: "phone", by: "code", ...session } });
  });

  test("asked for by username goes to the account's number, and nothing tells so", async () => {
    const { phoneNumber } = await createPerson({ names: { username: "code_by_username" } });
    const answer = await start("Code_By_Username");
    const { code } = await inbox.take(phoneNumber);
    expect(answer).toMatchObject({ channel: null, digits: 6 });
    expect(await outcomeOf(answer.challenge, code)).toBe("in");
    const unknown = await start("code_by_nobody");
    expect(unknown).toMatchObject({ channel: null, digits: 6 });
    expect(Object.keys(unknown)).toEqual(Object.keys(answer));
  });

  test("renews the proof of the number", async () => {
    const { id, phoneNumber } = await createPerson({ days: 39 });
    const { challenge, code } = await sendCode(phoneNumber);
    await check(challenge, code);
    const [row] = await service.database.query(
      "select latchkey.now() - phone_proved_at < interval '1 hour' as fresh from latchkey.users where id = $1",
      [id],
    );
    expect(row).toEqual({ fresh: true });
  });

  test("is refused alike when it is wrong, another purpose's, another handle's, run out or used", async () => {
    const { phoneNumber } = await createPerson();
    const first = await sendCode(phoneNumber);
    const other = await sendCode(phoneNumber);
    const ofReset = await sendCode(phoneNumber, "reset_password");
    const wrong = first.code === "000000" ? "111111" : "000000";
    expect(await outcomeOf(first.challenge, wrong)).toBe("code_invalid");
    expect(await outcomeOf(first.challenge, other.code)).toBe(first.code === other.code ? "in" : "code_invalid");
    expect(await outcomeOf(ofReset.challenge, ofReset.code)).toBe("code_invalid");
    expect(await outcomeOf("AAAAAAAAAAAAAAAAAAAAAA", first.code)).toBe("code_invalid");
    await service.clock.advance(601);
    expect(await outcomeOf(other.challenge, other.code)).toBe("code_expired");
    expect(await outcomeOf(other.challenge, wrong)).toBe("code_expired");
  });

  test("is sent to nobody who could not come in by it, and asking is answered as for everybody else", async () => {
    const [stale, vouchedBesidePassword, unknown] = [
      await createPerson({ days: 41 }),
      await createPerson(),
      freshNumber(),
    ];
    await service.database.query(
      "update latchkey.users set phone_proved_at = null, phone_vouched_at = latchkey.now() where id = $1",
      [vouchedBesidePassword.id],
    );
    const known = await createPerson();
    const usual = await start(known.phoneNumber);
    for (const to of [stale.phoneNumber, vouchedBesidePassword.phoneNumber, unknown]) {
      const answer = await start(to);
      expect({ ...answer, challenge: "", expiresAt: 0, resendAt: 0 }).toEqual({
        ...usual,
        challenge: "",
        expiresAt: 0,
        resendAt: 0,
      });
      expect(await nothingSentTo(to)).toBe(true);
    }
  });

  test("opens nothing for holders of rights, unless that is meant", async () => {
    const { id, phoneNumber } = await createPerson();
    const { challenge, code } = await sendCode(phoneNumber);
    await service.database.query("update latchkey.users set is_staff = true where id = $1", [id]);
    expect(await outcomeOf(challenge, code)).toBe("code_invalid");
    const meant = await service.another({ codes: { signInByCode: "phone", holdersByCode: true } });
    await expect(meant.signInByCode({ challenge, code }, facts())).resolves.toMatchObject({ user: { id } });
  });

  test("of a number that moved to another account meanwhile signs nobody in", async () => {
    const loser = await createPerson({ names: { username: "loses_number" } });
    const { challenge, code } = await sendCode(loser.phoneNumber);
    await service.database.query("update latchkey.users set phone_number = null where id = $1", [loser.id]);
    expect(await outcomeOf(challenge, code)).toBe("code_invalid");
    await auth.createUser({ phoneNumber: loser.phoneNumber, password });
    expect(await outcomeOf(challenge, code)).toBe("code_invalid");
  });

  test("vouched for by an administrator opens an account without a password once, and proves the number", async () => {
    const { id, phoneNumber } = await createPerson({ hasPassword: false });
    const vouched = "update latchkey.users set phone_proved_at = null, phone_vouched_at = latchkey.now() where id = $1";
    await service.database.query(vouched, [id]);
    const { challenge, code } = await sendCode(phoneNumber);
    expect(await outcomeOf(challenge, code)).toBe("in");
    const [row] = await service.database.query("select phone_proved_at from latchkey.users where id = $1", [id]);
    expect(row?.phone_proved_at).toBeInstanceOf(Date);
  });

  test("whose session a hook refuses is good once more", { tags: ["long"] }, async () => {
    let isRefusing = true;
    await using hooked = await createTestAuth({
      messages,
      on: {
        signedIn: () => {
          if (isRefusing) throw new Error("not now");
        },
      },
    });
    const phoneNumber = freshNumber();
    await hooked.auth.createUser({ phoneNumber, password });
    await hooked.database.query("update latchkey.users set phone_proved_at = latchkey.now()");
    const { challenge } = await hooked.auth.startCode({ purpose: "sign_in", to: phoneNumber }, hooked.facts);
    const { code } = await inbox.take(phoneNumber);
    for (let time = 0; time < 7; time += 1)
      await expect(hooked.auth.signInByCode({ challenge, code }, hooked.facts)).rejects.toMatchObject({
        code: "hook_failed",
      });
    isRefusing = false;
    await expect(hooked.auth.signInByCode({ challenge, code }, hooked.facts)).resolves.toHaveProperty("token");
  });
});

describe("asking for a code", () => {
  test("again sends the same code, when it is time for that, and otherwise answers the same", async () => {
    const { phoneNumber } = await createPerson();
    const { challenge, code } = await sendCode(phoneNumber);
    const resend = () => auth.resendCode({ challenge }, facts());
    // What is on its way is not sent a second time, and a message is on its way until it is noted that it was sent.
    const onTheWay = `select from latchkey.challenges c join latchkey.users u on u.id = c.user_id
      where u.phone_number = $1 and c.due_at is not null`;
    const advance = async (seconds: number) => {
      await expect.poll(() => service.database.query(onTheWay, [phoneNumber])).toEqual([]);
      await service.clock.advance(seconds);
    };
    const early = await resend();
    expect(await resend()).toEqual(early);
    await advance(31);
    const later = await resend();
    expect(later.resendAt?.getTime()).toBeGreaterThan(early.resendAt?.getTime() ?? 0);
    expect((await inbox.take(phoneNumber)).code).toBe(code);
    await advance(61);
    expect((await resend()).resendAt).toBeNull();
    expect((await inbox.take(phoneNumber)).code).toBe(code);
    await advance(121);
    await resend();
    expect(await nothingSentTo("nobody")).toBe(true);
    expect(inbox.messages.filter(({ to }) => to === phoneNumber)).toHaveLength(3);
    expect(await outcomeOf(challenge, code)).toBe("in");
    await expect(resend()).rejects.toMatchObject({ code: "code_invalid" });
  });

  test("again names the channel that it began with, though the message of somebody who is known went on by another", {
    tags: ["long"],
  }, async () => {
    const withWhatsApp = await service.another({
      messages: { senders: { whatsapp: unreachable, sms: inbox }, isEnforced: false },
      codes: { signInByCode: "phone" },
    });
    const { phoneNumber } = await createPerson();
    const ask = async (to: string) => withWhatsApp.startCode({ purpose: "sign_in", to }, facts());
    const [known, nobodys] = [await ask(phoneNumber), await ask(freshNumber())];
    expect((await inbox.take(phoneNumber)).channel).toBe("sms");
    for (let time = 0; time < 2; time += 1) {
      const again = [known, nobodys].map(({ challenge }) => withWhatsApp.resendCode({ challenge }, facts()));
      expect((await Promise.all(again)).map(({ channel }) => channel)).toEqual(["whatsapp", "whatsapp"]);
      await service.clock.advance(31);
    }
  });

  test("by a username is answered alike after any number of wrong codes, whether or not somebody has it or its number was guessed at", async () => {
    const names = ["often_guessed", "rarely_guessed", "guessed_nobody"] as const;
    const [often, rarely] = [
      await createPerson({ names: { username: names[0] } }),
      await createPerson({ names: { username: names[1] } }),
    ];
    const guess = async (to: string) => {
      for (let round = 0; round < 4; round += 1) {
        const { challenge } = await start(to);
        for (let time = 0; time < 5; time += 1) expect(await outcomeOf(challenge, "no code")).toBe("code_invalid");
      }
    };
    const digits = async () => Promise.all(names.map(async (name) => (await start(name)).digits));
    await guess(rarely.phoneNumber);
    expect(await digits()).toEqual([6, 6, 6]);
    await guess(names[0]);
    await guess(names[2]);
    expect(await digits()).toEqual([10, 6, 10]);
    // Nor does a number tell that somebody has guessed at the username of its owner.
    expect((await start(often.phoneNumber)).digits).toBe(6);
  });

  test("is sent in the language that is asked for, or in the person's, or in that of the request", async () => {
    const { phoneNumber } = await createPerson();
    const localeOf = async (more: object, from: object) => {
      await auth.startCode({ purpose: "enter", to: phoneNumber, ...more }, { ...facts(), ...from });
      return (await inbox.take(phoneNumber)).locale;
    };
    expect(await localeOf({}, { locale: "fr" })).toBe("fr");
    const { challenge } = await auth.startCode({ purpose: "enter", to: phoneNumber }, facts());
    await auth.signInByCode({ challenge, code: (await inbox.take(phoneNumber)).code }, { ...facts(), locale: "tr-TR" });
    expect(await localeOf({}, { locale: "fr" })).toBe("tr");
    expect(await localeOf({ locale: "id" }, { locale: "fr" })).toBe("id");
  });

  test("is answered at once, however long a provider takes", async () => {
    let isAsked = false;
    const hanging: Sender = {
      send: (_, signal) =>
        new Promise((_, reject) => {
          isAsked = true;
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    };
    const slow = await service.another({
      messages: { senders: { sms: hanging }, isEnforced: false },
      codes: { signInByCode: "phone" },
    });
    const { phoneNumber } = await createPerson();
    for (let time = 0; time < 3; time += 1) await slow.startCode({ purpose: "sign_in", to: phoneNumber }, facts());
    await expect.poll(() => isAsked).toBe(true);
    expect(await slow.startCode({ purpose: "sign_in", to: freshNumber() }, facts())).toMatchObject({ digits: 6 });
  });

  test("is told unavailable where nothing sends to what was typed, and the log names the setting", async () => {
    const mailOnly = await service.another({ messages: { senders: { email: inbox }, senderSetting: "MESSAGES" } });
    const asking = mailOnly.startCode({ purpose: "sign_in", to: freshNumber() }, facts());
    await expect(asking).rejects.toMatchObject({
      code: "unavailable",
      cause: { message: expect.stringContaining("MESSAGES") },
    });
    await expect(asking).rejects.not.toMatchObject({ message: expect.stringContaining("MESSAGES") });
  });

  test("slows down one place that asks for one name again and again, whether or not somebody has it", async () => {
    const { phoneNumber } = await createPerson();
    for (const to of [phoneNumber, freshNumber(), "nobody_has_this"]) {
      const from = facts();
      const ask = () => auth.startCode({ purpose: "sign_in", to }, from).then(() => "asked", codeOf);
      for (let time = 0; time < 10; time += 1) expect(await ask()).toBe("asked");
      expect(await ask()).toBe("rate_limited");
    }
  });

  test("is refused by the rules against fraud for a number, and not for a username", { tags: ["long"] }, async () => {
    const limits = { countryPerHour: 1_000, countryPerDay: 1_000, prefixPerHour: 1_000, prefixPerDay: 1_000 };
    const enforced = await service.another({
      messages: { ...messages, isEnforced: true, countries: ["TR"], limits },
      codes: { signInByCode: "phone" },
    });
    const { phoneNumber } = await createPerson({ names: { username: "often_asked" } });
    const from = facts();
    const ask = (to: string) => enforced.startCode({ purpose: "sign_in", to }, from).then(() => "asked", codeOf);
    for (let time = 0; time < 3; time += 1) expect(await ask(phoneNumber)).toBe("asked");
    expect(await ask(phoneNumber)).toBe("rate_limited");
    expect(await ask("often_asked")).toBe("asked");
    expect(await ask("+4915112345678")).toBe("invalid_input");
    const [event] = await service.database.query(
      "select detail from latchkey.audit_events where event = 'message_refused' order by position limit 1",
    );
    expect(event).toEqual({ detail: { rule: "number", country: "TR" } });
  });
});

describe("one field and one button", () => {
  test("signs in whoever has the number, and lets everybody else go on to register", async () => {
    const { id, phoneNumber } = await createPerson();
    const known = await sendCode(phoneNumber, "enter");
    expect(await check(known.challenge, known.code)).toMatchObject({ user: { id } });

    const number = freshNumber();
    const unknown = await sendCode(number, "enter");
    const answer = await check(unknown.challenge, unknown.code);
    expect(answer).toMatchObject({ next: "register", ticket: expect.stringMatching(/^[\w-]{22}$/) });
    expect(answer).not.toHaveProperty("token");
  });

  test("asks for another way where the number may be another person's by now", async () => {
    const { phoneNumber } = await createPerson({ days: 41 });
    const { challenge, code } = await sendCode(phoneNumber, "enter");
    expect(await check(challenge, code)).toMatchObject({ next: "another_way" });
  });

  test("lets a known device in beyond that time", async () => {
    const { id, phoneNumber } = await createPerson({ days: 41 });
    const { deviceMark } = await auth.signIn({ username: phoneNumber, password }, facts());
    const { challenge, code } = await sendCode(phoneNumber, "enter", { deviceMark });
    expect(await check(challenge, code, { deviceMark })).toMatchObject({ user: { id } });
  });

  test("takes no username", async () => {
    await expect(start("somebody", "enter")).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("sends nothing to numbers of nobody's where registration is closed, and answers alike", async () => {
    const closed = await service.another({ messages, registration: "closed" });
    const [{ phoneNumber }, number] = [await createPerson(), freshNumber()];
    const answers = [phoneNumber, number].map((to) => closed.startCode({ purpose: "enter", to }, facts()));
    const [known, unknown] = await Promise.all(answers);
    expect(Object.keys(unknown ?? {})).toEqual(Object.keys(known ?? {}));
    expect(unknown).toMatchObject({ channel: "sms", digits: 6 });
    await inbox.take(phoneNumber);
    expect(await nothingSentTo(number)).toBe(true);
  });
});
