import { inspect } from "node:util";
import { expect, test } from "vitest";
import { withoutValues } from "./without-values.ts";

class DatabaseError extends Error {
  readonly code = "23505";
  readonly detail = "Key (phone_number)=(+905321234567) already exists.";
  readonly where = "parameter $1 = 'hunter2'";
}

test("an error of the database loses the values of its rows, and nothing else", () => {
  const error = new DatabaseError("duplicate key value");
  const safe = withoutValues(error);
  expect(safe).toBeInstanceOf(DatabaseError);
  expect(safe).toMatchObject({ message: "duplicate key value", code: "23505", stack: error.stack });
  expect(inspect(safe)).not.toMatch(/hunter2|5321234567/);
  expect(error.detail).toContain("5321234567");
});

test("so do its causes, however deep an error that is nobody's row wraps them", () => {
  const wrapped = new Error("outer", {
    cause: new Error("inner", { cause: new DatabaseError("duplicate key value") }),
  });
  expect(inspect(withoutValues(wrapped), { depth: 9 })).not.toMatch(/hunter2|5321234567/);
  expect(withoutValues(wrapped)).toMatchObject({
    message: "outer",
    cause: { message: "inner", cause: { code: "23505" } },
  });
});

test("an error of a parser loses what it quotes of its input, and so does one that repeats it", () => {
  const parse = () => {
    try {
      return JSON.parse('{"password":hunter2}');
    } catch (error) {
      return error;
    }
  };
  const error = parse();
  expect(inspect(error)).toContain("hunter2");
  const wrapped = new Error((error as Error).message, { cause: error });
  for (const safe of [withoutValues(error), withoutValues(wrapped)]) {
    expect(inspect(safe, { depth: 9 })).not.toContain("hunter2");
    expect(safe).toMatchObject({ message: "This is not valid JSON" });
  }
  expect(withoutValues(error)).toBeInstanceOf(SyntaxError);
});

test("what has no values is the same as it was, a circle of causes too", () => {
  const plain = new TypeError("x");
  const circle = new Error("round");
  circle.cause = circle;
  for (const thing of [plain, circle, "text", null, { detail: "no error" }]) expect(withoutValues(thing)).toBe(thing);
});
