import { describe, expect, test } from "vitest";
import { readPassword } from "./read-password.ts";

const hex = (length: number) => "0123456789abcdef".repeat(length / 16);
const bcrypt = "$2b$12$abcdefghijklmnopqrstuuRcQYBQPDi1fyH8cFH1cfJjJXbmPhz4a";

describe("what is kept of a stored password tells its format and costs", () => {
  test.each([
    ["Django", "pbkdf2_sha256$600000$salt$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "pbkdf2_sha256$600000"],
    ["bcrypt by itself", bcrypt, "bcrypt$$2b$12"],
    [
      "argon2 by itself",
      "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$MDEyMzQ1Njc4OTAxMjM0NQ",
      "argon2$argon2id$v=19$m=65536,t=3,p=4",
    ],
    [
      "scrypt of the PHC",
      `$scrypt$ln=14,r=8,p=1$c2FsdHNhbHQ$${Buffer.alloc(32, 7).toString("base64").slice(0, 43)}`,
      "scrypt_bytes$16384,8,1",
    ],
    ["better-auth", `${hex(32)}:${hex(128)}`, "scrypt_nfkc$16384,16,1"],
    ["a bare MD5", hex(32), "md5"],
    ["an MD5 with a salt", `md5$salt$${hex(32)}`, "md5"],
    ["a bare SHA-1", `${hex(32)}01234567`, "sha1"],
    ["none", null, null],
    ["an unusable one", "!abc", null],
  ])("%s", (_, stored, kind) => {
    expect(readPassword(stored).kind).toBe(kind);
  });
});

describe("and nothing of what may be the password itself", () => {
  test.each([
    "hunter2",
    "correct$horse",
    "scrypt:32768:8:1$salt$digest",
    "{SSHA}c2FsdGVkIGRpZ2VzdA==",
    "sha256$abc",
    "$5$rounds=1000$salt$digest",
    "pbkdf2_sha256$hunter2$x$y",
    "argon2$hunter2$a$b$c",
    "bcrypt$$2b$99$hunter2",
    ` ${hex(32)}`,
  ])("of %j", (stored) => {
    expect(readPassword(stored)).toMatchObject({
      encoded: "!",
      kind: "unreadable",
      issue: { code: "password_unreadable" },
    });
  });
});
