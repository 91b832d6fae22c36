import { describe, expect, test } from "vitest";
import { canTakeBack } from "./take-back.ts";

const reader = { seesContact: true };

test("what was changed of an account can be taken back, but for a consent", () => {
  expect(canTakeBack({ city: "Ankara", phoneNumber: "+905321234567", email: null }, reader)).toBe(true);
  expect(canTakeBack({ city: "Ankara", isApprovedToBeInTouch: true }, reader)).toBe(false);
});

describe("for whom contacts are masked", () => {
  const masked = { seesContact: false };

  test.each([{ phoneNumber: "+90•••67" }, { email: "k•••@e•••.com", city: "Ankara" }])(
    "no mask is written: %j",
    (former) => {
      expect(canTakeBack(former, masked)).toBe(false);
    },
  );

  test("a number that was not there is taken away again, and all else is as it was", () => {
    expect(canTakeBack({ phoneNumber: null, email: undefined, username: "ada" }, masked)).toBe(true);
  });
});
