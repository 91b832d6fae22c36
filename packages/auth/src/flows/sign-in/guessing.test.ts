import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { AuthError } from "../../errors.ts";
import { createInbox, createTestAuth, shareOut } from "../../testing/index.ts";
import { limits } from "../../throttling/limits.ts";
import type { RequestInfo } from "../steps/core.ts";

const password = "correct horse battery";
const minute = 60;

const service = await createTestAuth({ phones: { defaultCountry: "TR" } });
const other = await service.another();
const { auth, database } = service;
afterAll(() => service[Symbol.asyncDispose]());

// Here the database's clock stands still too, so that waits are told to the second however slow the machine is.
await service.clock.advance(0);
await database.query(`alter table public.test_clock add column at timestamptz;
  create or replace function latchkey.now() returns timestamptz language sql stable parallel safe
    as $$ select at from public.test_clock $$`);
const clock = {
  async advance(seconds: number) {
    await service.clock.advance(seconds);
    await database.query("update public.test_clock set at = $1", [service.clock.now()]);
  },
};
// Past the moment from which the first key signs.
await clock.advance(minute);

const from = (address: string): RequestInfo => ({ ...service.facts, address });
const office = from("198.51.100.7");
/** An address that nobody has called from yet. */
let addresses = 0;
const elsewhere = () => {
  addresses += 1;
  return from(`10.${addresses >> 16}.${(addresses >> 8) & 255}.${addresses & 255}`);
};

/** What a call came to: `ok`, or the reason and how long to wait. */
async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return error.retryAfter === undefined ? error.code : `${error.code} ${error.retryAfter}`;
  }
}

const guess = (username: string, facts: RequestInfo, deviceMark?: string) =>
  outcomeOf(auth.signIn({ username, password: "not the password", deviceMark }, facts));
const signIn = (username: string, facts: RequestInfo, deviceMark?: string) =>
  outcomeOf(auth.signIn({ username, password, deviceMark }, facts));

async function repeat(times: number, call: (time: number) => Promise<string>): Promise<string[]> {
  const outcomes: string[] = [];
  for (let time = 0; time < times; time += 1) outcomes.push(await call(time));
  return outcomes;
}

const wrong = (times: number) => Array.from({ length: times }, () => "invalid_credentials");

let people = 0;
async function createPerson() {
  people += 1;
  const username = `person_${people}`;
  const phoneNumber = `+90532100${String(people).padStart(4, "0")}`;
  const email = `${username}@example.com`;
  const user = await auth.createUser({ username, phoneNumber, email, password });
  return { ...user, username, phoneNumber, email };
}

const eventsOf = (userId: string, event: string) =>
  database.query<{ detail: Record<string, unknown> }>(
    "select detail from latchkey.audit_events where subject_id = $1 and event = $2 order by position",
    [userId, event],
  );

/** As many wrong passwords in a row, by all names of a person in turn, each from another address. */
async function guessFromEverywhere({ username, phoneNumber, email }: Named, times: number) {
  const names = [username, phoneNumber, email];
  const guesses = await repeat(times, (time) => guess(names[time % 3] ?? "", elsewhere()));
  expect(guesses).toEqual(wrong(times));
}

/**
 * Counters as so many rounds of wrong passwords leave them, of which two are made: what one more round adds is added for the others at once. None may
 * come to its limit meanwhile, where more than the count changes. The long run makes them all.
 */
async function wearOut(rounds: number, guessOnce: () => Promise<unknown>) {
  const isWhole = process.env.LATCHKEY_LONG === "1";
  for (let round = isWhole ? 2 : rounds; round < rounds; round += 1) await guessOnce();
  const read = () =>
    database.query<{ key: string; count: number }>("select encode(key, 'hex') as key, count from latchkey.throttles");
  await guessOnce();
  const before = new Map((await read()).map(({ key, count }) => [key, count]));
  await guessOnce();
  if (isWhole) return;
  const grown = (await read()).flatMap(({ key, count }) => {
    const more = count - (before.get(key) ?? count);
    return more > 0 ? [{ key, count: count + more * (rounds - 2) }] : [];
  });
  await database.query(
    `update latchkey.throttles set count = next.count from json_to_recordset($1) as next (key text, count int)
      where throttles.key = decode(next.key, 'hex')`,
    [JSON.stringify(grown)],
  );
}

