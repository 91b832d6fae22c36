import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hash as hashBcrypt } from "@node-rs/bcrypt";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { z } from "zod";
import { shareOut, shareOutBy } from "../testing/index.ts";
import { processorTimeOf } from "../testing/processor-time.ts";
import { readWeakHash, wrapWeakDigest } from "./bcrypt.ts";
import { readStoredPassword } from "./django.ts";
import { kindOf } from "./hash-format.ts";

// Made by Django itself, see make-django-hashes.py. The two `scrypt … of Django 4.0 / 5.1` are those of Django's own tests.
const table = z
  .array(z.object({ title: z.string(), password: z.string(), encoded: z.string() }))
  .parse(JSON.parse(readFileSync(new URL("django-hashes.json", import.meta.url), "utf8")));

async function matches(password: string, encoded: string): Promise<boolean> {
  return (await readStoredPassword(encoded)?.matches(password)) ?? false;
}

const digest = (length: number) => Buffer.alloc(length, 7).toString("base64");
const unpadded = (length: number) => digest(length).replaceAll("=", "");
const argon2 = (cost: string, salt = unpadded(16)) => `argon2$argon2id$v=19$${cost}$${salt}$${unpadded(32)}`;
const bcryptBody = ".".repeat(53);

describe("forged costs are refused without doing the work", () => {
  const forged = [
    ["pbkdf2 with 2^31 iterations", `pbkdf2_sha256$2147483648$salt$${digest(32)}`],
    ["pbkdf2_sha1 with 2^31 iterations", `pbkdf2_sha1$2147483648$salt$${digest(20)}`],
    ["more digits than a number holds", `pbkdf2_sha256$${"9".repeat(400)}$salt$${digest(32)}`],
    ["scrypt with n = 2^30", `scrypt$1073741824$salt$8$1$${digest(64)}`],
    ["scrypt with r = 2^30", `scrypt$16384$salt$1073741824$1$${digest(64)}`],
    ["scrypt with p = 2^20", `scrypt$2$salt$1$1048576$${digest(64)}`],
    ["argon2 with m = 2^31", argon2("m=2147483648,t=2,p=8")],
    ["argon2 with t = 2^31", argon2("m=1024,t=2147483648,p=8")],
    ["argon2 with little memory and thousands of passes, which start threads", argon2("m=128,t=16384,p=16")],
    ["argon2 with 2^24 lanes", argon2("m=262144,t=1,p=16777215")],
    ["bcrypt at cost 31", `bcrypt$$2b$31$${bcryptBody}`],
    ["bcrypt_sha256 at cost 17", `bcrypt_sha256$$2b$17$${bcryptBody}`],
  ];

  test.each(forged)("%s", async (_title, encoded) => {
    const spent = await processorTimeOf(async () => {
      expect(await matches("anything", encoded ?? "")).toBe(false);
      expect(readStoredPassword(encoded ?? "")).toBeNull();
    });
    expect(spent).toBeLessThan(50);
  });
});

