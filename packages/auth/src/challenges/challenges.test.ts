import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStorage, type Storage } from "../storage/database.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";
import { type Challenges, createChallenges, type StartInput } from "./challenges.ts";
import { deriveCode, readDigits, toCodeKey } from "./derived-code.ts";

const keys = [toCodeKey(randomBytes(32)), toCodeKey(randomBytes(32))] as const;

describe("a code", () => {
  it("is as likely to be one number as another", { tags: ["long"] }, () => {
    const counts = new Array<number>(1_000).fill(0);
    const draws = 200_000;
    for (let draw = 0; draw < draws; draw += 1) {
      const code = deriveCode(keys[0], { id: String(draw), purpose: "sign_in", address: "+905321234567" }, 6);
      const first = Number(code.slice(0, 3));
      counts[first] = (counts[first] ?? 0) + 1;
    }
    const expected = draws / 1_000;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 999 degrees of freedom: 1,143 is passed once in a thousand runs with keys of their own, 1,250 never.
    expect(chiSquare).toBeLessThan(1_250);
  });

  it("is bound to its challenge, purpose, address and key", () => {
    const binding = { id: "1", purpose: "sign_in", address: "+905321234567" };
    const others = [{ id: "2" }, { purpose: "enter" }, { address: "+905321234568" }, { address: null }];
    const code = deriveCode(keys[0], binding, 10);
    expect(deriveCode(keys[0], binding, 10)).toBe(code);
    for (const other of others) expect(deriveCode(keys[0], { ...binding, ...other }, 10)).not.toBe(code);
    expect(deriveCode(keys[1], binding, 10)).not.toBe(code);
  });

  it.each([
    ["123456", "123456"],
    [" 123 456\n", "123456"],
    ["123-456", "123456"],
    ["١٢٣٤٥٦", "123456"],
    ["۱۲۳۴۵۶", "123456"],
    ["१२३ ४५६", "123456"],
    ["１２３４５６", "123456"],
    ["\u200f123456\u200e", "123456"],
    ["0123456789", "0123456789"],
    ["12345", null],
    ["1234567", null],
    ["12345a", null],
    ["", null],
  ])("is read from %j as %j", (typed, digits) => {
    expect(readDigits(typed)).toBe(digits);
  });
});

