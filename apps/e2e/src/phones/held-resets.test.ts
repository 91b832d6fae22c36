import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Account,
  createPhoneWorld,
  type Device,
  day,
  type Opened,
  type PhoneWorld,
  password,
} from "./phone-world.ts";

// A code has reset a password, and somebody who knows the one before holds that. The same evidence is an owner's against a stolen SIM, and an
// ex-partner's against an owner: the first must get their account back, and the second must not keep its owner from it.

let world: PhoneWorld;
beforeAll(async () => {
  world = await createPhoneWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const [thiefs, ownersNext] = ["the intruder's own", "a better horse battery"];
const hour = 3_600;

const numberOf = async (id: string) => (await world.readAccount(id))?.phone_number;

function hold({ username }: Account, { deviceMark }: Partial<Device>, typed = password, release?: boolean) {
  const input = { username, password: typed, deviceMark, ...(release !== undefined && { release }) };
  return world.auth.holdReset(input, world.facts()).then(
    ({ heldUntil }) => (heldUntil ? "held" : "released"),
    (error: { code?: string }) => error.code,
  );
}

/** Seconds until a hold ends. */
async function secondsHeld(owner: Account, device: Device): Promise<number> {
  const { heldUntil } = await world.auth.holdReset({ ...device, username: owner.username, password }, world.facts());
  const [{ now } = { now: new Date(0) }] = await world.test.database.query<{ now: Date }>(
    "select latchkey.now() as now",
  );
  return ((heldUntil?.getTime() ?? 0) - now.getTime()) / 1000;
}

/** Somebody with the SIM resets the password and signs in. */
async function resetAndOpen(owner: Account, typed: string): Promise<Opened> {
  expect(await world.resetByCode(owner.number, typed)).toBe("reset");
  return world.open({ username: owner.username, typed });
}

describe("a thief with the SIM, whose reset is held by its owner", () => {
  test("changes no name, gets no recovery code and no second factor until the number is its owner's again, who then has all back", async () => {
    const owner = await world.createAccount();
    const laptop = await world.open(owner);
    const thief = await resetAndOpen(owner, thiefs);
    expect(await world.take(thief, world.freshNumber())).toBe("set_phone");
    expect(await hold(owner, laptop)).toBe("held");
    await world.wait(4 * day);
    expect(await numberOf(owner.id)).toBe(owner.number);
    // After three days that password counts in full, and the hold is looked at all the same.
    expect(await world.reauthenticate(thief, thiefs)).toBe("shown");
    expect(await world.take(thief, owner.number)).toBe("done");
    expect(await world.take(thief, world.freshNumber())).toBe("set_phone");
    expect(await world.drop(thief)).toBe("remove_phone");
    const caller = await world.callerOf(thief);
    const { codes, goodFrom } = await world.auth.createRecoveryCodes(caller, world.facts());
    expect(goodFrom).not.toBeNull();
    const enrolling = world.auth.startTotp(caller, world.facts());
    await expect(enrolling).rejects.toMatchObject({ code: "permission_denied" });
    await world.wait(9 * day);
    expect(await numberOf(owner.id)).toBe(owner.number);
    const recovery = world.auth.startRecovery({ code: codes[0] ?? "" }, world.facts());
    await expect(recovery).rejects.toMatchObject({ code: "code_invalid" });
    expect(await world.resetByCode(owner.number, ownersNext)).toBe("reset");
    await world.wait(4 * day);
    expect(await world.goesOn(thief)).toBe(false);
    expect(await numberOf(owner.id)).toBe(owner.number);
    expect(await world.signIn(owner.username, ownersNext)).toEqual({ in: owner.id });
    expect(await world.signIn(owner.username, thiefs)).toBe("invalid_credentials");
  });

  test("whose new recovery codes are stopped by a device of the owner's, without a password, opens nothing by them later", async () => {
    const owner = await world.createAccount();
    const laptop = await world.open(owner);
    const thief = await resetAndOpen(owner, thiefs);
    const { codes, goodFrom } = await world.auth.createRecoveryCodes(await world.callerOf(thief), world.facts());
    expect(goodFrom).not.toBeNull();
    await world.wait(2 * day);
    await world.auth.stopPendingChanges({ username: owner.username, ...laptop }, world.facts());
    const told =
      "select actor_id, detail from latchkey.audit_events where subject_id = $1 and event = 'recovery_codes_stopped'";
    expect(await world.test.database.query(told, [owner.id])).toEqual([{ actor_id: null, detail: { by: "device" } }]);
    await world.wait(2 * day);
    const recovery = world.auth.startRecovery({ code: codes[0] ?? "" }, world.facts());
    await expect(recovery).rejects.toMatchObject({ code: "code_invalid" });
    expect(await world.auth.readRecoveryCodes(await world.callerOf(thief))).toBeNull();
  });

  test("would have the number after three days without that", { tags: ["long"] }, async () => {
    const owner = await world.createAccount();
    const thief = await resetAndOpen(owner, thiefs);
    await world.wait(4 * day);
    expect(await world.reauthenticate(thief, thiefs)).toBe("shown");
    expect(await world.take(thief, owner.number)).toBe("done");
    expect(await world.take(thief, world.freshNumber())).toBe("open_by_phone");
  });

  test("gains nothing by resetting again: the first password, its devices and the end stay", async () => {
    const owner = await world.createAccount();
    const laptop = await world.open(owner);
    const first = await resetAndOpen(owner, thiefs);
    await world.wait(day);
    const second = await resetAndOpen(owner, "the intruder's second");
    expect(await hold(owner, first, thiefs)).toBe("invalid_credentials");
    expect(await hold(owner, second, "the intruder's second")).toBe("invalid_credentials");
    const left = await secondsHeld(owner, laptop);
    expect([left > 13 * day - hour, left <= 13 * day]).toEqual([true, true]);
    await resetAndOpen(owner, "the intruder's third");
    expect(await secondsHeld(owner, laptop)).toBeLessThanOrEqual(left);
  });

  test("who has moved the number by then already can be stopped to the end of the hold, since its codes open nothing yet", async () => {
    const owner = await world.createAccount();
    const laptop = await world.open(owner);
    const thief = await resetAndOpen(owner, thiefs);
    await world.wait(4 * day);
    expect(await world.reauthenticate(thief, thiefs)).toBe("shown");
    expect(await world.take(thief, owner.number)).toBe("done");
    const number = world.freshNumber();
    expect(await world.take(thief, number)).toBe("open_by_phone");
    expect(await hold(owner, laptop)).toBe("held");
    await world.wait(5 * day);
    expect(await world.enter(number)).toMatchObject({ next: "another_way" });
    await world.auth.stopPendingChanges({ username: owner.username, ...laptop }, world.facts());
    expect(await numberOf(owner.id)).toBeNull();
  });
});

describe("what is due when its owner holds a reset, and not done yet", () => {
  const dueAt = async (owner: Account) =>
    (
      await world.test.database.query<{ seconds: number }>(
        "select extract(epoch from due_at - latchkey.now())::float8 as seconds from latchkey.pending_changes where user_id = $1",
        [owner.id],
      )
    ).map(({ seconds }) => seconds);

  for (const { tags, cases } of shareOut(["set_phone", "remove_phone"], 2))
    test.each(cases)("waits on, and can be stopped: %s", { tags }, async (kind) => {
      const owner = await world.createAccount();
      const laptop = await world.open(owner);
      const thief = await resetAndOpen(owner, thiefs);
      expect(await (kind === "set_phone" ? world.take(thief, world.freshNumber()) : world.drop(thief))).toBe(kind);
      await world.test.clock.advance(3 * day + 60);
      expect(await world.listPending(thief)).toEqual([]);
      expect(await hold(owner, laptop)).toBe("held");
      expect(await world.listPending(thief)).toMatchObject([{ kind }]);
      await world.wait(10 * day);
      expect(await numberOf(owner.id)).toBe(owner.number);
      await world.auth.stopPendingChanges({ username: owner.username, ...laptop }, world.facts());
      expect(await dueAt(owner)).toEqual([]);
    });

  test("is put back where the hold came while it was on its way, sealed and dated as it was, and is done at the end", async () => {
    const owner = await world.createAccount();
    await world.open(owner);
    const thief = await resetAndOpen(owner, thiefs);
    const number = world.freshNumber();
    expect(await world.take(thief, number)).toBe("set_phone");
    // Whoever does it has taken it already, and is told of the hold by the account alone.
    await world.test.database.query(
      "update latchkey.former_passwords set held_at = latchkey.now() where user_id = $1",
      [owner.id],
    );
    await world.wait(3 * day + 60);
    expect(await numberOf(owner.id)).toBe(owner.number);
    const [seconds = 0] = await dueAt(owner);
    expect([seconds > 10 * day, seconds <= 11 * day]).toEqual([true, true]);
    await world.wait(11 * day);
    expect(await numberOf(owner.id)).toBe(number);
  });

  test("of a number whose codes open the account by then is left as it is: holding does not close what is open", async () => {
    const owner = await world.createAccount();
    const laptop = await world.open(owner);
    const thief = await resetAndOpen(owner, thiefs);
    await world.test.clock.advance(4 * day);
    expect(await world.reauthenticate(thief, thiefs)).toBe("shown");
    expect(await world.take(thief, owner.number)).toBe("done");
    const number = world.freshNumber();
    expect(await world.take(thief, number)).toBe("open_by_phone");
    await world.test.clock.advance(3 * day + 60);
    expect(await hold(owner, laptop)).toBe("held");
    expect(await world.enter(number)).toEqual({ in: owner.id });
  });
});

describe("an ex-partner who knows the password from before and has the old laptop", () => {
  test("gets nothing by a hold but a wait: its owner goes on, and changes the number when it ends", async () => {
    const owner = await world.createAccount();
    const ex = await world.open(owner);
    const session = await resetAndOpen(owner, ownersNext);
    expect(await hold(owner, ex)).toBe("held");
    expect(await world.goesOn(ex)).toBe(false);
    expect(await world.signIn(owner.username, password, ex)).toBe("invalid_credentials");
    expect(await world.goesOn(session)).toBe(true);
    expect(await world.signIn(owner.username, ownersNext)).toEqual({ in: owner.id });
    expect(await world.enter(owner.number)).toEqual({ in: owner.id });
    const number = world.freshNumber();
    expect(await world.take(session, number)).toBe("set_phone");
    await world.wait(14 * day + hour);
    expect(await numberOf(owner.id)).toBe(number);
    expect(await hold(owner, ex)).toBe("invalid_credentials");
  });

  test("cannot renew it: whatever its owner resets meanwhile, it ends when it would have, and the next password is unknown to them", async () => {
    const owner = await world.createAccount();
    const ex = await world.open(owner);
    await resetAndOpen(owner, ownersNext);
    expect(await hold(owner, ex)).toBe("held");
    await world.wait(10 * day);
    await resetAndOpen(owner, `${ownersNext} again`);
    expect(await secondsHeld(owner, ex)).toBeLessThanOrEqual(4 * day);
    await world.wait(5 * day);
    const session = await resetAndOpen(owner, `${ownersNext} once more`);
    expect(await hold(owner, ex)).toBe("invalid_credentials");
    await world.wait(4 * day);
    expect(await world.reauthenticate(session, `${ownersNext} once more`)).toBe("shown");
    expect(await world.take(session, owner.number)).toBe("done");
    expect(await world.take(session, world.freshNumber())).toBe("open_by_phone");
  });

  for (const { tags, cases } of shareOut(["a recovery code", "the operator"], 2))
    test.each(cases)("is rid of at once by %s, which ends the hold for good", { tags }, async (way) => {
      const owner = await world.createAccount();
      const ex = await world.open(owner);
      const { codes } = await world.auth.createRecoveryCodes(await world.callerOf(ex), world.facts());
      await resetAndOpen(owner, ownersNext);
      expect(await hold(owner, ex)).toBe("held");
      const next = `${ownersNext} again`;
      if (way === "the operator") await world.auth.operator.changePassword(owner.username, next);
      else {
        const { ticket } = await world.auth.startRecovery({ code: codes[0] ?? "" }, world.facts());
        await world.auth.recover({ ticket, newPassword: next }, world.facts());
      }
      expect(await hold(owner, ex)).toBe("invalid_credentials");
      const session = await world.open({ username: owner.username, typed: next });
      expect(await world.take(session, owner.number)).toBe("done");
      expect(await world.take(session, world.freshNumber())).toBe("open_by_phone");
    });
});

describe("an honest person who forgot a password", () => {
  test("is held by nothing, and lifts a hold of their own by what put it on", async () => {
    const owner = await world.createAccount();
    const laptop = await world.open(owner);
    const session = await resetAndOpen(owner, ownersNext);
    expect(await hold(owner, laptop)).toBe("held");
    expect(await hold(owner, laptop, password, true)).toBe("released");
    await world.wait(4 * day);
    expect(await world.reauthenticate(session, ownersNext)).toBe("shown");
    expect(await world.take(session, owner.number)).toBe("done");
    expect(await world.take(session, world.freshNumber())).toBe("open_by_phone");
  });

  test("is told of a hold, with what can be done", async () => {
    const owner = await world.createAccount();
    const laptop = await world.open(owner);
    const session = await resetAndOpen(owner, ownersNext);
    await hold(owner, laptop);
    const { notices } = await world.auth.listNotices(await world.callerOf(session), { limit: 10 });
    expect(notices.map(({ kind }) => kind)).toContain("password_reset_held");
  });
});

describe("a hold is refused alike", () => {
  /** What the limits have counted afterwards that they had not before. */
  async function countedBy(guess: () => Promise<unknown>) {
    const read = () =>
      world.test.database.query<{ key: string; count: number }>(
        "select encode(key, 'hex') as key, count from latchkey.throttles order by count",
      );
    const before = new Map((await read()).map(({ key, count }) => [key, count]));
    await guess();
    return (await read()).flatMap(({ key, count }) =>
      count === (before.get(key) ?? 0) ? [] : [count - (before.get(key) ?? 0)],
    );
  }

  test("for a stranger, another password, another device, and where there was no reset", async () => {
    const [owner, other] = [await world.createAccount(), await world.createAccount()];
    const [laptop, others] = [await world.open(owner), await world.open(other)];
    expect(await hold(owner, laptop)).toBe("invalid_credentials");
    const thief = await resetAndOpen(owner, thiefs);
    const nobody = { ...owner, username: "nobody_at_all" };
    const tries = [
      [owner, {}, password],
      [owner, others, password],
      [owner, thief, password],
      [owner, laptop, "a guess"],
      [owner, laptop, thiefs],
      [other, others, password],
      [nobody, laptop, password],
    ] as const;
    for (const [whose, device, typed] of tries) expect(await hold(whose, device, typed)).toBe("invalid_credentials");
    expect(await hold(owner, laptop)).toBe("held");
  });

  test("and a guess at its password is counted as one at a sign-in", async () => {
    const [owner, other] = [await world.createAccount(), await world.createAccount()];
    await world.open(owner);
    await resetAndOpen(owner, thiefs);
    const ofHold = await countedBy(() => hold(owner, {}, "a guess"));
    expect(ofHold).toEqual(await countedBy(() => world.signIn(other.username, "a guess")));
    expect(ofHold).not.toEqual([]);
  });

  test("and its password is guessed at no more than one of a sign-in, without keeping the owner from theirs", {
    tags: ["long"],
  }, async () => {
    const owner = await world.createAccount();
    const laptop = await world.open(owner);
    await resetAndOpen(owner, thiefs);
    let [outcome, guesses]: [string | undefined, number] = ["invalid_credentials", 0];
    for (; outcome === "invalid_credentials" && guesses < 150; guesses += 1) outcome = await hold(owner, {}, "a guess");
    expect(outcome).toBe("rate_limited");
    expect(guesses).toBeLessThanOrEqual(101);
    expect(await hold(owner, laptop)).toBe("held");
  });
});