/** 80 wrong passwords in a row, with which strangers have none left. */
async function lockStrangersOut(person: Named) {
  await wearOut(26, () => guessFromEverywhere(person, 3));
  await guessFromEverywhere(person, 2);
}

interface Named {
  readonly username: string;
  readonly phoneNumber: string;
  readonly email: string;
}

beforeEach(async () => {
  await database.query("delete from latchkey.throttles");
});

describe("one name from one address", () => {
  test("has ten guesses, then one after each wait, and the right password waits as well", async () => {
    const { username } = await createPerson();
    expect(await repeat(10, () => guess(username, office))).toEqual(wrong(10));
    expect(await guess(username, office)).toBe("rate_limited 5");
    expect(await signIn(username, office)).toBe("rate_limited 5");
    await clock.advance(4);
    expect(await guess(username, office)).toBe("rate_limited 1");
    await clock.advance(1);
    expect(await guess(username, office)).toBe("invalid_credentials");
    expect(await guess(username, office)).toBe("rate_limited 10");
    await clock.advance(10);
    expect(await signIn(username, office)).toBe("ok");
  });

  test("begins anew after a success, and after a quiet hour", async () => {
    const { username } = await createPerson();
    for (const _round of [1, 2]) {
      expect(await repeat(9, () => guess(username, office))).toEqual(wrong(9));
      expect(await signIn(username, office)).toBe("ok");
    }
    expect(await repeat(10, () => guess(username, office))).toEqual(wrong(10));
    await clock.advance(60 * minute);
    expect(await repeat(10, () => guess(username, office))).toEqual(wrong(10));
  });

  test("is one name in every spelling, and one address in all of an IPv6 /64", async () => {
    const { phoneNumber } = await createPerson();
    const national = `0${phoneNumber.slice(3, 6)} ${phoneNumber.slice(6, 9)} ${phoneNumber.slice(9)}`;
    const spellings = [phoneNumber, national, phoneNumber.replace("+", "00"), ` ${phoneNumber} `, `(${phoneNumber})`];
    const host = (time: number) => from(`2001:db8:7:8:${time.toString(16)}::${time.toString(16)}`);
    expect(await repeat(10, (time) => guess(spellings[time % 5] ?? "", host(time)))).toEqual(wrong(10));
    for (const spelling of spellings) expect(await guess(spelling, host(99))).toBe("rate_limited 5");
    expect(await guess(phoneNumber, from("2001:db8:7:9::1"))).toBe("invalid_credentials");
  });

  test("is told the same, step by step, whether or not anybody has that name", async () => {
    const { username } = await createPerson();
    await auth.createUser({ username: "unusable_one", password: { djangoHash: "!" } });
    const steps = async (name: string) => {
      const told = await repeat(12, () => guess(name, office));
      await clock.advance(5);
      return [...told, ...(await repeat(2, () => guess(name, office)))];
    };
    const told = await steps(username);
    expect(told.slice(10)).toEqual(["rate_limited 5", "rate_limited 5", "invalid_credentials", "rate_limited 10"]);
    for (const name of ["nobody_has_this", "unusable_one", "+905329999999", "nobody@example.com"]) {
      expect(await steps(name), name).toEqual(told);
    }
  });

  test("gets no more guesses for 40 at the same moment on two processes, nor after a restart", async () => {
    const { id, username } = await createPerson();
    const attempts = Array.from({ length: 40 }, (_, number) =>
      outcomeOf((number % 2 ? auth : other).signIn({ username, password: "wrong" }, office)),
    );
    const outcomes = await Promise.all(attempts);
    const refused = outcomes.filter((outcome) => outcome === "invalid_credentials");
    expect(refused.length).toBeLessThanOrEqual(10);
    expect(await eventsOf(id, "sign_in_refused")).toHaveLength(refused.length);
    await repeat(10 - refused.length, () => guess(username, office));
    const restarted = await service.another();
    expect(await outcomeOf(restarted.signIn({ username, password }, office))).toBe("rate_limited 5");
  });
});

