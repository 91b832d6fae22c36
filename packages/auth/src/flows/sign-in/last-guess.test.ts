import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createInbox, createTestAuth, type TestAuth } from "../../testing/index.ts";
import { codeOf, createProvedPerson, freshFacts, type ProvedPerson, password } from "../../testing/people.ts";

const inbox = createInbox();
const newPassword = "a better horse battery";

let service: TestAuth;
/** Over the same accounts, where nobody asked for a last guess. */
let lenient: Auth;
beforeAll(async () => {
  const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;
  service = await createTestAuth({ messages, codes: { hasLastGuess: true } });
  lenient = await service.another({ codes: {} });
});
afterAll(() => service[Symbol.asyncDispose]());

const facts = () => freshFacts(service);

interface Showing {
  readonly by?: Auth;
  readonly deviceMark?: string | undefined;
}

async function ask(person: ProvedPerson, { by = service.auth, deviceMark }: Showing = {}) {
  const to = person.phoneNumber;
  const { challenge } = await by.startCode({ purpose: "sign_in", to, deviceMark }, facts());
  return { challenge, code: (await inbox.take(to)).code };
}

/** Shows a right code. */
async function signIn(person: ProvedPerson, { by = service.auth, deviceMark }: Showing = {}): Promise<string> {
  const shown = await ask(person, { by, deviceMark });
  return by.signInByCode({ ...shown, deviceMark }, facts()).then(() => "in", codeOf);
}

async function reset({ username, phoneNumber }: ProvedPerson): Promise<string> {
  const { auth } = service;
  const { challenge } = await auth.startReset({ username }, facts());
  const { code } = await inbox.take(phoneNumber);
  return auth.resetPasswordByCode({ challenge, code, newPassword }, facts()).then(() => "set", codeOf);
}

/** Shows so many wrong codes, each challenge's five at the same moment. */
async function guess(person: ProvedPerson, times: number, showing: Showing = {}): Promise<void> {
  const { by = service.auth, deviceMark } = showing;
  for (let left = times; left > 0; left -= 5) {
    const { challenge, code: right } = await ask(person, showing);
    const code = right.startsWith("0") ? "111111" : "000000";
    const one = () => by.signInByCode({ challenge, code, deviceMark }, facts()).then(() => "in", codeOf);
    const outcomes = await Promise.all(Array.from({ length: Math.min(5, left) }, one));
    expect(new Set(outcomes)).toEqual(new Set(["code_invalid"]));
  }
}

describe("where wrong codes of an account end at a last guess", () => {
  test("no code is right for strangers after 80 in a row, and one on a device of its owner opens it again", async () => {
    const person = await createProvedPerson(service);
    const { deviceMark } = await service.auth.signIn({ username: person.username, password }, facts());
    await guess(person, 79);
    expect(await signIn(person)).toBe("in");

    await guess(person, 80);
    expect([await signIn(person), await reset(person)]).toEqual(["code_invalid", "code_invalid"]);
    expect(await signIn(person, { deviceMark })).toBe("in");
    expect(await signIn(person)).toBe("in");
  });

  test("no code is right for anybody after 100, until an administrator unlocks the account", {
    tags: ["long"],
  }, async () => {
    const person = await createProvedPerson(service);
    const { deviceMark } = await service.auth.signIn({ username: person.username, password }, facts());
    await guess(person, 80);
    await guess(person, 20, { deviceMark });
    expect([await signIn(person, { deviceMark }), await reset(person)]).toEqual(["code_invalid", "code_invalid"]);
    // Its password is another way in.
    expect(await service.auth.signIn({ username: person.username, password, deviceMark }, facts())).toBeTruthy();
    const events = await service.database.query(
      "select detail ->> 'limit' as limit from latchkey.audit_events where event = 'limit_reached' and subject_id = $1 order by id",
      [person.id],
    );
    expect(events).toEqual([{ limit: "code_strangers" }, { limit: "code_known_devices" }]);
    await service.auth.operator.unlock(person.username);
    expect(await signIn(person)).toBe("in");
  });

  test("codes by number and for the username count as one, and of nobody's number none ends", {
    tags: ["long"],
  }, async () => {
    const person = await createProvedPerson(service);
    const { auth } = service;
    await guess(person, 75);
    const { challenge } = await auth.startReset({ username: person.username }, facts());
    const { code } = await inbox.take(person.phoneNumber);
    for (let time = 0; time < 4; time += 1) {
      const wrong = auth.resetPasswordByCode({ challenge, code: "000000", newPassword }, facts());
      expect(await wrong.then(() => "set", codeOf)).toBe("code_invalid");
    }
    await guess(person, 1);
    const right = auth.resetPasswordByCode({ challenge, code, newPassword }, facts());
    expect(await right.then(() => "set", codeOf)).toBe("code_invalid");

    const nobodys = { id: "", username: "", phoneNumber: "+905329998877" };
    const enter = async () => {
      const { challenge } = await auth.startCode({ purpose: "enter", to: nobodys.phoneNumber }, facts());
      return { challenge, code: (await inbox.take(nobodys.phoneNumber)).code };
    };
    for (let time = 0; time < 101; time += 5) {
      const { challenge } = await enter();
      const wrong = () => auth.signInByCode({ challenge, code: "0000000000" }, facts()).catch(codeOf);
      await Promise.all(Array.from({ length: 5 }, wrong));
    }
    expect(await auth.signInByCode(await enter(), facts())).toMatchObject({ next: "register" });
  });

  test("guesses beyond the last of a challenge are compared with nothing and count for nothing", async () => {
    const person = await createProvedPerson(service);
    const { challenge, code: right } = await ask(person);
    const code = right.startsWith("0") ? "111111" : "000000";
    const one = () => service.auth.signInByCode({ challenge, code }, facts()).catch(codeOf);
    for (let wave = 0; wave < 10; wave += 1) await Promise.all(Array.from({ length: 10 }, one));
    expect(await signIn(person)).toBe("in");
  });

  test("an administrator's code is good no more after 100 wrong ones, and the next one is", {
    tags: ["long"],
  }, async () => {
    const { username } = await createProvedPerson(service);
    const { auth } = service;
    const set = (code: string) =>
      auth.resetPassword({ username, code, newPassword }, facts()).then(() => "set", codeOf);
    const make = async () => (await auth.operator.createPasswordCode(username)).setPasswordCode;
    const first = await make();
    for (let time = 0; time < 100; time += 1) expect(await set("00000-00000")).toBe("code_invalid");
    expect(await set(first)).toBe("code_invalid");
    expect(await set(await make())).toBe("set");
  });

  test("a right code that is refused for something else is no guess", { tags: ["long"] }, async () => {
    const person = await createProvedPerson(service);
    await guess(person, 79);
    const { challenge } = await service.auth.startReset({ username: person.username }, facts());
    const { code } = await inbox.take(person.phoneNumber);
    const weak = { challenge, code, newPassword: person.username };
    expect(await service.auth.resetPasswordByCode(weak, facts()).catch(codeOf)).toBe("password_rejected");
    expect(await service.auth.resetPasswordByCode({ ...weak, newPassword }, facts())).toBeTruthy();
  });
});

test("without that nobody is kept out, whoever guesses", { tags: ["long"] }, async () => {
  const person = await createProvedPerson(service);
  await guess(person, 101, { by: lenient });
  expect(await signIn(person, { by: lenient })).toBe("in");
});
