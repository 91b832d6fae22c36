import { pbkdf2Sync } from "node:crypto";
import { hash as hashBcrypt } from "@node-rs/bcrypt";
import { describe, expect, it } from "vitest";
import { AuthError } from "../errors.ts";
import { processorTimeOf } from "../testing/processor-time.ts";
import { hashBcryptSha256 } from "./bcrypt.ts";
import { createPasswords } from "./passwords.ts";

const open = (cost = 4) => createPasswords({ cost, concurrency: 2, queueLimit: 1000 });

function encodePbkdf2(password: string, iterations = 1000): string {
  return `pbkdf2_sha256$${iterations}$salt$${pbkdf2Sync(password, "salt", iterations, 32, "sha256").toString("base64")}`;
}

const composed = "le\u0300tmein".normalize("NFC");
const decomposed = composed.normalize("NFD");

describe("nothing fits", () => {
  it.each([
    ["an account that does not exist", null],
    ["an unusable password", "!"],
    ["nothing", ""],
    ["a hash that asks for hours", `pbkdf2_sha256$2147483648$salt$${"A".repeat(43)}=`],
  ])("%s", async (_title, encoded) => {
    const refused = { matches: false, needsRehash: false, isUsable: false };
    expect(await open().verify("", encoded)).toEqual(refused);
    expect(await open().verify("correct horse", encoded)).toEqual(refused);
  });

  it("the made-up hash whose work is done for them", async () => {
    const check = await open().verify("correct horse", `bcrypt_sha256$$2b$04$${".".repeat(53)}`);
    expect(check.matches).toBe(false);
  });

  it("a lone surrogate is a wrong password, not a crash", async () => {
    const passwords = open();
    expect((await passwords.verify("\ud800", await passwords.hash("correct horse"))).matches).toBe(false);
  });
});

describe("the same work, whatever is stored", () => {
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

  /**
   * Milliseconds of processor time that refusals take at cost 8 beside each other, one for each that is stored. Where they are apart they are
   * measured longer: what a busy machine adds wears off, and a difference stays.
   */
  async function measureRefusals(
    stored: readonly (string | null)[],
    areAlike: (works: readonly number[]) => boolean,
  ): Promise<number[]> {
    const passwords = open(8);
    await passwords.learnCosts(stored.filter((encoded) => encoded !== null));
    const samples = stored.map((): number[] => []);
    for (let round = 1; round <= 5 || (round <= 21 && !areAlike(samples.map(median))); round += 1) {
      for (const [index, encoded] of stored.entries()) {
        samples[index]?.push(await processorTimeOf(() => passwords.verify("wrong horse", encoded)));
      }
    }
    return samples.map(median);
  }

  it("is done for nobody, and for current, cheaper, dearer, foreign and unusable hashes", async () => {
    const areAlike = (works: readonly number[]) => Math.max(...works) - Math.min(...works) < median(works) / 3;
    const stored = [
      await hashBcryptSha256("correct horse", 8),
      null,
      "!",
      await hashBcryptSha256("correct horse", 6),
      await hashBcryptSha256("correct horse", 9),
      `bcrypt$${await hashBcrypt("correct horse", { cost: 4 })}`,
      encodePbkdf2("correct horse", 20_000),
    ];
    expect(await measureRefusals(stored, areAlike)).toSatisfy(areAlike);
  });

  it("is done for nobody as for the costliest foreign hash", { tags: ["long"] }, async () => {
    // PBKDF2 takes half as long again while another program has the other half of the same core, and bcrypt hardly longer.
    const areAlike = ([costliest = 0, nobody = 0]: readonly number[]) =>
      nobody / costliest > 3 / 5 && nobody / costliest < 5 / 3;
    expect(await measureRefusals([encodePbkdf2("correct horse", 200_000), null], areAlike)).toSatisfy(areAlike);
  });
});

describe("a right password", () => {
  it("matches its own hash, which is Django's encoding at the cost that was set", async () => {
    const passwords = open(5);
    const encoded = await passwords.hash("correct horse");
    expect(encoded).toMatch(/^bcrypt_sha256\$\$2b\$05\$[./A-Za-z0-9]{53}$/);
    expect(await passwords.verify("correct horse", encoded)).toEqual({
      matches: true,
      needsRehash: false,
      isUsable: true,
    });
    expect(await passwords.verify("wrong horse", encoded)).toEqual({
      matches: false,
      needsRehash: false,
      isUsable: true,
    });
  });

  it("is stored under another salt each time", async () => {
    const passwords = open();
    expect(await passwords.hash("correct horse")).not.toBe(await passwords.hash("correct horse"));
  });

  it("counts to its last character: 64 Chinese ones, 256 letters, and white space at its ends", async () => {
    const passwords = open();
    for (const password of ["锁".repeat(63), "a".repeat(255), "  correct horse"]) {
      const encoded = await passwords.hash(`${password} `);
      expect((await passwords.verify(`${password} `, encoded)).matches).toBe(true);
      for (const near of [password, `${password}匙`, `${password}  `, `${password} `.trim()]) {
        expect((await passwords.verify(near, encoded)).matches).toBe(false);
      }
    }
  });

  it("is the same in every Unicode form", async () => {
    const passwords = open();
    const current = { matches: true, needsRehash: false, isUsable: true };
    for (const encoded of [await passwords.hash(composed), await passwords.hash(decomposed)]) {
      expect(await passwords.verify(composed, encoded)).toEqual(current);
      expect(await passwords.verify(decomposed, encoded)).toEqual(current);
    }
  });
});

