import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStorage, type Storage } from "../storage/database.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";
import { deleteExpiredCodes, putCode, takeCode, withdrawCode } from "./code-store.ts";
import { createCode, hashCode } from "./one-time-code.ts";

describe("a code", () => {
  it("is six groups of letters and digits that nobody mistakes for one another, and never the same twice", () => {
    const texts = Array.from({ length: 1_000 }, () => createCode().text);
    for (const text of texts) expect(text).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){5}$/);
    expect(new Set(texts).size).toBe(1_000);
    expect(new Set(texts.join("")).size).toBe(33);
  });

  it("is known by its hash in every spelling that a person gives it, and in no other", () => {
    const hash = hashCode("01ABC-DEF2G-HJKMN-PQRST");
    for (const typed of [
      "01abc-def2g-hjkmn-pqrst",
      " o1abcdef2ghjkmnpqrst\n",
      "OLABC DEF2G HJKMN PQRST",
      "0iabcdef2g-hjkmnpqrst",
    ]) {
      expect(hashCode(typed)).toEqual(hash);
    }
    for (const typed of ["", "01ABC-DEF2G-HJKMN-PQRSU", "01ABC-DEF2G-HJKMN-PQRS", "01ABC-DEF2G-HJKMN-PQRSTT"]) {
      expect(hashCode(typed)).not.toEqual(hash);
    }
  });
});

describe("the store", () => {
  let service: TestAuth;
  let storage: Storage;
  beforeAll(async () => {
    service = await createTestAuth();
    storage = openStorage(service.database.connection);
  });
  afterAll(async () => {
    await storage.close();
    await service[Symbol.asyncDispose]();
  });

  let people = 0;
  const purpose = "set_password" as const;
  const createUser = async () =>
    (await service.auth.createUser({ username: `user${++people}`, password: "correct horse battery" })).id;
  const put = async (userId: string, lifetime = 60) => {
    const { hash: codeHash } = createCode();
    const expiresAt = await putCode(storage.db, { userId, purpose, codeHash, lifetime });
    return { codeHash, expiresAt };
  };

  const take = async (code: Parameters<typeof takeCode>[1]) => (await takeCode(storage.db, code)).state;

  it("gives a code out once, however many ask for it at the same moment", async () => {
    const userId = await createUser();
    const { codeHash } = await put(userId);
    const takers = Array.from({ length: 8 }, () => take({ userId, purpose, codeHash }));
    expect((await Promise.all(takers)).sort()).toEqual(["good", ...Array.from({ length: 7 }, () => "unknown")]);
  });

  it("keeps one code for a person and purpose: a new one is as young as it says, and the old one is unknown", async () => {
    const userId = await createUser();
    const first = await put(userId);
    await service.clock.advance(30);
    const second = await put(userId);
    expect(second.expiresAt.getTime() - first.expiresAt.getTime()).toBeGreaterThanOrEqual(30_000);
    const rows = await service.database.query(
      "select extract(epoch from expires_at - created_at)::int as lifetime from latchkey.one_time_codes where user_id = $1",
      [userId],
    );
    expect(rows).toEqual([{ lifetime: 60 }]);
    expect(await take({ userId, purpose, codeHash: first.codeHash })).toBe("unknown");
    expect(await take({ userId, purpose, codeHash: second.codeHash })).toBe("good");
  });

  it("takes a code of another person or another purpose for unknown, and leaves it to its owner", async () => {
    const [owner, other] = [await createUser(), await createUser()];
    const { codeHash } = await put(owner);
    expect(await take({ userId: other, purpose, codeHash })).toBe("unknown");
    expect(await take({ userId: owner, purpose: "prove_phone", codeHash })).toBe("unknown");
    expect(await take({ userId: owner, purpose, codeHash })).toBe("good");
  });

  it("tells who made a code, and drops it when they are deleted", async () => {
    const [userId, issuerId] = [await createUser(), await createUser()];
    const issue = async (by: string | null) => {
      const { hash: codeHash } = createCode();
      await putCode(storage.db, { userId, purpose, codeHash, issuerId: by, lifetime: 60 });
      return { userId, purpose, codeHash };
    };
    expect(await takeCode(storage.db, await issue(issuerId))).toMatchObject({ state: "good", issuerId });
    await issue(issuerId);
    expect(await takeCode(storage.db, await issue(null))).toMatchObject({ state: "good", issuerId: null });
    const orphan = await issue(issuerId);
    await service.database.query("delete from latchkey.users where id = $1", [issuerId]);
    expect(await take(orphan)).toBe("unknown");
  });

  it("withdraws the code of one person and purpose, and no other", async () => {
    const [userId, other] = [await createUser(), await createUser()];
    const [withdrawn, kept] = [await put(userId), await put(other)];
    await withdrawCode(storage.db, { userId, purpose: "prove_phone" });
    await withdrawCode(storage.db, { userId: other, purpose: "prove_email" });
    await withdrawCode(storage.db, { userId, purpose });
    expect(await take({ userId, purpose, codeHash: withdrawn.codeHash })).toBe("unknown");
    expect(await take({ userId: other, purpose, codeHash: kept.codeHash })).toBe("good");
  });

  it("knows a code that has run out from one that it never had, and clears it away by the clock", async () => {
    const userId = await createUser();
    const { codeHash } = await put(userId);
    await put(await createUser(), 600);
    await service.clock.advance(60);
    expect(await deleteExpiredCodes(storage.db, 0)).toBe(0);
    expect(await take({ userId, purpose, codeHash })).toBe("expired");
    await put(userId);
    await service.clock.advance(60);
    expect(await deleteExpiredCodes(storage.db, 100)).toBe(1);
  });
});
