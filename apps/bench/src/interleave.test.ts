import { expect, test } from "vitest";
import { interleave } from "./interleave.ts";

test("every side warms up once, and then they take turns at being first", async () => {
  const order: string[] = [];
  let figure = 0;
  const side = (name: string) => async () => {
    order.push(name);
    return figure++;
  };
  const figures = await interleave(3, { measured: side("m"), reference: side("r") });

  expect(order.join("")).toBe("mrmrrmmr");
  expect(figures).toEqual({ measured: [2, 5, 6], reference: [3, 4, 7] });
});
