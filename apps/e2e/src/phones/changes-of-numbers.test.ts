import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPhoneWorld, day, type Opened, type PhoneWorld, password, ticketOf } from "./phone-world.ts";

// People, and those who would like to be them, change the number of an account. A takeover is: after every wait, and after the owner's stated
// way back, the intruder still gets in, or the owner does not.

let world: PhoneWorld;
beforeAll(async () => {
  world = await createPhoneWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const newPassword = "a better horse battery";
const hour = 3_600;
const [threeDays, sevenDays] = [72 * hour + hour, 7 * day + hour];

const numberOf = async (id: string) => (await world.readAccount(id))?.phone_number;
const endOthers = async (session: Opened) =>
  world.auth.revokeOtherSessions(await world.callerOf(session), world.facts());
const stopByDevice = (username: string, { deviceMark }: Opened) =>
  world.auth.stopPendingChanges({ username, deviceMark }, world.facts());

describe("a number that the carrier gave to somebody else", () => {
  test("goes to the account that its new owner has already, and the old one keeps its sessions and its password", async () => {
    const [owner, heir] = [await world.createAccount({ days: 46 }), await world.createAccount({ days: null })];
    const [owners, heirs] = [await world.open(owner), await world.open(heir)];
    expect(await world.take(heirs, owner.number)).toBe("identifier_taken");
    expect(await world.take(heirs, owner.number, { isNotMine: true })).toBe("open_by_phone");
    expect(await numberOf(heir.id)).toBe(owner.number);
    expect(await world.goesOn(owners)).toBe(true);
    expect(await world.signIn(owner.username)).toEqual({ in: owner.id });
    await world.wait(threeDays);
    expect(await world.enter(owner.number)).toEqual({ in: heir.id });
  });

  test("within its trust stays, whoever proves it and whatever they say", async () => {
    const [owner, heir] = [await world.createAccount({ days: 39 }), await world.createAccount({ days: null })];
    expect(await world.take(await world.open(heir), owner.number, { isNotMine: true })).toBe("identifier_taken");
    expect(await world.enter(owner.number)).toEqual({ in: owner.id });
  });

  test("was all that named an account: from a session of it a new number is added with the password, and opens it", async () => {
    const owner = await world.createAccount({ days: 46, username: null });
    const session = await world.open(owner);
    const ticket = ticketOf(await world.enter(owner.number));
    expect(await world.register({ ticket, isNotMine: true })).toEqual({ in: expect.any(String) });
    expect(await world.goesOn(session)).toBe(true);
    await world.test.clock.advance(hour);
    const number = world.freshNumber();
    expect(await world.take(session, number)).toBe("reauthentication_required");
    expect(await world.reauthenticate(session)).toBe("shown");
    expect(await world.take(session, number)).toBe("open_by_phone");
    expect(await world.signIn(number)).toEqual({ in: owner.id });
    await world.wait(threeDays);
    expect(await world.enter(number)).toEqual({ in: owner.id });
  });

  test("is kept by whoever still has it and is asked in time: a proof within the session, without the password", async () => {
    const owner = await world.createAccount({ days: 31 });
    const session = await world.open(owner);
    await world.test.clock.advance(hour);
    expect((await world.callerOf(session)).isPhoneProofDue).toBe(true);
    expect(await world.take(session, owner.number)).toBe("done");
    expect((await world.callerOf(session)).isPhoneProofDue).toBe(false);
    await world.test.clock.advance(20 * day);
    expect(await world.enter(owner.number)).toEqual({ in: owner.id });
  });
});

describe("a SIM that somebody had moved to their own phone", () => {
  test("signs in beside a password, and changes or takes away nothing", async () => {
    const owner = await world.createAccount();
    const thief = await world.open({ number: owner.number });
    expect(await world.take(thief, world.freshNumber())).toBe("reauthentication_required");
    expect(await world.drop(thief)).toBe("reauthentication_required");
    expect(await world.reauthenticate(thief, "a guess")).toBe("invalid_credentials");
  });

  test("sets a password, and what that password changes waits, until the number is its owner's again", async () => {
    const owner = await world.createAccount();
    await world.open(owner);
    expect(await world.resetByCode(owner.number, "the intruder's own")).toBe("reset");
    const thief = await world.open({ username: owner.username, typed: "the intruder's own" });
    expect(await world.take(thief, owner.number)).toBe("done");
    expect(await world.take(thief, world.freshNumber())).toBe("set_phone");
    expect(await world.drop(thief)).toBe("remove_phone");
    await world.wait(2 * day);
    expect(await world.resetByCode(owner.number, newPassword)).toBe("reset");
    await world.wait(threeDays);
    expect(await world.goesOn(thief)).toBe(false);
    expect(await numberOf(owner.id)).toBe(owner.number);
    expect(await world.signIn(owner.username, newPassword)).toEqual({ in: owner.id });
    expect(await world.signIn(owner.username, "the intruder's own")).toBe("invalid_credentials");
  });

  test("is held off by a device that its owner used before, though all its sessions were ended", async () => {
    const owner = await world.createAccount();
    const owners = await world.open(owner);
    expect(await world.resetByCode(owner.number, "the intruder's own")).toBe("reset");
    const thief = await world.open({ username: owner.username, typed: "the intruder's own" });
    expect(await world.take(thief, world.freshNumber())).toBe("set_phone");
    await stopByDevice(owner.username, owners);
    expect(await world.listPending(thief)).toEqual([]);
    await world.wait(threeDays);
    expect(await numberOf(owner.id)).toBe(owner.number);
  });

  test("of an account that has nothing else opens it, as the docs say, and its owner's session stops what it changes", async () => {
    const owner = await world.createAccount({ hasPassword: false, username: null });
    const owners = await world.open({ number: owner.number });
    const thief = await world.open({ number: owner.number });
    expect(await world.take(thief, world.freshNumber())).toBe("set_phone");
    const [change] = await world.listPending(owners);
    const caller = await world.callerOf(owners);
    await world.auth.stopPendingChange(caller, change?.id ?? "", world.facts());
    await world.wait(threeDays);
    expect(await numberOf(owner.id)).toBe(owner.number);
    expect(await world.enter(owner.number)).toEqual({ in: owner.id });
  });
});

describe("a phone that was stolen", () => {
  test("unlocked, with its SIM: what it changed goes with its session, once its owner has a new SIM and ends the others", async () => {
    const owner = await world.createAccount({ hasPassword: false, username: null });
    const stolen = await world.open({ number: owner.number });
    expect(await world.take(stolen, world.freshNumber())).toBe("set_phone");
    await world.wait(2 * day);
    const here = await world.open({ number: owner.number });
    await endOthers(here);
    await world.wait(threeDays);
    expect(await world.goesOn(stolen)).toBe(false);
    expect(await numberOf(owner.id)).toBe(owner.number);
    expect(await world.enter(owner.number)).toEqual({ in: owner.id });
  });

  test("without its SIM: another number waits a week, which is time for its owner to come back by the old one", async () => {
    const owner = await world.createAccount({ hasPassword: false, username: null });
    const stolen = await world.open({ number: owner.number });
    await world.test.clock.advance(8 * day);
    expect(await world.take(stolen, world.freshNumber())).toBe("set_phone");
    await world.wait(6 * day);
    await endOthers(await world.open({ number: owner.number }));
    await world.wait(2 * day);
    expect(await numberOf(owner.id)).toBe(owner.number);
  });

  test("with a password that its thief has read on it: the number stays the way back, for three days and with a reset for good", async () => {
    const owner = await world.createAccount();
    const stolen = await world.open(owner);
    expect(await world.take(stolen, world.freshNumber())).toBe("set_phone");
    expect(await world.drop(stolen)).toBe("remove_phone");
    const caller = await world.callerOf(stolen);
    const change = { currentPassword: password, newPassword: "the intruder's own" };
    await world.auth.changePassword(caller, change, world.facts());
    expect(await world.resetByCode(owner.number, newPassword)).toBe("reset");
    await world.wait(threeDays);
    expect(await numberOf(owner.id)).toBe(owner.number);
    expect(await world.signIn(owner.username, "the intruder's own")).toBe("invalid_credentials");
    expect(await world.signIn(owner.number, newPassword)).toEqual({ in: owner.id });
  });

  test("with a password, of an account without a number: the thief's own does not survive its owner's new password", async () => {
    const owner = await world.createAccount({ days: null });
    await world.test.database.query("update latchkey.users set phone_number = null where id = $1", [owner.id]);
    const [thief, owners] = [await world.open(owner), await world.open(owner)];
    const number = world.freshNumber();
    expect(await world.take(thief, number)).toBe("open_by_phone");
    const caller = await world.callerOf(owners);
    await world.auth.changePassword(caller, { currentPassword: password, newPassword }, world.facts());
    await world.wait(threeDays);
    expect(await world.enter(number)).toMatchObject({ next: "another_way" });
    expect(await world.resetByCode(number, "the intruder's own")).toBe("no message");
    expect(await world.goesOn(thief)).toBe(false);
  });
});

describe("a device that an ex-partner has", () => {
  test("stops what waits, changes nothing by itself, and is of no use to what needs no wait", async () => {
    const owner = await world.createAccount();
    const [ex, session] = [await world.open(owner), await world.open(owner)];
    await endOthers(session);
    expect(await world.take(session, world.freshNumber())).toBe("set_phone");
    await stopByDevice(owner.username, ex);
    expect(await world.listPending(session)).toEqual([]);
    const number = world.freshNumber();
    expect(await world.take(session, owner.number)).toBe("done");
    expect(await world.take(session, number)).toBe("open_by_phone");
    expect(await numberOf(owner.id)).toBe(number);
    expect(await world.signIn(owner.username, "a guess", ex)).toBe("invalid_credentials");
  });

  test("with an open session that its owner ends takes its change with it", { tags: ["long"] }, async () => {
    const owner = await world.createAccount();
    const [ex, session] = [await world.open(owner), await world.open(owner)];
    expect(await world.take(ex, world.freshNumber())).toBe("set_phone");
    await endOthers(session);
    await world.wait(threeDays);
    expect(await numberOf(owner.id)).toBe(owner.number);
  });
});

describe("people who share or miss a phone", () => {
  test("of one family phone: the number stays with the account that proved it, and the child is told after the proof alone", async () => {
    const [parent, child] = [await world.createAccount(), await world.createAccount({ days: null })];
    const session = await world.open(child);
    expect(await world.take(session, parent.number)).toBe("identifier_taken");
    expect(await world.take(session, parent.number, { isNotMine: true })).toBe("identifier_taken");
    expect(await world.enter(parent.number)).toEqual({ in: parent.id });
  });

  test("hand a number over within the family: the one takes it away with its code, and the other has it then", async () => {
    const [parent, child] = [await world.createAccount(), await world.createAccount({ days: null })];
    const [parents, childs] = [await world.open(parent), await world.open(child)];
    expect(await world.take(parents, parent.number)).toBe("done");
    expect(await world.drop(parents)).toBe("done");
    expect(await world.take(childs, parent.number)).toBe("open_by_phone");
    expect(await world.signIn(parent.username)).toEqual({ in: parent.id });
  });

  test("abroad without the SIM get a number of that country after three days, and sign in by password until then", async () => {
    const owner = await world.createAccount();
    const session = await world.open(owner);
    const number = world.freshNumber();
    expect(await world.take(session, number)).toBe("set_phone");
    expect(await world.signIn(owner.number)).toEqual({ in: owner.id });
    await world.wait(threeDays);
    expect(await world.enter(number)).toEqual({ in: owner.id });
    expect(await world.goesOn(session)).toBe(true);
  });

  test("abroad with nothing but an old session get one after a week, and with a young one are told to wait for it", async () => {
    const owner = await world.createAccount({ hasPassword: false, username: null });
    const session = await world.open({ number: owner.number });
    await world.test.clock.advance(hour);
    const number = world.freshNumber();
    expect(await world.take(session, number)).toBe("reauthentication_required");
    await world.test.clock.advance(sevenDays);
    expect(await world.take(session, number)).toBe("set_phone");
    await world.wait(sevenDays);
    expect(await world.enter(number)).toEqual({ in: owner.id });
  });

  test("who changed the phone and have both SIMs wait for nothing but the new number's codes", {
    tags: ["long"],
  }, async () => {
    const owner = await world.createAccount();
    const session = await world.open(owner);
    const number = world.freshNumber();
    expect(await world.take(session, owner.number)).toBe("done");
    expect(await world.take(session, number)).toBe("open_by_phone");
    expect(await world.signIn(number)).toEqual({ in: owner.id });
    await world.wait(threeDays);
    expect(await world.enter(number)).toEqual({ in: owner.id });
  });

  test("do not lock themselves out: the last way in is not taken away", async () => {
    const owner = await world.createAccount({ hasPassword: false });
    expect(await world.drop(await world.open({ number: owner.number }))).toBe("invalid_input");
    expect(await world.enter(owner.number)).toEqual({ in: owner.id });
  });
});

describe("an administrator who borrows a number", () => {
  test("has lost it again once the owner gives the account their own, at once, since the borrowed one leads nobody back", async () => {
    const owner = await world.createAccount();
    const session = await world.open(owner);
    const borrowed = world.freshNumber();
    await world.auth.operator.update(owner.username, { phoneNumber: borrowed });
    expect(await world.take(session, owner.number)).toBe("open_by_phone");
    expect(await numberOf(owner.id)).toBe(owner.number);
    expect(await world.enter(borrowed)).toMatchObject({ next: "register" });
  });

  test("proves it in no session of the owner's without the password", async () => {
    const owner = await world.createAccount();
    const session = await world.open(owner);
    const borrowed = world.freshNumber();
    await world.auth.operator.update(owner.username, { phoneNumber: borrowed });
    await world.test.clock.advance(hour);
    expect(await world.take(session, borrowed)).toBe("reauthentication_required");
    expect(await world.resetByCode(borrowed, newPassword)).toBe("no message");
  });

  test("who is staff without a password is nobody's: rights are not given to what only a code opens", {
    tags: ["long"],
  }, async () => {
    const owner = await world.createAccount({ hasPassword: false });
    const giving = world.auth.operator.update(owner.username, { isStaff: true });
    await expect(giving).rejects.toMatchObject({ code: "permission_denied" });
  });
});

describe("strangers", () => {
  test("who are signed in learn of no number whether somebody has it, without its messages", async () => {
    const [owner, stranger] = [await world.createAccount(), await world.createAccount({ days: null })];
    const caller = await world.callerOf(await world.open(stranger));
    const ask = (to: string) => world.auth.startOwnName(caller, { kind: "phone", to }, world.facts());
    const [taken, free] = [await ask(owner.number), await ask(world.freshNumber())];
    const shape = (answer: object) => Object.entries(answer).map(([name, value]) => [name, typeof value]);
    expect(shape(taken)).toEqual(shape(free));
    expect([taken.channel, taken.digits]).toEqual([free.channel, free.digits]);
    for (const { challenge } of [taken, free]) {
      const guess = world.auth.confirmOwnName(caller, { kind: "phone", challenge, code: "123456" }, world.facts());
      await expect(guess).rejects.toMatchObject({ code: "code_invalid" });
    }
  });

  for (const { tags, cases } of shareOut([2, 5], 2))
    test.each(cases)(
      "who guess at %i codes of a number in their own sessions keep its owner from nothing",
      { tags },
      async (codes) => {
        const [owner, stranger] = [await world.createAccount(), await world.createAccount({ days: null })];
        const caller = await world.callerOf(await world.open(stranger));
        for (let challenges = 0; challenges < codes; challenges += 1) {
          const asked = { kind: "phone", to: owner.number } as const;
          const { challenge } = await world.auth.startOwnName(caller, asked, world.facts());
          for (let guess = 0; guess < 5; guess += 1)
            await world.auth
              .confirmOwnName(caller, { kind: "phone", challenge, code: String(100_000 + guess) }, world.facts())
              .catch(() => {});
        }
        expect(await world.take(await world.open(owner), owner.number)).toBe("done");
        expect(await world.enter(owner.number)).toEqual({ in: owner.id });
      },
    );

  test("who ask by many names to have changes stopped stop none, and are told nothing", async () => {
    const owner = await world.createAccount();
    const session = await world.open(owner);
    const strangers = await world.open(await world.createAccount());
    expect(await world.take(session, world.freshNumber())).toBe("set_phone");
    for (const name of [owner.username, owner.number, "nobody_at_all"])
      expect(await stopByDevice(name, strangers)).toBeUndefined();
    expect(await world.listPending(session)).toHaveLength(1);
  });
});
