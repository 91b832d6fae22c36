import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPhoneWorld, day, type PhoneWorld, password, ticketOf } from "./phone-world.ts";

// Who has a number is who reads its messages. What is called a takeover: the intruder gets in, or the owner does not by the way that is stated.

let world: PhoneWorld;
beforeAll(async () => {
  world = await createPhoneWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const newPassword = "a better horse battery";
const someoneIn = { in: expect.any(String) };

describe("a number that the carrier gave to somebody else", () => {
  test("never opens the account of the person before, which has a password", async () => {
    const owner = await world.createAccount({ days: 46 });
    expect(await world.signInByCode(owner.number)).toBe("no message");
    expect(await world.resetByCode(owner.number, newPassword)).toBe("no message");
    expect(await world.enter(owner.number)).toMatchObject({ next: "another_way" });
    expect(await world.signIn(owner.username)).toEqual({ in: owner.id });
  });

  test("becomes the new person's for an account of their own, and the old account stays its owner's", async () => {
    const owner = await world.createAccount({ days: 46 });
    const ticket = ticketOf(await world.enter(owner.number));
    const heir = await world.register({ ticket, isNotMine: true });
    expect(heir).toEqual(someoneIn);
    expect(heir).not.toEqual({ in: owner.id });
    expect(await world.enter(owner.number)).toEqual(heir);
    expect(await world.signIn(owner.username)).toEqual({ in: owner.id });
    expect(await world.signIn(owner.number)).toBe("invalid_credentials");
  });

  test("stays with whoever lost it by mistake: their password and the code prove it", async () => {
    const owner = await world.createAccount({ days: 200 });
    const ticket = ticketOf(await world.enter(owner.number));
    expect(await world.signIn(owner.number, password, { ticket })).toEqual({ in: owner.id });
    expect(await world.enter(owner.number)).toEqual({ in: owner.id });
  });

  test("opens an account that had nothing else, within half a year of its last use: as the docs say", async () => {
    const owner = await world.createAccount({ days: 100, hasPassword: false, username: null });
    expect(await world.enter(owner.number)).toEqual({ in: owner.id });
  });

  test("does not open even that one later; it is parked, and a name and a code of an administrator bring it back", async () => {
    const owner = await world.createAccount({ days: 181, hasPassword: false, username: null });
    const ticket = ticketOf(await world.enter(owner.number));
    expect(await world.register({ ticket, isNotMine: true })).toEqual(someoneIn);
    expect(await world.readAccount(owner.id)).toMatchObject({ parked_at: expect.any(Date) });

    const { auth, facts, test: core } = world;
    await auth.createUser({ username: "boss", password, isSuperuser: true });
    const { token } = await auth.signIn({ username: "boss", password }, facts());
    const admin = { ...(await auth.authenticate([`Bearer ${token}`])), facts: core.facts };
    await auth.users.update(admin, owner.id, { username: "owner_again" });
    const { setPasswordCode: code } = await auth.users.createPasswordCode(admin, owner.id);
    await auth.resetPassword({ username: "owner_again", code, newPassword }, facts());
    expect(await world.signIn("owner_again", newPassword)).toEqual({ in: owner.id });
  });

  test("of a disabled account is kept for it as long as it is trusted, and moves after that", async () => {
    const [fresh, old] = [await world.createAccount({ days: 5 }), await world.createAccount({ days: 41 })];
    for (const { id } of [fresh, old])
      await world.test.database.query("update latchkey.users set is_active = false where id = $1", [id]);
    for (const { number } of [fresh, old]) expect(await world.signInByCode(number)).toBe("no message");
    const kept = { ticket: ticketOf(await world.enter(fresh.number)), isNotMine: true };
    expect(await world.register(kept)).toBe("identifier_taken");
    const freed = { ticket: ticketOf(await world.enter(old.number)), isNotMine: true };
    expect(await world.register(freed)).toEqual(someoneIn);
  });

  test("is no way to a new account where registration is closed, nor out of the old one", {
    tags: ["long"],
  }, async () => {
    await using closed = await createPhoneWorld({ registration: "closed" });
    const owner = await closed.createAccount({ days: 46 });
    const ticket = ticketOf(await closed.enter(owner.number));
    expect(await closed.register({ ticket, isNotMine: true })).toBe("registration_closed");
    expect(await closed.enter(closed.freshNumber())).toBe("no message");
    expect(await closed.signIn(owner.number, password, { ticket })).toEqual({ in: owner.id });
  });
});

describe("a SIM that somebody had moved to their own phone", () => {
  test("opens no account that holds rights, resets none, and takes its number from none", async () => {
    const owner = await world.createAccount({ isStaff: true });
    expect(await world.signInByCode(owner.number)).toBe("no message");
    expect(await world.resetByCode(owner.number, newPassword)).toBe("no message");
    const ticket = ticketOf(await world.enter(owner.number));
    expect(await world.register({ ticket, isNotMine: true })).toBe("identifier_taken");
    expect(await world.signIn(owner.username)).toEqual({ in: owner.id });
  });

  test("opens a session that may change nothing that asks for a password", async () => {
    const owner = await world.createAccount();
    const { auth, facts } = world;
    const { challenge } = await auth.startCode({ purpose: "sign_in", to: owner.number }, facts());
    expect(challenge).toHaveLength(22);
    expect(await world.signInByCode(owner.number)).toEqual({ in: owner.id });
    const [session] = await world.test.database.query<{ id: string }>(
      "select id from latchkey.sessions where user_id = $1",
      [owner.id],
    );
    const user = (await auth.users.get(owner.id)).user;
    const caller = { user, session: { ...session, userId: owner.id } } as Parameters<
      typeof auth.requireRecentAuthentication
    >[0];
    await expect(auth.requireRecentAuthentication(caller, 600)).rejects.toMatchObject({
      code: "reauthentication_required",
    });
  });

  test("that comes back to its owner puts the intruder out by a new password, with every session and every code", async () => {
    const owner = await world.createAccount();
    expect(await world.resetByCode(owner.number, "the intruder's own")).toBe("reset");
    const { token } = await world.auth.signIn(
      { username: owner.username, password: "the intruder's own" },
      world.facts(),
    );
    expect(await world.resetByCode(owner.number, newPassword)).toBe("reset");
    expect(await world.isAlive(token)).toBe(false);
    expect(await world.signIn(owner.username, "the intruder's own")).toBe("invalid_credentials");
    expect(await world.signIn(owner.username, newPassword)).toEqual({ in: owner.id });
  });
});

describe("a device that somebody else has", () => {
  test("of an ex-partner, without the number, opens nothing", async () => {
    const owner = await world.createAccount();
    const { deviceMark } = await world.auth.signIn({ username: owner.username, password }, world.facts());
    const { challenge } = await world.auth.startCode(
      { purpose: "sign_in", to: owner.number, deviceMark },
      world.facts(),
    );
    const guess = world.auth.signInByCode({ challenge, code: "123456", deviceMark }, world.facts());
    await expect(guess).rejects.toMatchObject({ code: "code_invalid" });
    expect(await world.signIn(owner.username, "a guess", { deviceMark })).toBe("invalid_credentials");
  });

  test("that was stolen with its SIM opens no account that holds rights", async () => {
    const owner = await world.createAccount({ isStaff: true, days: 1 });
    const { deviceMark } = await world.auth.signIn({ username: owner.username, password }, world.facts());
    expect(await world.signInByCode(owner.number, { deviceMark })).toBe("no message");
    expect(await world.resetByCode(owner.number, newPassword, { deviceMark })).toBe("no message");
    expect(await world.enter(owner.number, { deviceMark })).toMatchObject({ next: "another_way" });
  });

  test("that was lost is put out from any other, and a password and a new SIM go on", async () => {
    const owner = await world.createAccount();
    const lost = await world.auth.signIn({ username: owner.username, password }, world.facts());
    const here = await world.auth.signIn({ username: owner.username, password }, world.facts());
    const caller = await world.auth.authenticate([`Bearer ${here.token}`]);
    await world.auth.revokeOtherSessions(caller, world.facts());
    expect(await world.isAlive(lost.token)).toBe(false);
    expect(await world.signInByCode(owner.number)).toEqual({ in: owner.id });
  });

  test("of another account shows nothing for this one", async () => {
    const [owner, other] = [await world.createAccount({ days: 50 }), await world.createAccount()];
    const { deviceMark } = await world.auth.signIn({ username: other.username, password }, world.facts());
    expect(await world.enter(owner.number, { deviceMark })).toMatchObject({ next: "another_way" });
  });
});

describe("people who share or miss a phone", () => {
  test("of one family phone: its codes open one account, and the others have a name and a password", async () => {
    const parent = await world.createAccount();
    const child = await world.register({ username: "child_of_family", password, phoneNumber: parent.number });
    expect(child).toEqual(someoneIn);
    expect(await world.enter(parent.number)).toEqual({ in: parent.id });
    expect(await world.signIn(parent.number)).toEqual({ in: parent.id });
    expect(await world.signIn("child_of_family")).toEqual(child);
  });

  test("abroad without the SIM sign in by password, and their session goes on", { tags: ["long"] }, async () => {
    const owner = await world.createAccount();
    expect(await world.signIn(owner.number)).toEqual({ in: owner.id });
    expect(await world.signIn(owner.username)).toEqual({ in: owner.id });
  });

  test("abroad with nothing but the number come back by a code of an administrator", async () => {
    const owner = await world.createAccount({ hasPassword: false, username: null });
    const { setPasswordCode: code } = await world.auth.operator.createPasswordCode(owner.number);
    await world.auth.resetPassword({ username: owner.number, code, newPassword }, world.facts());
    expect(await world.signIn(owner.number, newPassword)).toEqual({ in: owner.id });
  });

  test("who come back after half a year with the same number are asked for their password, and that is enough", {
    tags: ["long"],
  }, async () => {
    const owner = await world.createAccount({ days: 180 });
    const ticket = ticketOf(await world.enter(owner.number));
    expect(await world.signIn(owner.number, password, { ticket })).toEqual({ in: owner.id });
  });

  test("who come back on their own device need nothing but the code", async () => {
    const owner = await world.createAccount({ days: 60 });
    const { deviceMark } = await world.auth.signIn({ username: owner.username, password }, world.facts());
    expect(await world.signInByCode(owner.number, { deviceMark })).toEqual({ in: owner.id });
    expect(await world.signInByCode(owner.number)).toEqual({ in: owner.id });
  });

  test("who register the same free number at once make one account", async () => {
    const number = world.freshNumber();
    const tickets = [ticketOf(await world.enter(number)), ticketOf(await world.enter(number))];
    const outcomes = await Promise.all(tickets.map((ticket) => world.register({ ticket })));
    expect(outcomes.filter((outcome) => typeof outcome !== "string")).toHaveLength(1);
    expect(outcomes).toContain("identifier_taken");
  });
});

describe("an administrator who borrows a number", () => {
  test("opens nothing by it that has a password, and resets nothing", async () => {
    const owner = await world.createAccount({ days: null });
    const borrowed = world.freshNumber();
    await world.auth.operator.update(owner.username, { phoneNumber: borrowed });
    expect(await world.signInByCode(borrowed)).toBe("no message");
    expect(await world.resetByCode(borrowed, newPassword)).toBe("no message");
    const outcome = await world.enter(borrowed);
    expect(outcome).toMatchObject({ next: "another_way" });
    expect(await world.signIn(owner.username)).toEqual({ in: owner.id });
  });

  test("and the number of a proved one is a number that was not proved", { tags: ["long"] }, async () => {
    const owner = await world.createAccount({ days: 1 });
    const borrowed = world.freshNumber();
    await world.auth.operator.update(owner.username, { phoneNumber: borrowed });
    expect(await world.readAccount(owner.id)).toMatchObject({ phone_proved_at: null });
    expect(await world.signInByCode(borrowed)).toBe("no message");
  });

  test("vouches for an account that has nothing else for a week, once", async () => {
    const [first, late] = [
      await world.createAccount({ hasPassword: false }),
      await world.createAccount({ hasPassword: false }),
    ];
    const vouch = `update latchkey.users set phone_proved_at = null,
      phone_vouched_at = latchkey.now() - make_interval(days => $2) where id = $1`;
    await world.test.database.query(vouch, [first.id, 6]);
    await world.test.database.query(vouch, [late.id, 7]);
    expect(await world.signInByCode(first.number)).toEqual({ in: first.id });
    expect(await world.signInByCode(late.number)).toBe("no message");
  });
});

describe("a number that nobody proved", () => {
  test("typed at a registration neither signs in nor keeps its owner from it", async () => {
    const number = world.freshNumber();
    await world.register({ username: "typed_a_number", password, phoneNumber: number });
    expect(await world.signIn(number)).toBe("invalid_credentials");
    const ticket = ticketOf(await world.enter(number));
    expect(await world.register({ ticket })).toEqual(someoneIn);
  });

  test("claimed by an import opens nothing by code, is proved with the password, and gives way to who proves it", async () => {
    const [stays, leaves] = [await world.createAccount({ days: null }), await world.createAccount({ days: null })];
    expect(await world.signInByCode(stays.number)).toBe("no message");
    const own = ticketOf(await world.enter(stays.number));
    expect(await world.signIn(stays.number, password, { ticket: own })).toEqual({ in: stays.id });
    expect(await world.signInByCode(stays.number)).toEqual({ in: stays.id });
    const ticket = ticketOf(await world.enter(leaves.number));
    expect(await world.register({ ticket, isNotMine: true })).toEqual(someoneIn);
    expect(await world.signIn(leaves.username)).toEqual({ in: leaves.id });
  });
});

describe("strangers", () => {
  test("who try wrong codes and passwords by the hundred keep nobody out, on their device or on a new one", {
    tags: ["long"],
  }, async () => {
    const owner = await world.createAccount();
    const { deviceMark } = await world.auth.signIn({ username: owner.username, password }, world.facts());
    for (let challenges = 0; challenges < 12; challenges += 1) {
      const started = await world.auth.startCode({ purpose: "sign_in", to: owner.number }, world.facts());
      for (let guess = 0; guess < 5; guess += 1)
        await world.auth
          .signInByCode({ challenge: started.challenge, code: String(100_000 + guess) }, world.facts())
          .catch(() => {});
    }
    for (let guess = 0; guess < 100; guess += 1) await world.signIn(owner.username, `guess ${guess}`);
    expect(await world.signInByCode(owner.number)).toEqual({ in: owner.id });
    expect(await world.signInByCode(owner.number, { deviceMark })).toEqual({ in: owner.id });
  });

  test("who use up the messages of a number leave those of its owner's device", async () => {
    await using strict = await createPhoneWorld({
      messages: {
        isEnforced: true,
        countries: ["TR"],
        limits: { countryPerHour: 1_000, prefixPerHour: 1_000, countryPerDay: 1_000 },
      },
    });
    const owner = await strict.createAccount();
    const { deviceMark } = await strict.auth.signIn({ username: owner.username, password }, strict.facts());
    const ask = () =>
      strict.auth.startCode({ purpose: "sign_in", to: owner.number }, strict.facts()).then(
        () => "asked",
        ({ code }: { code: string }) => code,
      );
    const outcomes: string[] = [];
    for (let asked = 0; asked < 12; asked += 1) outcomes.push(await ask());
    expect(outcomes.slice(-2)).toEqual(["rate_limited", "rate_limited"]);
    expect(await strict.signInByCode(owner.number, { deviceMark })).toEqual({ in: owner.id });
  });

  test("who type many numbers like somebody's from one address keep them from no message", {
    tags: ["long"],
  }, async () => {
    await using strict = await createPhoneWorld({ messages: { isEnforced: true, countries: ["TR"] } });
    const owner = await strict.createAccount();
    const from = strict.facts();
    const like = (nth: number) => `${owner.number.slice(0, -4)}${String(9_999 - nth)}`;
    for (let hour = 0; hour < 3; hour += 1) {
      for (let nth = 0; nth < 8; nth += 1)
        await strict.auth.startReset({ username: like(hour * 10 + nth) }, from).catch(() => {});
      await strict.wait(3_600);
    }
    expect(await strict.signInByCode(owner.number)).toEqual({ in: owner.id });
  });

  test("who hold somebody's ticket cannot use it twice, later, or for another number", async () => {
    const [owner, other] = [await world.createAccount({ days: 50 }), await world.createAccount({ days: 50 })];
    const ticket = ticketOf(await world.enter(owner.number));
    expect(await world.register({ ticket, isNotMine: true, phoneNumber: other.number })).toBe("invalid_input");
    expect(await world.register({ ticket, isNotMine: true })).toEqual(someoneIn);
    expect(await world.register({ ticket, isNotMine: true })).toBe("code_invalid");
    const late = ticketOf(await world.enter(other.number));
    await world.test.clock.advance(901);
    expect(await world.register({ ticket: late, isNotMine: true })).toBe("code_invalid");
  });

  test("who ask in the name of another cost them no message that they did not ask for, beyond their number's own limits", {
    tags: ["long"],
  }, async () => {
    const owner = await world.createAccount({ username: "asked_for_by_others" });
    await world.auth.startReset({ username: owner.username }, world.facts());
    await world.auth.sendDueMessages();
    expect(world.countMessages(owner.number)).toBeLessThanOrEqual(1);
  });
});

test("rights are for whoever has a password, and from then on no code alone opens the account", async () => {
  const owner = await world.createAccount({ hasPassword: false });
  expect(await world.signInByCode(owner.number)).toEqual({ in: owner.id });
  const grant = () => world.auth.operator.grant(owner.username, { permission: "auth.view_user" });
  await expect(grant()).rejects.toMatchObject({ code: "permission_denied" });
  const staff = world.auth.operator.update(owner.username, { isStaff: true });
  await expect(staff).rejects.toMatchObject({ code: "permission_denied" });
  const { setPasswordCode: code } = await world.auth.operator.createPasswordCode(owner.username);
  await grant();
  expect(await world.signInByCode(owner.number)).toBe("no message");
  await world.auth.resetPassword({ username: owner.username, code, newPassword }, world.facts());
  expect(await world.signIn(owner.username, newPassword)).toEqual({ in: owner.id });
});

test("rights end the sessions of their owner that a code alone has opened, and no other, whoever gives them and how", async () => {
  const owner = await world.createAccount({ days: 0 });
  const [byCode, shown] = [await world.open({ number: owner.number }), await world.open({ number: owner.number })];
  const byPassword = await world.open(owner);
  expect(await world.reauthenticate(shown)).toBe("shown");
  const alive = () => Promise.all([byCode, shown, byPassword].map(({ token }) => world.isAlive(token)));
  expect(await alive()).toEqual([true, true, true]);
  await world.auth.operator.createGroup({ name: "Teachers", permissions: [] });
  await world.auth.operator.grant(owner.username, { group: "Teachers" });
  expect(await alive()).toEqual([true, true, true]);
  await world.auth.operator.updateGroup("Teachers", { permissions: ["auth.view_user"] });
  expect(await alive()).toEqual([false, true, true]);
  expect([await world.goesOn(byCode), await world.goesOn(byPassword)]).toEqual([false, true]);
  await world.auth.operator.updateGroup("Teachers", { permissions: [] });
  await world.auth.operator.update(owner.username, { isStaff: true });
  expect(await alive()).toEqual([false, true, true]);
});

test("a number keeps its trust for as long as it is proved again, and an account of a number alone for as long as it is used", async () => {
  const [withPassword, alone] = [
    await world.createAccount({ days: 0 }),
    await world.createAccount({ days: 0, hasPassword: false }),
  ];
  await world.test.clock.advance(39 * day);
  expect(await world.signInByCode(withPassword.number)).toEqual({ in: withPassword.id });
  await world.test.clock.advance(39 * day);
  expect(await world.signInByCode(withPassword.number)).toEqual({ in: withPassword.id });
  await world.test.clock.advance(100 * day);
  expect(await world.signInByCode(withPassword.number)).toBe("no message");
  expect(await world.signInByCode(alone.number)).toEqual({ in: alone.id });
});
