import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSecret, deriveKey, findSecretWeakness, type KeyPurpose, randomUUIDv7, seal, unseal } from "./secrets.ts";

const secret = "Zk3vR9qLw7TnXc2Yb8HsJd5GfMp4Ua6E";
const key = deriveKey(secret, "signing-keys");
const context = "signing-key/one";

describe("a sealed value", () => {
  const plaintext = Buffer.from("what nobody may read");

  test("is refused when any one of its bits is another", () => {
    const sealed = seal(key, plaintext, context);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      expect(() => unseal(key, withBitFlipped(sealed, bit), context), `bit ${bit}`).toThrow();
    }
  });

  test("is refused when it is cut short, empty or longer than it was", () => {
    const sealed = seal(key, plaintext, context);
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => unseal(key, sealed.subarray(0, length), context), `${length} bytes`).toThrow();
    }
    expect(() => unseal(key, Buffer.concat([sealed, Buffer.alloc(1)]), context)).toThrow();
  });

  test("is refused in another context, so that nobody can move it to another row", () => {
    const sealed = seal(key, plaintext, context);
    for (const other of ["", "signing-key/two", "signing-key/on", `${context}\0`]) {
      expect(() => unseal(key, sealed, other), other).toThrow();
    }
  });

  test("is refused under the key of another purpose or of another secret", () => {
    const sealed = seal(key, plaintext, context);
    expect(() => unseal(deriveKey(secret, "refresh-tokens"), sealed, context)).toThrow();
    expect(() => unseal(deriveKey(createSecret(), "signing-keys"), sealed, context)).toThrow();
  });

  test("shows nothing of what is in it, and no two are alike", () => {
    const sealed = Array.from({ length: 50 }, () => seal(key, plaintext, context));
    expect(new Set(sealed.map((value) => value.toString("hex"))).size).toBe(50);
    expect(sealed.some((value) => value.includes(plaintext.subarray(0, 4)))).toBe(false);
  });

  test("opens to the very bytes that were sealed, whatever they and the context are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (bytes, anyContext) => {
        expect([...unseal(key, seal(key, bytes, anyContext), anyContext)]).toEqual([...bytes]);
      }),
    );
  });
});

test("no two purposes and no two secrets share a key, and the same ones always do", () => {
  const purposes: KeyPurpose[] = ["signing-keys", "refresh-tokens", "throttles"];
  const keys = [secret, `${secret} `].flatMap((from) => purposes.map((purpose) => deriveKey(from, purpose)));
  expect(new Set(keys.map((derived) => derived.toString("hex"))).size).toBe(6);
  expect(keys.map((derived) => derived.length)).toEqual([32, 32, 32, 32, 32, 32]);
  expect(deriveKey(secret, "signing-keys")).toEqual(key);
});

describe("a secret that somebody could guess is named as such", () => {
  test.each<[weakness: string, secret: string]>([
    ["is shorter than 32 bytes", ""],
    ["is shorter than 32 bytes", "Zk3vR9qLw7TnXc2Yb8HsJd5GfMp4Ua6"],
    ["looks like an example", "changeme-changeme-changeme-changeme"],
    ["looks like an example", "please change-me before production!"],
    ["looks like an example", "django-insecure-9#k2v)x7q@w!m3z8r5t0y"],
    ["looks like an example", "YOUR_SECRET_KEY_GOES_HERE_0123456789"],
    ["looks like an example", "this is an EXAMPLE of a long secret."],
    ["looks like an example", "replace with 32 or more random bytes"],
    ["looks like an example", "Password1234567890Password1234567890"],
    ["looks like an example", "latchkey-latchkey-latchkey-latchkey-"],
    ["is not random enough", "a".repeat(64)],
    ["is not random enough", "abc".repeat(20)],
    ["is not random enough", "0123456".repeat(10)],
    ["is not random enough", "ü".repeat(40)],
  ])("%s: %j", (weakness, weak) => {
    expect(findSecretWeakness(weak)).toBe(weakness);
  });

  test("and one that was drawn at random is not", () => {
    for (let draw = 0; draw < 200; draw += 1) expect(findSecretWeakness(createSecret())).toBeNull();
    expect(findSecretWeakness("8f3a1c9e5b7d2046f1e8a3c59b7d6042")).toBeNull();
  });
});

test("a new secret has 256 bits and is never drawn twice", () => {
  const drawn = Array.from({ length: 200 }, createSecret);
  expect(new Set(drawn).size).toBe(200);
  expect(drawn.every((text) => /^[\w-]{43}$/.test(text))).toBe(true);
});

function withBitFlipped(bytes: Uint8Array, bit: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
}

test("an id is a UUID of version 7 that begins with its millisecond, and no two are alike", () => {
  const before = Date.now();
  const ids = Array.from({ length: 1_000 }, () => randomUUIDv7());
  const after = Date.now();
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const time = Number.parseInt(id.replace("-", "").slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(after);
  }
  expect(new Set(ids).size).toBe(ids.length);
});