describe("one address", () => {
  test("has a hundred guesses at whatever names, then one every six seconds, and success is not counted", async () => {
    const { username } = await createPerson();
    expect(await repeat(5, () => signIn(username, office))).toEqual(Array.from({ length: 5 }, () => "ok"));
    expect(await repeat(100, (time) => guess(`stranger_${time}`, office))).toEqual(wrong(100));
    expect(await signIn(username, office)).toBe("rate_limited 6");
    expect(await signIn(username, elsewhere())).toBe("ok");
    await clock.advance(6);
    expect(await guess("stranger_x", office)).toBe("invalid_credentials");
    expect(await guess("stranger_y", office)).toBe("rate_limited 6");
    await clock.advance(6);
    expect(await signIn(username, office)).toBe("ok");
  });

  test("is not opened again by sign-ins of the guesser's own between the guesses", { tags: ["long"] }, async () => {
    const { username } = await createPerson();
    await repeat(100, (time) => guess(`victim_${time}`, office));
    const outcomes: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      await clock.advance(6);
      outcomes.push(await signIn(username, office), await guess(`victim_x${round}`, office));
      outcomes.push(await guess(`victim_y${round}`, office));
    }
    expect(outcomes).toEqual(Array.from({ length: 5 }, () => ["ok", "invalid_credentials", "rate_limited 6"]).flat());
  });

  test("that is missing is nobody's: strangers without one do not wait for each other, and each name still has its limit", {
    tags: ["long"],
  }, async () => {
    const nowhere = { ...service.facts, address: null };
    const { username } = await createPerson();
    expect(await repeat(120, (time) => guess(`shadow_${time}`, nowhere))).toEqual(wrong(120));
    expect(await signIn(username, nowhere)).toBe("ok");
    expect(await repeat(30, () => guess(username, nowhere))).toEqual(wrong(30));
    expect(await guess(username, nowhere)).toBe("rate_limited 2");
    const reset = () =>
      outcomeOf(auth.resetPassword({ username, code: "ABCDE-FGHJK-MNPQR-STVWX", newPassword: password }, nowhere));
    expect(new Set(await repeat(10, reset))).toEqual(new Set(["code_invalid"]));
    expect(await reset()).toBe("rate_limited 5");
  });
});

describe("a text that is nobody's name", () => {
  const nobodysNames = ["mary jane", "555 0100", "a+b", "not@an@address", "", " ", "x".repeat(500)];

  test("is counted by itself: thirty people who type such things keep nobody else from it", {
    tags: ["long"],
  }, async () => {
    for (let person = 0; person < 40; person += 1) {
      const text = nobodysNames[person % nobodysNames.length] ?? "";
      expect(await guess(`${text} ${person}`, elsewhere())).toBe("invalid_credentials");
    }
    expect(await guess("jane mary", elsewhere())).toBe("invalid_credentials");
    const reset = (username: string) =>
      outcomeOf(auth.resetPassword({ username, code: "ABCDE-FGHJK-MNPQR-STVWX", newPassword: password }, office));
    for (let person = 0; person < 12; person += 1) expect(await reset(`mary jane ${person}`)).toBe("code_invalid");
  });

  for (const { tags, cases } of shareOut(nobodysNames, 8))
    test.each(cases)("has the limits of a name: %j", { tags }, async (text) => {
      expect(await repeat(10, () => guess(text, office))).toEqual(wrong(10));
      expect(await guess(text, office)).toBe("rate_limited 5");
      expect(await repeat(20, () => guess(text, elsewhere()))).toEqual(wrong(20));
      expect(await guess(text, elsewhere())).toBe("rate_limited 2");
      expect(await guess(`${text}!?`, office)).toBe("invalid_credentials");
    });
});

describe("one name from everywhere", () => {
  test("has thirty guesses, then waits that double up to an hour", async () => {
    const { username } = await createPerson();
    expect(await repeat(30, () => guess(username, elsewhere()))).toEqual(wrong(30));
    const waits: number[] = [];
    for (let step = 0; step < 13; step += 1) {
      const [, wait = ""] = /^rate_limited (\d+)$/.exec(await guess(username, elsewhere())) ?? [];
      waits.push(Number(wait));
      await clock.advance(Number(wait));
      expect(await guess(username, elsewhere())).toBe("invalid_credentials");
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]);
  });

  test("does not hold up the same person by another name", { tags: ["long"] }, async () => {
    const { username, phoneNumber } = await createPerson();
    await repeat(30, () => guess(username, elsewhere()));
    expect(await signIn(username, elsewhere())).toBe("rate_limited 2");
    expect(await signIn(phoneNumber, elsewhere())).toBe("ok");
  });
});