describe("a hash that should be replaced", () => {
  it.each([
    ["has a lower cost", () => hashBcryptSha256("correct horse", 4)],
    ["has a higher cost", () => hashBcryptSha256("correct horse", 6)],
    ["is plain bcrypt of the current cost", async () => `bcrypt$${await hashBcrypt("correct horse", { cost: 5 })}`],
    ["is PBKDF2", async () => encodePbkdf2("correct horse")],
  ])("%s, and only a right password says so", async (_title, encode) => {
    const encoded = await encode();
    const passwords = open(5);
    expect(await passwords.verify("correct horse", encoded)).toEqual({
      matches: true,
      needsRehash: true,
      isUsable: true,
    });
    expect(await passwords.verify("wrong horse", encoded)).toEqual({
      matches: false,
      needsRehash: false,
      isUsable: true,
    });
  });

  it("is not made anew from more than the 72 bytes that plain bcrypt has checked, or a mistyped end would lock its owner out", async () => {
    const passwords = open(5);
    for (const whole of ["a".repeat(72), "ş".repeat(36)]) {
      const encoded = `bcrypt$${await hashBcrypt(`${whole}right`, { cost: 5 })}`;
      const unchanged = { matches: true, needsRehash: false, isUsable: true };
      expect(await passwords.verify(`${whole}right`, encoded)).toEqual(unchanged);
      expect(await passwords.verify(`${whole}wrong`, encoded)).toEqual(unchanged);
      expect(await passwords.verify(whole, encoded)).toEqual({ ...unchanged, needsRehash: true });
    }
  });

  it("was made by Django, which does not normalise, from another Unicode form", async () => {
    const passwords = open();
    const rehash = { matches: true, needsRehash: true, isUsable: true };
    expect(await passwords.verify(decomposed, await hashBcryptSha256(decomposed, 4))).toEqual(rehash);
    expect(await passwords.verify(decomposed, encodePbkdf2(decomposed))).toEqual(rehash);
    expect(await passwords.verify(decomposed, encodePbkdf2(composed))).toEqual(rehash);
  });
});

describe("under load", () => {
  it("refuses what does not fit in the queue, and serves the rest, whatever the kind of work", async () => {
    const passwords = createPasswords({ cost: 4, concurrency: 2, queueLimit: 10 });
    const encoded = encodePbkdf2("correct horse");
    const attempts = Array.from({ length: 33 }, () => [
      passwords.hash("correct horse"),
      passwords.verify("x", null),
      passwords.verify("x", encoded),
    ]).flat();
    const results = await Promise.allSettled(attempts);
    const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    expect(refused).toHaveLength(99 - 12);
    for (const reason of refused) {
      expect(reason).toBeInstanceOf(AuthError);
      expect(reason).toMatchObject({ code: "overloaded", retryAfter: expect.any(Number) });
    }
    expect((await passwords.verify("correct horse", encoded)).matches).toBe(true);
  });

  it("does not wait for itself with one place and no queue", async () => {
    const passwords = createPasswords({ cost: 4, concurrency: 1, queueLimit: 0 });
    const encoded = await passwords.hash("correct horse");
    expect((await passwords.verify(decomposed, encodePbkdf2("x"))).matches).toBe(false);
    expect((await passwords.verify("correct horse", encoded)).matches).toBe(true);
    expect((await passwords.verify("correct horse", null)).matches).toBe(false);
  });
});

it.each([3, 16, 4.5, Number.NaN])("a cost of %d is refused at once", (cost) => {
  expect(() => open(cost)).toThrow(RangeError);
});

describe("in the format that every Django reads", () => {
  const forDjango = () => createPasswords({ cost: 4, concurrency: 2, queueLimit: 1000, format: "pbkdf2_sha256" });

  it("a password is stored as it was typed, because Django does not normalise, under a salt of its own", async () => {
    const passwords = forDjango();
    const encoded = await passwords.hash(decomposed);
    const [algorithm, iterations, salt = "", hash] = encoded.split("$");
    expect([algorithm, iterations]).toEqual(["pbkdf2_sha256", "2344"]);
    expect(salt).toMatch(/^[A-Za-z0-9]{22}$/);
    expect(hash).toBe(pbkdf2Sync(decomposed, salt, 2_344, 32, "sha256").toString("base64"));
    expect(await passwords.verify(decomposed, encoded)).toMatchObject({ matches: true, needsRehash: false });
    expect((await passwords.hash(decomposed)).split("$")[2]).not.toBe(salt);
  });

  it("what is stored in ours is due for it at the next sign-in, and back again without it", async () => {
    const [ours, theirs] = [await open().hash("correct horse"), await forDjango().hash("correct horse")];
    expect(await forDjango().verify("correct horse", ours)).toMatchObject({ matches: true, needsRehash: true });
    expect(await forDjango().verify("correct horse", theirs)).toMatchObject({ matches: true, needsRehash: false });
    expect(await open().verify("correct horse", theirs)).toMatchObject({ matches: true, needsRehash: true });
    expect(await forDjango().verify("wrong horse", theirs)).toMatchObject({ matches: false });
  });

  it("a refusal is the same work for nobody and for whoever has such a hash", async () => {
    const passwords = createPasswords({ cost: 8, concurrency: 2, queueLimit: 1000, format: "pbkdf2_sha256" });
    const encoded = await passwords.hash("correct horse");
    await passwords.learnCosts([]);
    const works: [number[], number[]] = [[], []];
    for (let round = 0; round < 11; round += 1) {
      works[0].push(await processorTimeOf(() => passwords.verify("wrong horse", encoded)));
      works[1].push(await processorTimeOf(() => passwords.verify("wrong horse", null)));
    }
    const [theirs = 0, nobodys = 0] = works.map((values) => values.toSorted((a, b) => a - b)[5] ?? 0);
    expect(Math.max(theirs, nobodys) / Math.min(theirs, nobodys)).toBeLessThan(1.6);
  });
});
