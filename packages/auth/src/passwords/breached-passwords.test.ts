import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { isBreachedPassword, makeFilter } from "./breached-passwords.ts";

/** The same texts on every run, that nobody ever chose. */
function madeUp(index: number): string {
  return createHash("sha256").update(`made up ${index}`).digest("base64url").slice(0, 16);
}

describe("passwords of breaches", () => {
  // From the start, the middle and the end of the lists.
  test.each(["calculator", "g00dPa$$w0rD", "younglife", "Loxotron1", "05101991h", "rjycnfynby", "Vjuexbq12"])(
    "%s is one",
    (password) => expect(isBreachedPassword(password)).resolves.toBe(true),
  );

  test("so is the same in capitals and full width", async () => {
    expect(await Promise.all(["RJYCNFYNBY", "ｒｊｙｃｎｆｙｎｂｙ"].map(isBreachedPassword))).toEqual([true, true]);
  });

  test("of 50,000 that nobody chose, next to none is taken for one", async () => {
    const found = await Promise.all(Array.from({ length: 50_000 }, (_, index) => isBreachedPassword(madeUp(index))));
    expect(found.filter(Boolean).length).toBeLessThanOrEqual(8);
  });

  test("a filter forgets none of those it was made of", () => {
    const words = Array.from({ length: 20_000 }, (_, index) => madeUp(index));
    const filter = makeFilter(words);
    expect(filter.length).toBe(50_000);
    expect(filter.reduce((bits, byte) => bits + byte.toString(2).replaceAll("0", "").length, 0) / 400_000).toBeCloseTo(
      0.503,
      2,
    );
  });
});
