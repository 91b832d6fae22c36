import { argon2Sync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { processorTimeOf } from "../testing/processor-time.ts";
import { argon2CostOf } from "./argon2.ts";
import { createPasswords } from "./passwords.ts";

const inArgon2 = (memory = 19) =>
  createPasswords({ cost: 4, concurrency: 2, queueLimit: 1_000, format: "argon2id", memory });
const inBcrypt = () => createPasswords({ cost: 4, concurrency: 2, queueLimit: 1_000 });

const composed = "le\u0300tmein".normalize("NFC");
const decomposed = composed.normalize("NFD");

it("a password is stored as Django writes argon2id, of its NFC, under a salt of its own", async () => {
  const passwords = inArgon2();
  const encoded = await passwords.hash(decomposed);
  const [, algorithm, version, costs, salt = "", tag = ""] = encoded.split("$");
  expect([algorithm, version, costs]).toEqual(["argon2id", "v=19", "m=19456,t=3,p=1"]);
  const nonce = Buffer.from(salt, "base64");
  expect(nonce).toHaveLength(16);
  const expected = argon2Sync("argon2id", { ...argon2CostOf(19), message: composed, nonce, tagLength: 32 });
  expect(Buffer.from(tag, "base64")).toEqual(expected);
  expect((await passwords.hash(decomposed)).split("$")[4]).not.toBe(salt);
  for (const typed of [composed, decomposed])
    expect(await passwords.verify(typed, encoded)).toEqual({ matches: true, needsRehash: false, isUsable: true });
  expect(await passwords.verify("wrong horse", encoded)).toMatchObject({ matches: false, isUsable: true });
});

it("is never less than OWASP asks for: 19 MiB and two passes, with a tag and a salt as long as RFC 9106 has them", async () => {
  const { memory, passes } = argon2CostOf(19);
  expect(memory).toBeGreaterThanOrEqual(19 * 1_024);
  expect(passes).toBeGreaterThanOrEqual(2);
});

it("hashes move either way, and to other memory, at the next sign-in", async () => {
  const [bcrypt, argon2] = [await inBcrypt().hash("correct horse"), await inArgon2().hash("correct horse")];
  expect(await inArgon2().verify("correct horse", bcrypt)).toMatchObject({ matches: true, needsRehash: true });
  expect(await inBcrypt().verify("correct horse", argon2)).toMatchObject({ matches: true, needsRehash: true });
  expect(await inArgon2(20).verify("correct horse", argon2)).toMatchObject({ matches: true, needsRehash: true });
});

it.each([
  ["an account that does not exist", null],
  ["an unusable password", "!"],
])("nothing fits %s", async (_title, encoded) => {
  const refused = { matches: false, needsRehash: false, isUsable: false };
  for (const typed of ["", "correct horse", "\ud800"]) expect(await inArgon2().verify(typed, encoded)).toEqual(refused);
});

describe("how many are of another kind", () => {
  it("is not known before they were counted, and leaves out those that are not moved", async () => {
    const passwords = inArgon2();
    expect(passwords.load().foreign).toBeNull();
    const kinds = [
      { kind: await inBcrypt().hash("correct horse"), count: 7 },
      { kind: await passwords.hash("correct horse"), count: 40 },
      { kind: await inArgon2(20).hash("correct horse"), count: 2 },
    ];
    passwords.countForeign(kinds);
    expect(passwords.load().foreign).toBe(9);
  });
});

it("a refusal is the same work for nobody, for whoever has such a hash, and for whoever was not moved yet", {
  tags: ["long"],
}, async () => {
  const passwords = createPasswords({ cost: 8, concurrency: 2, queueLimit: 1_000, format: "argon2id", memory: 19 });
  const old = await createPasswords({ cost: 8, concurrency: 2, queueLimit: 1_000 }).hash("correct horse");
  const stored = [await passwords.hash("correct horse"), null, "!", old];
  await passwords.learnCosts([old]);
  const works = stored.map((): number[] => []);
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  const ratio = (a: number, b: number) => Math.max(a, b) / Math.min(a, b);
  const areAlike = ([theirs = 0, nobodys = 0, unusable = 0, others = 0]: readonly number[]) =>
    ratio(theirs, nobodys) < 1.4 && ratio(theirs, unusable) < 1.4 && ratio(theirs, others) < 2;
  // What a busy machine adds wears off, the longer it is measured; a difference stays.
  for (let round = 1; round <= 5 || (round <= 21 && !areAlike(works.map(median))); round += 1)
    for (const [index, encoded] of stored.entries())
      works[index]?.push(await processorTimeOf(() => passwords.verify("wrong horse", encoded)));
  expect(works.map(median)).toSatisfy(areAlike);
});