describe("one account", () => {
  test("takes no password from a stranger after 80 wrong ones in a row by all its names together, and says nothing of it", async () => {
    const person = await createPerson();
    const { id, username, phoneNumber, email } = person;
    await guessFromEverywhere(person, 80);
    await clock.advance(24 * 60 * minute);
    for (const name of [username, phoneNumber, email])
      expect(await signIn(name, elsewhere())).toBe("invalid_credentials");
    await clock.advance(300 * 24 * 60 * minute);
    expect(await signIn(username, elsewhere())).toBe("invalid_credentials");
    const refusals = await eventsOf(id, "sign_in_refused");
    expect(refusals.slice(-4).map(({ detail }) => detail.because)).toEqual(
      Array.from({ length: 4 }, () => "locked_account"),
    );
    const reached = (await eventsOf(id, "limit_reached")).map(({ detail }) => detail.limit);
    expect(reached.filter((limit) => limit === "account_strangers")).toHaveLength(1);
  });

  test("begins anew with every success", { tags: ["long"] }, async () => {
    const person = await createPerson();
    const { username } = person;
    await guessFromEverywhere(person, 79);
    expect(await signIn(username, elsewhere())).toBe("ok");
    expect(await guess(username, elsewhere())).toBe("invalid_credentials");
    expect(await signIn(username, elsewhere())).toBe("ok");
  });

  const openings = [
    ["the operator unlocks it", async (name: string) => auth.operator.unlock(name)],
    ["the operator sets a password", async (name: string) => void (await auth.operator.changePassword(name, password))],
  ] as const;
  for (const { tags, cases } of shareOut(openings, 2))
    test.each(cases)("opens again when %s", { tags }, async (_how, open) => {
      const person = await createPerson();
      const { username } = person;
      await lockStrangersOut(person);
      await repeat(6, () => guess(username, elsewhere()));
      expect(await signIn(username, elsewhere())).toBe("rate_limited 2");
      await open(username);
      expect(await signIn(username, elsewhere())).toBe("ok");
    });

  test("goes on keeping strangers waiting at its other names when its owner sets a password, so that no name tells another", async () => {
    const inbox = createInbox();
    const messages = { senders: { sms: inbox }, isEnforced: false };
    const withCodes = await service.another({ messages, phones: { defaultCountry: "TR" } });
    const { id, username, phoneNumber, email } = await createPerson();
    await database.query("update latchkey.users set phone_proved_at = latchkey.now() where id = $1", [id]);
    const nobodys = `nobody_${people}`;
    for (const name of [username, phoneNumber, nobodys]) {
      await wearOut(29, () => guess(name, elsewhere()));
      await repeat(2, () => guess(name, elsewhere()));
    }
    await repeat(31, () => guess(email, elsewhere()));
    const { challenge } = await withCodes.startReset({ username: phoneNumber }, elsewhere());
    const { code } = await inbox.take(phoneNumber);
    const { deviceMark } = await withCodes.resetPasswordByCode({ challenge, code, newPassword: password }, elsewhere());
    const outcomes = [];
    for (const name of [phoneNumber, username, email, nobodys]) outcomes.push(await guess(name, elsewhere()));
    expect(outcomes).toEqual(["invalid_credentials", "rate_limited 2", "rate_limited 2", "rate_limited 2"]);
    expect(await signIn(username, elsewhere(), deviceMark)).toBe("ok");
  });

  test("opens again when its owner sets a password with a code", { tags: ["long"] }, async () => {
    const username = `root_${people}`;
    await auth.createUser({ username, password, isSuperuser: true });
    const { token } = await auth.signIn({ username, password }, elsewhere());
    const admin = { ...(await auth.authenticate([`Bearer ${token}`])), facts: service.facts };
    const names = { username: `coded_${people}`, phoneNumber: "+905321009999", email: "coded@example.com" };
    const { setPasswordCode: code } = await auth.users.create(admin, names);
    await guessFromEverywhere(names, 80);
    await auth.resetPassword({ username: names.username, code, newPassword: password }, elsewhere());
    expect(await signIn(names.username, elsewhere())).toBe("ok");
  });
});

