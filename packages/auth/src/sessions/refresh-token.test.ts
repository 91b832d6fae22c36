import { createHash, createHmac, randomUUIDv7 } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AuthError } from "../errors.ts";
import { createSecret, deriveKey } from "../secrets.ts";
import { createTestAuth } from "../testing/index.ts";
import { createRefreshToken, parseRefreshToken } from "./refresh-token.ts";

const key = deriveKey(createSecret(), "refresh-tokens");
const sessionId = "01890a5d-ac96-774b-bcce-b302099a8057";
const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

describe("a refresh token that was not issued here is refused", () => {
  test("with any one of its bits another", () => {
    const { text } = createRefreshToken(key, sessionId);
    const bytes = Buffer.from(text, "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(parse(changed.toString("base64url")), `bit ${bit}`).toBe("refresh_token_invalid");
    }
  });

  test("with any one of its characters another, even where the bytes stay the same", () => {
    const { text } = createRefreshToken(key, sessionId);
    for (const position of [0, 21, 22, 43, 64, 84, 85]) {
      for (const character of `${base64url}+/= .\n`.replace(text.charAt(position), "")) {
        const changed = text.slice(0, position) + character + text.slice(position + 1);
        expect(parse(changed), changed).toBe("refresh_token_invalid");
      }
    }
  });

  test("in another spelling of the same bytes", () => {
    const { text } = createRefreshToken(key, sessionId);
    const base64 = Buffer.from(text, "base64url").toString("base64");
    const spellings = [base64, `${text}=`, `${text}==`, `${text}A`, ` ${text}`, `${text} `, `${text}\n`, `${text}\0`];
    for (const spelling of [...spellings, text.slice(0, -1), text.slice(1), text + text, text.toLowerCase()]) {
      expect(parse(spelling), spelling).toBe("refresh_token_invalid");
    }
  });

  test("from a service with another secret", () => {
    const { text } = createRefreshToken(deriveKey(createSecret(), "refresh-tokens"), sessionId);
    expect(parse(text)).toBe("refresh_token_invalid");
  });

  test("with the session's id of one token and the secret of another", () => {
    const [one, other] = [createRefreshToken(key, sessionId), createRefreshToken(key, randomUUIDv7())];
    const [ours, theirs] = [Buffer.from(one.text, "base64url"), Buffer.from(other.text, "base64url")];
    for (const cut of [16, 48]) {
      const mixed = Buffer.concat([ours.subarray(0, cut), theirs.subarray(cut)]);
      expect(parse(mixed.toString("base64url")), `cut at byte ${cut}`).toBe("refresh_token_invalid");
    }
  });

  test("whatever the text is, and nothing else is thrown", () => {
    const anyText = fc.oneof(
      fc.string({ unit: fc.constantFrom(...base64url), minLength: 80, maxLength: 90 }),
      fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString("base64url")),
      fc.array(fc.nat(0xffff), { maxLength: 90 }).map((units) => String.fromCharCode(...units)),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        expect(parse(text)).toBe("refresh_token_invalid");
      }),
      { numRuns: 500 },
    );
  });
});

test("a refresh token says which session it is of, and is told again from its text alone", () => {
  const issued = createRefreshToken(key, sessionId);
  expect(parseRefreshToken(key, issued.text)).toEqual(issued);
  expect(issued.sessionId).toBe(sessionId);
  expect(issued.text).toMatch(/^[\w-]{86}$/);
});

test("no two refresh tokens are equal, and neither are their hashes, even of one session", () => {
  const issued = Array.from({ length: 1_000 }, () => createRefreshToken(key, sessionId));
  expect(new Set(issued.map(({ text }) => text)).size).toBe(1_000);
  expect(new Set(issued.map(({ hash }) => hash.toString("hex"))).size).toBe(1_000);
});

test("the database holds 32 bytes of hash, from which no refresh token can be made", async () => {
  await using test = await createTestAuth();
  const { auth, facts, database } = test;
  await auth.createUser({ username: "alice", password: "correct horse battery" });
  const { refreshToken } = await auth.signIn({ username: "alice", password: "correct horse battery" }, facts);
  const bytes = Buffer.from(refreshToken, "base64url");
  const secret = bytes.subarray(16, 48);

  const [stored] = await database.query<{ refresh_hash: Buffer }>("select refresh_hash from latchkey.sessions");
  expect(stored?.refresh_hash).toEqual(createHash("sha256").update(secret).digest());

  const hash = stored?.refresh_hash ?? Buffer.alloc(32);
  const madeFromTheTable = [hash, createHash("sha256").update(hash).digest()].map((guess) => {
    const seal = createHmac("sha256", hash).update("seal").update(bytes.subarray(0, 16)).update(guess).digest();
    return Buffer.concat([bytes.subarray(0, 16), guess, seal.subarray(0, 16)]).toString("base64url");
  });
  for (const text of madeFromTheTable) await auth.signOut(text, facts);
  expect(await database.query("select from latchkey.sessions where ended_at is null")).toHaveLength(1);

  const dump = JSON.stringify(
    await database.query("select s::text, u::text from latchkey.sessions s, latchkey.users u"),
  );
  for (const part of [refreshToken, secret.toString("hex"), secret.toString("base64"), secret.toString("base64url")]) {
    expect(dump).not.toContain(part);
  }
});

function parse(text: string): string {
  try {
    return parseRefreshToken(key, text).sessionId;
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}
