import { expect, it } from "vitest";
import { createUsedUp } from "./used-up.ts";

it("remembers what was used up for a minute, and a crowd of which each is refused once does not fill the memory", () => {
  let now = 0;
  const usedUp = createUsedUp(() => now);
  usedUp.add(["country:TR"]);
  now = 59_999;
  expect([usedUp.hasAny(["total", "country:TR"]), usedUp.hasAny(["total"])]).toEqual([true, false]);
  now = 60_000;
  expect(usedUp.hasAny(["country:TR"])).toBe(false);
  for (let nth = 0; nth < 9_999; nth += 1) usedUp.add([`number ${nth}`]);
  expect(usedUp.hasAny(["number 9998"])).toBe(true);
  usedUp.add(["one more"]);
  expect([usedUp.hasAny(["number 9998"]), usedUp.hasAny(["one more"])]).toEqual([false, true]);
});
