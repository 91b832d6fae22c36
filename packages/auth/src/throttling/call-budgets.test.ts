import { expect, test } from "vitest";
import { isAuthError } from "../errors.ts";
import { createCallLimiter } from "./call-budgets.ts";

function createLimiter(budgets = { own: 60, administration: 600 }) {
  let now = 1_000_000;
  const limiter = createCallLimiter(budgets, { clock: { now: () => new Date(now) } });
  return { ...limiter, advance: (seconds: number) => (now += seconds * 1_000) };
}

const spendAll = (spend: () => void, times: number) => {
  let done = 0;
  for (let time = 0; time < times; time += 1) {
    try {
      spend();
      done += 1;
    } catch (error) {
      if (!isAuthError(error) || error.code !== "rate_limited") throw error;
    }
  }
  return done;
};

test("of 300 calls at once no more are let through than a minute's worth, and refused ones cost nothing", () => {
  const { spend, advance } = createLimiter();
  expect(spendAll(() => spend("alice", "own", 1), 300)).toBe(60);
  advance(10);
  expect(spendAll(() => spend("alice", "own", 1), 300)).toBe(10);
  advance(60);
  expect(spendAll(() => spend("alice", "own", 1), 300)).toBe(60);
});

test("it is told after how many seconds the call can be paid", () => {
  const { spend, advance } = createLimiter();
  spendAll(() => spend("alice", "own", 1), 60);
  const refusal = () => spend("alice", "own", 20);
  expect(refusal).toThrow(expect.objectContaining({ code: "rate_limited", retryAfter: 20 }));
  advance(20);
  expect(refusal).not.toThrow();
});

test("what one person spends, or spends of another budget, is missing to nobody", () => {
  const { spend } = createLimiter();
  spendAll(() => spend("alice", "own", 1), 60);
  expect(spendAll(() => spend("bob", "own", 1), 60)).toBe(60);
  expect(spendAll(() => spend("alice", "administration", 1), 1_000)).toBe(600);
});

test("a call that costs more than a minute's worth can be made from a whole budget", () => {
  const { spend } = createLimiter({ own: 10, administration: 10 });
  expect(spendAll(() => spend("alice", "own", 20), 5)).toBe(1);
});

test("a budget of 0 is no limit", () => {
  const { spend } = createLimiter({ own: 0, administration: 600 });
  expect(spendAll(() => spend("alice", "own", 20), 1_000)).toBe(1_000);
});

test("a crowd is forgotten from who has spent nothing for longest, so that memory is bounded", () => {
  const { spend } = createLimiter();
  spendAll(() => spend("alice", "own", 1), 60);
  for (let person = 0; person < 20_000; person += 1) spend(`person ${person}`, "own", 1);
  expect(spendAll(() => spend("alice", "own", 1), 60)).toBe(60);
  expect(spendAll(() => spend("person 19999", "own", 1), 60)).toBe(59);
});