describe("a device that its owner has signed in with", () => {
  async function createOwner() {
    const person = await createPerson();
    const { deviceMark } = await auth.signIn({ username: person.username, password }, office);
    return { ...person, deviceMark };
  }

  test("gets in while strangers wait at the same address, and when they have locked the account", async () => {
    const owner = await createOwner();
    const { username, deviceMark } = owner;
    let noise = 0;
    await wearOut(99, () => guess(`noise_${++noise}`, office));
    await guess("noise", office);
    expect(await signIn(username, office)).toBe("rate_limited 6");
    expect(await signIn(username, office, deviceMark)).toBe("ok");
    await lockStrangersOut(owner);
    expect(await signIn(username, elsewhere())).toBe("invalid_credentials");
    expect(await signIn(username, office, deviceMark)).toBe("ok");
    expect(await signIn(username, elsewhere())).toBe("ok");
  });

  test("has ten guesses of its own, whoever holds its mark and from wherever, and is a stranger then", async () => {
    const { username, deviceMark } = await createOwner();
    expect(await repeat(10, () => guess(username, elsewhere(), deviceMark))).toEqual(wrong(10));
    await repeat(30, () => guess(username, elsewhere()));
    expect(await signIn(username, elsewhere(), deviceMark)).toBe("rate_limited 2");
    await clock.advance(2);
    const again = await auth.signIn({ username, password, deviceMark }, elsewhere());
    expect(again.deviceMark).not.toBe(deviceMark);
    await wearOut(29, () => guess(username, elsewhere()));
    await guess(username, elsewhere());
    expect(await signIn(username, elsewhere(), again.deviceMark)).toBe("ok");
  });

  test("has no more guesses for 40 at the same moment on two processes, nor on another day", {
    tags: ["long"],
  }, async () => {
    const owner = await createOwner();
    const { username, deviceMark } = owner;
    const there = await auth.signIn({ username, password }, elsewhere());
    await guessFromEverywhere(owner, 80);
    const crowd = Array.from({ length: 40 }, (_, time) =>
      outcomeOf((time % 2 ? auth : other).signIn({ username, password: "not the password", deviceMark }, elsewhere())),
    );
    await Promise.all(crowd);
    await clock.advance(2 * 24 * 60 * minute);
    await repeat(20, () => guess(username, elsewhere(), deviceMark));
    expect(await signIn(username, elsewhere(), deviceMark)).not.toBe("ok");
    expect(await signIn(username, elsewhere(), there.deviceMark)).toBe("ok");
  });

  test("is closed as well after a hundred wrong passwords in a row for the account", { tags: ["long"] }, async () => {
    const owner = await createOwner();
    const { username, deviceMark } = owner;
    const marks = [deviceMark];
    for (const _more of [1, 2]) marks.push((await auth.signIn({ username, password }, elsewhere())).deviceMark);
    await guessFromEverywhere(owner, 80);
    for (const mark of marks.slice(1)) await repeat(10, () => guess(username, office, mark));
    expect(await signIn(username, office, deviceMark)).toMatch(/^(invalid_credentials|rate_limited \d+)$/);
  });

  test("keeps its mark over sign-ins, and another device gets another", async () => {
    const { username, deviceMark } = await createOwner();
    const again = await auth.signIn({ username, password, deviceMark }, office);
    const there = await auth.signIn({ username, password }, elsewhere());
    expect(again.deviceMark).toBe(deviceMark);
    expect(there.deviceMark).not.toBe(deviceMark);
  });

  test("is a stranger with another person's mark, one that was made up, or one of another installation", {
    tags: ["long"],
  }, async () => {
    const owner = await createOwner();
    const neighbour = await createOwner();
    const foreign = await service.another({ secret: "Zm9yZWlnbi1pbnN0YWxsYXRpb24tMDEyMzQ1Njc4OWFi" }).catch(() => null);
    expect(foreign).toBeNull();
    await repeat(30, () => guess(owner.username, elsewhere()));
    const changed = `${owner.deviceMark.startsWith("A") ? "B" : "A"}${owner.deviceMark.slice(1)}`;
    for (const mark of [neighbour.deviceMark, changed, "x", "", randomUUIDv7(), owner.deviceMark.slice(1)]) {
      expect(await signIn(owner.username, elsewhere(), mark), mark).toMatch(/^rate_limited/);
    }
    expect(await signIn(owner.username, elsewhere(), owner.deviceMark)).toBe("ok");
  });
});