describe("a challenge", () => {
  let service: TestAuth;
  let storage: Storage;
  let challenges: Challenges;
  beforeAll(async () => {
    service = await createTestAuth();
    storage = openStorage({ ...service.database.connection, max: 8 });
    challenges = createChallenges({ countKey: randomBytes(32), db: storage.db, keys: [keys[0]] });
  });
  afterAll(async () => {
    await storage.close();
    await service[Symbol.asyncDispose]();
  });

  let numbers = 0;
  const inputOf = (changes: Partial<StartInput> = {}): StartInput => ({
    purpose: "sign_in",
    address: `+9053200${String(++numbers).padStart(5, "0")}`,
    userId: null,
    channel: "sms",
    tellsChannel: true,
    isSent: true,
    isKnownDevice: false,
    ...changes,
  });

  /** Starts one, has its message leave, and reads its code as the sender does. */
  async function start(changes: Partial<StartInput> = {}) {
    const input = inputOf(changes);
    const started = await challenges.start(input);
    const code = await send(input.address);
    return { ...started, code, purpose: input.purpose, address: input.address };
  }

  async function send(address: string | null): Promise<string> {
    const [row] = await service.database.query<{ id: string; purpose: string; key_id: string; digits: 6 | 10 }>(
      `update latchkey.challenges set handed_at = latchkey.now(), state = 'sent', due_at = null
        where id = (select id from latchkey.challenges where address = $1 order by id desc limit 1) returning *`,
      [address],
    );
    if (!row) throw new Error("nothing to send");
    return deriveCode(keys[0], { id: row.id, purpose: row.purpose, address }, row.digits);
  }

  const codeOf = (error: { code?: string }) => error.code;
  const check = (challenge: string, code: string, purpose: StartInput["purpose"] = "sign_in") =>
    challenges.check({ challenge, purpose, code });
  const outcome = (challenge: string, code: string, purpose?: StartInput["purpose"]) =>
    check(challenge, code, purpose).then(() => "right", codeOf);
  const wrongOf = (code: string) => (code === "0".repeat(code.length) ? "1" : "0").repeat(code.length);

  it("lets its code through once, for its purpose, by its handle", async () => {
    const { challenge, code } = await start();
    expect(await outcome(challenge, code, "enter")).toBe("code_invalid");
    expect(await outcome("AAAAAAAAAAAAAAAAAAAAAA", code)).toBe("code_invalid");
    const checked = await check(challenge, code);
    await storage.db.transaction().execute((transaction) => challenges.consume(transaction, checked));
    expect(await outcome(challenge, code)).toBe("code_invalid");
    const again = storage.db.transaction().execute((transaction) => challenges.consume(transaction, checked));
    await expect(again).rejects.toMatchObject({ code: "code_invalid" });
  });

  it("takes at most five guesses, of fifty at the same moment too, and is used up by one", async () => {
    const { challenge, code } = await start();
    const guess = async () => {
      const checked = await check(challenge, code);
      await storage.db.transaction().execute((transaction) => challenges.consume(transaction, checked));
      return "done";
    };
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => guess().catch(codeOf)));
    expect(outcomes.filter((what) => what === "done")).toHaveLength(1);
    expect(outcomes.filter((what) => what === "code_invalid")).toHaveLength(49);
    const { challenge: guessed, code: right } = await start();
    for (let time = 0; time < 5; time += 1) expect(await outcome(guessed, wrongOf(right))).toBe("code_invalid");
    expect(await outcome(guessed, right)).toBe("code_invalid");
  });

  it("has one code, however often it is sent, and its guesses stay counted", async () => {
    const { challenge, code, address } = await start();
    await outcome(challenge, wrongOf(code));
    for (let time = 0; time < 100; time += 1) {
      if (time % 10 === 0) await service.clock.advance(31);
      await challenges.resend(challenge, "sign_in");
    }
    const [row] = await service.database.query("select attempts, sends from latchkey.challenges where address = $1", [
      address,
    ]);
    expect(row).toEqual({ attempts: 1, sends: 3 });
    expect(await send(address)).toBe(code);
    expect(await outcome(challenge, code)).toBe("right");
  });

  it("answers the same while it is too early for another message", async () => {
    const first = await start();
    const { challenge, expiresAt, resendAt, channel, digits } = first;
    expect(await challenges.resend(challenge, "sign_in")).toEqual({ challenge, expiresAt, resendAt, channel, digits });
  });

  it("is good for ten minutes", async () => {
    const { challenge, code } = await start();
    await service.clock.advance(601);
    expect(await outcome(challenge, code)).toBe("code_expired");
    expect(await outcome(challenge, code, "enter")).toBe("code_invalid");
  });

  it("has no right code before a message has left, nor where none is sent", async () => {
    const input = inputOf({ isSent: false });
    const { challenge } = await challenges.start(input);
    const [row] = await service.database.query<{ id: string }>(
      "select id from latchkey.challenges where address = $1",
      [input.address],
    );
    const code = deriveCode(keys[0], { id: row?.id ?? "", purpose: "sign_in", address: input.address }, 6);
    expect(await outcome(challenge, code)).toBe("code_invalid");
  });

  it("has ten digits for unknown devices after twenty wrong codes for its address, until it is proved", async () => {
    const { address } = inputOf();
    for (let round = 0; round < 4; round += 1) {
      const { challenge, code, digits } = await start({ address, purpose: round % 2 ? "enter" : "sign_in" });
      expect(digits).toBe(6);
      for (let time = 0; time < 5; time += 1) await outcome(challenge, wrongOf(code), round % 2 ? "enter" : "sign_in");
    }
    const [counted] = await service.database.query(
      "select address, count from latchkey.wrong_codes order by count desc limit 1",
    );
    expect(counted).toEqual({ address: expect.stringMatching(/^[\w-]{43}$/), count: 20 });
    expect(await service.database.query("select from latchkey.wrong_codes where address like '%+%'")).toEqual([]);
    expect(await start({ address, isKnownDevice: true })).toMatchObject({ digits: 6 });
    const { challenge, code, digits } = await start({ address });
    expect(digits).toBe(10);
    expect(code).toMatch(/^\d{10}$/);
    const checked = await check(challenge, code);
    await storage.db.transaction().execute((transaction) => challenges.consume(transaction, checked));
    expect(await start({ address })).toMatchObject({ digits: 6 });
  });

  it("counts in plain numbers, which no statement brings beyond what they may be", async () => {
    const { challenge } = await start();
    await challenges.resend(challenge, "sign_in");
    const found = await challenges.find(challenge);
    expect([found?.attempts, found?.sends, found?.tries, found?.digits]).toEqual([0, 1, 0, 6]);
    await outcome(challenge, "no code");
    for (const beyond of ["attempts = 6", "attempts = -1", "sends = 4", "sends = -1", "tries = -1", "digits = 7"]) {
      const update = service.database.query(`update latchkey.challenges set ${beyond} where id = $1`, [found?.id]);
      await expect(update, beyond).rejects.toMatchObject({ code: "23514" });
    }
    const counted = service.database.query("insert into latchkey.wrong_codes values ('a', 0, latchkey.now())");
    await expect(counted).rejects.toMatchObject({ code: "23514" });
  });

  it("gives a right guess back whose effect was refused", async () => {
    const { challenge, code } = await start();
    for (let time = 0; time < 20; time += 1) await challenges.giveBack(await check(challenge, code));
    expect(await outcome(challenge, code)).toBe("right");
  });

  it("does not tell the channel where a username was typed, also when it is sent again", async () => {
    const { challenge, channel } = await start({ tellsChannel: false });
    expect(channel).toBeNull();
    expect(await challenges.resend(challenge, "sign_in")).toMatchObject({ channel: null });
  });

  it("goes on under a key that is on its way out, and ends with it", async () => {
    const { challenge, code } = await start();
    const rotated = createChallenges({ countKey: randomBytes(32), db: storage.db, keys: [keys[1], keys[0]] });
    const checked = await rotated.check({ challenge, purpose: "sign_in", code });
    expect(await rotated.codeOf(checked)).toBe(code);
    const without = createChallenges({ countKey: randomBytes(32), db: storage.db, keys: [keys[1]] });
    await expect(without.check({ challenge, purpose: "sign_in", code })).rejects.toMatchObject({
      code: "code_invalid",
    });
  });

  it("leaves nothing in the database that can be read, or tried, into a code or a handle", async () => {
    const { challenge, code, address } = await start();
    const rows = await service.database.query("select * from latchkey.challenges where address = $1", [address]);
    const text = JSON.stringify(rows).replaceAll(address ?? "", "");
    expect(text).not.toContain(challenge);
    const values = Object.values(rows[0] ?? {}).map(String);
    // With every value of the row as a key, none of them derives it: the key itself is in no table.
    for (const value of values) {
      const guessed = deriveCode(
        toCodeKey(Buffer.from(value)),
        { id: values[0] ?? "", purpose: "sign_in", address },
        10,
      );
      expect(guessed.slice(-6)).not.toBe(code);
    }
  });
});