describe("what no password fits is unusable, and nothing throws", () => {
  const unusable = [
    ["empty", ""],
    ["Django's mark for unusable", "!Zk3dKqV1sE7uW9cXbTn0aQeRtYuIoPlKjHgFdSaM"],
    ["unusable, though a hash follows", `!pbkdf2_sha256$1000$salt$${digest(32)}`],
    ["an old format", "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99"],
    ["a name from Object.prototype", "constructor$1$2$3"],
    ["bcrypt without its algorithm", `$2b$04$${bcryptBody}`],
    ["the known-weak bcrypt 2x", `bcrypt$$2x$04$${bcryptBody}`],
    ["bcrypt at cost 3", `bcrypt$$2b$03$${bcryptBody}`],
    ["bcrypt with bits to spare in its salt, which bcrypt refuses at once", `bcrypt$$2b$04$${"z".repeat(53)}`],
    ["no iterations", `pbkdf2_sha256$0$salt$${digest(32)}`],
    ["iterations in hexadecimal", `pbkdf2_sha256$0x10$salt$${digest(32)}`],
    ["no salt", `pbkdf2_sha256$1000$$${digest(32)}`],
    ["a digest cut to nothing", "pbkdf2_sha256$1000$salt$"],
    ["a digest cut to three bytes", `pbkdf2_sha256$1000$salt$${digest(3)}`],
    ["a line feed at the end", `pbkdf2_sha256$1000$salt$${digest(32)}\n`],
    ["scrypt with an n that is no power of two", `scrypt$1000$salt$8$1$${digest(64)}`],
    ["scrypt with n = 1", `scrypt$1$salt$8$1$${digest(64)}`],
    ["scrypt with an n too large for its r", `scrypt$65536$salt$1$1$${digest(64)}`],
    ["argon2 before version 1.3", argon2("m=1024,t=2,p=8").replace("v=19", "v=16")],
    ["argon2 with less than 8 KiB a lane", argon2("m=63,t=2,p=8")],
    ["argon2 with a salt of six bytes", argon2("m=1024,t=2,p=8", unpadded(6))],
    ["longer than the column", `pbkdf2_sha256$1000$${"s".repeat(512)}$${digest(32)}`],
  ];

  test.each(unusable)("%s", (_title, encoded) => {
    expect(readStoredPassword(encoded ?? "")).toBeNull();
  });

  for (const { tags, cases } of shareOut([4, 100], 2))
    it.each(cases)("is so for any text after any name of a format: %i of them", { tags }, async (numRuns) => {
      const name = fc.constantFrom(
        "",
        "!",
        "bcrypt$$2b$04$",
        "bcrypt_sha256$",
        "pbkdf2_sha256$1$",
        "scrypt$2$",
        "argon2$argon2id$",
      );
      const encoded = fc.tuple(name, fc.string({ unit: "binary-ascii", maxLength: 80 })).map((parts) => parts.join(""));
      await fc.assert(fc.asyncProperty(encoded, fc.string({ unit: "binary", maxLength: 20 }), neverMatches), {
        numRuns,
      });
    });

  it("is so for a wrong password and a real hash with any one character changed", async () => {
    const cheap = table.filter(({ title }) => title.endsWith("of ASCII"));
    const change = fc.record({
      row: fc.constantFrom(...cheap),
      at: fc.nat(200),
      to: fc.string({ unit: "binary-ascii" }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ row, at, to }) => {
        const encoded = row.encoded.slice(0, at) + to + row.encoded.slice(at + 1);
        await expect(matches(`${row.password}x`, encoded)).resolves.toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it("is so for well-formed hashes of any small cost", async () => {
    const small = fc.integer({ min: 1, max: 64 });
    const powers = fc.integer({ min: 1, max: 17 }).map((exponent) => 2 ** exponent);
    const encoded = fc.oneof(
      fc.tuple(powers, small, small).map(([n, r, p]) => `scrypt$${n}$salt$${(r % 2) + 1}$${(p % 2) + 1}$${digest(64)}`),
      fc.tuple(small, small, small).map(([m, t, p]) => argon2(`m=${m * 8},t=${t},p=${(p % 3) + 1}`)),
      small.map((iterations) => `pbkdf2_sha1$${iterations}$\u{1F9C2}$${digest(20)}`),
    );
    await fc.assert(fc.asyncProperty(encoded, fc.string({ unit: "binary" }), neverMatches), { numRuns: 40 });
  });

  async function neverMatches(encoded: string, password: string) {
    await expect(matches(password, encoded)).resolves.toBe(false);
  }
});

describe("what Django stored verifies as it is, and nothing near it does", () => {
  // Of the two costs of scrypt the dearer one in the long run alone.
  for (const { tags, cases } of shareOutBy(
    table,
    ({ title }) => title !== "scrypt at the cost of Django 5.1" && title !== "argon2id at the cost of Django 3.2",
  ))
    test.each(cases)("$title", { tags }, async ({ password, encoded }) => {
      const changed = password === "" ? "x" : `${password.slice(0, -1)}\u0001`;
      const stored = readStoredPassword(encoded);
      expect(await stored?.matches(password)).toBe(true);
      const isCutByBcrypt = encoded.startsWith("bcrypt$") && Buffer.byteLength(password) > 72;
      expect(await stored?.matches(changed)).toBe(isCutByBcrypt);
    });

  const spaced = table.filter(({ title }) => title.includes("white space"));

  test.each(spaced)("$title is lost when trimmed", async ({ password, encoded }) => {
    expect(await matches(password.trim(), encoded)).toBe(false);
  });

  it("plain bcrypt looks at 72 bytes, as Django's does", async () => {
    const encoded = `bcrypt$${await hashBcrypt("a".repeat(80), { cost: 4 })}`;
    expect(await matches("a".repeat(72), encoded)).toBe(true);
    expect(await matches("a".repeat(71), encoded)).toBe(false);
  });

  it("plain bcrypt has no second password with a NUL in it", async () => {
    const encoded = `bcrypt$${await hashBcrypt("a", { cost: 4 })}`;
    expect(await matches("a\0a", encoded)).toBe(false);
    expect(await matches("a", encoded)).toBe(true);
  });

  it("bcrypt_sha256 is bcrypt of the hexadecimal SHA-256", async () => {
    const sha256 = createHash("sha256").update("correct horse").digest("hex");
    const encoded = `bcrypt_sha256$${await hashBcrypt(sha256, { cost: 4 })}`;
    expect(await matches("correct horse", encoded)).toBe(true);
  });
});

describe("a weak hash of another system is stored with bcrypt around it, and its owner's password fits as before", () => {
  const hex = (algorithm: "md5" | "sha1", text: string) => createHash(algorithm).update(text).digest("hex");
  const weak = [
    ["salted SHA-1", `sha1$Nk2$${hex("sha1", "Nk2correct horse")}`],
    ["salted MD5", `md5$Nk2$${hex("md5", "Nk2correct horse")}`],
    ["unsalted SHA-1", `sha1$$${hex("sha1", "correct horse")}`],
    ["bare MD5 in capitals", hex("md5", "correct horse").toUpperCase()],
  ];

  test.each(weak)("%s", async (_title, encoded) => {
    const hash = readWeakHash(encoded);
    const stored = hash ? await wrapWeakDigest(hash, 4) : "";
    expect(readStoredPassword(encoded)).toBeNull();
    expect(stored).not.toContain(hash?.digest);
    expect(await matches("correct horse", stored)).toBe(true);
    expect(await matches(hash?.digest ?? "", stored)).toBe(false);
    expect(await matches("correct horsf", stored)).toBe(false);
    expect(kindOf(stored)).toMatch(/^bcrypt_(md5|sha1)\$\$2b\$04$/);
  });

  test.each(["", "!", "sha1$a$b", `sha256$a$${"0".repeat(64)}`, "plain"])("%j is none", (encoded) => {
    expect(readWeakHash(encoded)).toBeNull();
  });
});