describe("an attempt that was none", () => {
  test("because the service was too busy counts nowhere", { tags: ["long"] }, async () => {
    const { username } = await createPerson();
    const busy = await service.another({ passwords: { cost: 4, hashConcurrency: 1, hashQueueLimit: 0 } });
    for (let round = 0; round < 6; round += 1) {
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, () => outcomeOf(busy.signIn({ username, password }, office))),
      );
      expect(outcomes.filter((outcome) => !/^(ok|overloaded \d+)$/.test(outcome))).toEqual([]);
    }
    const rows = await database.query("select count from latchkey.throttles where count > 0");
    expect(rows).toEqual([]);
  });

  test("because the service was too busy for the new password's hash counts nowhere either", async () => {
    const { username } = await createPerson();
    const busy = await service.another({ passwords: { cost: 4, hashConcurrency: 1, hashQueueLimit: 0 } });
    const input = { username, code: "ABCDE-FGHJK-MNPQR-STVWX", newPassword: "another horse battery" };
    let refused = 0;
    for (let round = 0; round < 3; round += 1) {
      const attempts = Array.from({ length: 9 }, () => outcomeOf(busy.resetPassword(input, elsewhere())));
      const outcomes = await Promise.all(attempts);
      expect(outcomes.filter((outcome) => !/^(code_invalid|overloaded \d+)$/.test(outcome))).toEqual([]);
      refused += outcomes.filter((outcome) => outcome === "code_invalid").length;
    }
    // Each call came from an address of its own, and so has two counters: its name's there, and the address's.
    expect(await database.query("select count from latchkey.throttles where count > 0")).toHaveLength(2 * refused);
  });
});

describe("me.changePassword and me.reauthenticate", () => {
  async function openSession({ username }: Named) {
    const { token, deviceMark } = await auth.signIn({ username, password }, elsewhere());
    const caller = await auth.authenticate([`Bearer ${token}`]);
    const change = (currentPassword: string) =>
      outcomeOf(auth.changePassword(caller, { currentPassword, newPassword: "another horse battery" }, office));
    const show = (typed: string) => outcomeOf(auth.reauthenticate(caller, { password: typed }, office));
    return { caller, deviceMark, change, show };
  }

  async function createCaller() {
    const person = await createPerson();
    return { ...person, ...(await openSession(person)) };
  }

  /** Wrong passwords in a session for as long as they are looked at, or so many. */
  async function waste(show: (typed: string) => Promise<string>, times: number) {
    for (let count = 0; count < times; count += 1) {
      expect(await show("wrong")).toBe("invalid_credentials");
      await clock.advance(15 * minute);
    }
  }

  test("let a stolen session guess five times, then once after each wait, and write the refusals down", async () => {
    const { id, change } = await createCaller();
    expect(await repeat(5, () => change("wrong"))).toEqual(wrong(5));
    expect(await change(password)).toBe("rate_limited 5");
    await clock.advance(5);
    expect(await change(password)).toBe("ok");
    expect(await eventsOf(id, "password_change_refused")).toHaveLength(5);
    expect((await eventsOf(id, "limit_reached")).map(({ detail }) => detail)).toEqual([]);
  });

  test("let a session guess ten times in a row, and then tell it to sign in again, which any other may go on without", async () => {
    const owner = await createCaller();
    const other = await openSession(owner);
    await waste(owner.show, 10);
    await clock.advance(2 * 24 * 60 * minute);
    expect(await owner.show(password)).toBe("invalid_credentials");
    const attempt = auth.reauthenticate(owner.caller, { password }, office);
    await expect(attempt).rejects.toThrow("sign in again, or set a new one with a code");
    expect(await other.show(password)).toBe("ok");
    expect((await eventsOf(owner.id, "limit_reached")).map(({ detail }) => detail)).toEqual([
      { limit: "change_password" },
    ]);
    expect(await (await openSession(owner)).change(password)).toBe("ok");
  });

  test("share the hundred wrong passwords in a row with sign-in, and leave devices that sign in what is theirs", {
    tags: ["long"],
  }, async () => {
    const owner = await createCaller();
    const sessions = [owner, await openSession(owner), await openSession(owner)];
    await guessFromEverywhere(owner, 80);
    for (const { show } of sessions) await waste(show, 10);
    expect(await owner.change(password)).toBe("invalid_credentials");
    const stolen = sessions[1]?.deviceMark;
    await repeat(10, () => guess(owner.username, elsewhere(), stolen));
    expect(await signIn(owner.username, elsewhere(), owner.deviceMark)).toBe("ok");
    expect(await (await openSession(owner)).change(password)).toBe("ok");
  });
});

