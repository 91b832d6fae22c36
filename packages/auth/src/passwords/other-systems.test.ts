import { pbkdf2Sync, scryptSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { processorTimeOf } from "../testing/processor-time.ts";
import { readStoredPassword } from "./django.ts";
import { kindOf } from "./hash-format.ts";

const matches = async (password: string, encoded: string) =>
  (await readStoredPassword(encoded)?.matches(password)) ?? false;

const salt = Buffer.from("a salt of bytes \xff", "latin1");
const base64 = (bytes: Buffer) => bytes.toString("base64");
const [password, another] = ["Doğru at 42 pil", "Doğru at 43 pil"];

/** The project and the person that Firebase's own page about its scrypt has. */
const signerKey = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
const firebaseHash = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";
const stream = Buffer.from(firebaseHash, "base64").map(
  (byte, at) => byte ^ (Buffer.from(signerKey, "base64")[at] ?? 0),
);
const firebaseSalt = base64(Buffer.concat(["42xEC+ixf3L2lw==", "Bw=="].map((text) => Buffer.from(text, "base64"))));
const firebase = `firebase_scrypt$14,8$${firebaseSalt}$${base64(Buffer.from(stream))}`;

describe("a hash of another system is checked as that system checks it", () => {
  test.each(["sha1", "sha256", "sha512"])("PBKDF2 by %s with a salt of bytes", async (hash) => {
    for (const length of [20, 32, 64]) {
      const encoded = `pbkdf2_bytes$${hash},1000$${base64(salt)}$${base64(pbkdf2Sync(password, salt, 1_000, length, hash))}`;
      expect(await matches(password, encoded)).toBe(true);
      expect(await matches(another, encoded)).toBe(false);
    }
  });

  test("scrypt with a salt of bytes", async () => {
    const digest = scryptSync(password, salt, 32, { N: 1_024, r: 8, p: 2 });
    const encoded = `scrypt_bytes$1024,8,2$${base64(salt)}$${base64(digest)}`;
    expect(await matches(password, encoded)).toBe(true);
    expect(await matches(another, encoded)).toBe(false);
  });

  test("better-auth's scrypt, of the password's NFKC", async () => {
    const digest = scryptSync("ofice 42", "00ff", 64, { N: 16_384, r: 16, p: 1, maxmem: 2 ** 29 });
    const encoded = `scrypt_nfkc$16384,16,1$00ff$${base64(digest)}`;
    for (const typed of ["ofice 42", "oﬁce 42", "ｏｆｉｃｅ 42"])
      expect(await matches(typed, encoded), typed).toBe(true);
    expect(await matches("office 42", encoded)).toBe(false);
  });

  test("Firebase's scrypt, by the example that it publishes", async () => {
    expect(await matches("user1password", firebase)).toBe(true);
    expect(await matches("user1Password", firebase)).toBe(false);
    expect(firebase).not.toContain(signerKey.slice(0, 20));
  });
});

const digest = base64(Buffer.alloc(32, 7));
const short = base64(Buffer.alloc(8, 7));

test.each([
  ["PBKDF2 with 2^31 iterations", `pbkdf2_bytes$sha512,2147483648$${digest}$${digest}`],
  ["PBKDF2 of no digest that is known", `pbkdf2_bytes$md5,1000$${digest}$${digest}`],
  ["PBKDF2 without iterations", `pbkdf2_bytes$sha512,0$${digest}$${digest}`],
  ["PBKDF2 without a salt", `pbkdf2_bytes$sha512,1000$$${digest}`],
  ["PBKDF2 whose digest is cut", `pbkdf2_bytes$sha512,1000$${digest}$${short}`],
  ["PBKDF2 with a line feed at its end", `pbkdf2_bytes$sha512,1000$${digest}$${digest}\n`],
  ["scrypt with n = 2^30", `scrypt_bytes$1073741824,8,1$${digest}$${digest}`],
  ["scrypt with an n that is no power of two", `scrypt_bytes$1000,8,1$${digest}$${digest}`],
  ["scrypt with p = 2^20", `scrypt_nfkc$2,1,1048576$salt$${digest}`],
  ["scrypt whose digest is cut", `scrypt_nfkc$16384,16,1$salt$${short}`],
  ["Firebase's with 2^99 blocks", `firebase_scrypt$99,8$${digest}$${digest}`],
  ["Firebase's with r = 2^30", `firebase_scrypt$14,1073741824$${digest}$${digest}`],
  ["Firebase's whose stream is cut", `firebase_scrypt$14,8$${digest}$${short}`],
])("%s is unusable, and costs nothing", async (_what, encoded) => {
  const spent = await processorTimeOf(async () => {
    expect(readStoredPassword(encoded)).toBeNull();
  });
  expect(spent).toBeLessThan(50);
});

test.each([
  [`pbkdf2_bytes$sha512,210000$${digest}$${digest}`, "pbkdf2_bytes$sha512,210000"],
  [`scrypt_bytes$65536,8,1$${digest}$${digest}`, "scrypt_bytes$65536,8,1"],
  [`scrypt_nfkc$16384,16,1$salt$${digest}`, "scrypt_nfkc$16384,16,1"],
  [firebase, "firebase_scrypt$14,8"],
])("what a check costs stands at the beginning: %s", (encoded, kind) => {
  expect(kindOf(encoded)).toBe(kind);
});
