import { describe, expect, test } from "vitest";
import { guessBy, isId } from "./search.ts";

describe("what a search means", () => {
  test.each(["+90 532 123 45 67", "0532 123", "(0532) 123-45-67", "٠٥٣٢ ١٢٣", "05", "+9"])("%s is a number", (text) => {
    expect(guessBy(text)).toBe("phoneNumber");
  });
  test.each(["ada@example.com", "ada@", " @example.com "])("%s is an address", (text) => {
    expect(guessBy(text)).toBe("email");
  });
  test.each(["ada", "Ada_1", "_1", "x2 ", "Ünal", "علي"])("%s is a username", (text) => {
    expect(guessBy(text)).toBe("username");
  });

  test("an id is one whole, and nothing that looks like a part of one", () => {
    expect(isId(" 01900000-0000-7000-8000-000000000000 ")).toBe(true);
    expect(isId("01900000-0000-7000-8000-00000000000")).toBe(false);
    expect(isId("01900000")).toBe(false);
  });
});