describe("the other doors", () => {
  test("account.register takes thirty new accounts from one address, then one a minute", {
    tags: ["long"],
  }, async () => {
    const register = (time: number) =>
      outcomeOf(auth.register({ username: `fresh_${people}_${time}`, password: "a fine horse battery" }, office));
    expect(new Set(await repeat(30, register))).toEqual(new Set(["ok"]));
    expect(await register(30)).toBe("rate_limited 60");
    await clock.advance(60);
    expect(await register(31)).toBe("ok");
    expect(await register(32)).toBe("rate_limited 60");
  });

  test("password.reset takes ten codes for one name from one address, and a hundred from one address", {
    tags: ["long"],
  }, async () => {
    const { username } = await createPerson();
    const reset = (name: string) =>
      outcomeOf(auth.resetPassword({ username: name, code: "ABCDE-FGHJK-MNPQR-STVWX", newPassword: password }, office));
    expect(new Set(await repeat(10, () => reset(username)))).toEqual(new Set(["code_invalid"]));
    expect(await reset(username)).toBe("rate_limited 5");
    expect(new Set(await repeat(90, (time) => reset(`who_${time}`)))).toEqual(new Set(["code_invalid"]));
    expect(await reset("who_x")).toBe("rate_limited 6");
  });

  const makeUps = [
    ["token.refresh", "refresh_token_invalid", (by: Auth, text: string) => by.refresh(text, office)],
    ["token.verify", "ok", (by: Auth, text: string) => by.inspectToken(text, office)],
  ] as const;
  for (const { tags, cases } of shareOut(makeUps, 2))
    test.each(cases)(
      "%s slows an address that makes up tokens, and not the good tokens from there",
      { tags },
      async (_name, told, ask) => {
        const { username } = await createPerson();
        const { token, refreshToken } = await auth.signIn({ username, password }, elsewhere());
        const outcomes: string[] = [];
        for (let round = 0; round < 51; round += 1) {
          const forge = (number: number) => outcomeOf(ask(number % 2 ? auth : other, `made-up-${round}-${number}`));
          outcomes.push(...(await Promise.all(Array.from({ length: 20 }, (_, number) => forge(number)))));
        }
        expect(outcomes.filter((outcome) => outcome === told)).toHaveLength(limits.refresh_address.allowed);
        expect(outcomes.filter((outcome) => outcome === "rate_limited 1")).toHaveLength(20);
        expect(await outcomeOf(auth.refresh(refreshToken, office))).toBe("ok");
        expect(await auth.inspectToken(token, office)).toMatchObject({ active: true });
      },
    );
});

describe("the table of attempts", () => {
  test("tells nobody who tried, or from where", async () => {
    const { username, phoneNumber } = await createPerson();
    await guess(username, office);
    await guess(phoneNumber, office);
    const rows = await database.query<{ t: string }>("select t::text from latchkey.throttles t");
    expect(rows.length).toBeGreaterThan(4);
    for (const { t } of rows) expect(t).toMatch(/^\("\\\\x[0-9a-f]{64}",\d,"[-0-9 :.+]+",(?:"[-0-9 :.+]+")?\)$/);
  });

  test("is cleared of what is forgotten, and of nothing else", async () => {
    const { username } = await createPerson();
    await guess(username, office);
    await clock.advance(24 * 60 * minute);
    expect(await auth.purge()).toMatchObject({ throttles: 3 });
    expect(await database.query("select count, forgotten_at from latchkey.throttles")).toEqual([
      { count: 1, forgotten_at: null },
    ]);
  });

  test("being away keeps everybody out, guessers and owners alike", async () => {
    const { username } = await createPerson();
    await database.query("alter table latchkey.throttles rename to away");
    try {
      await expect(auth.signIn({ username, password }, office)).rejects.toThrow("throttles");
    } finally {
      await database.query("alter table latchkey.away rename to throttles");
    }
    expect(await signIn(username, office)).toBe("ok");
  });
});
