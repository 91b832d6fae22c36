import { expect } from "vitest";
import type { Program } from "../processes/service-process.ts";
import type { Crowd } from "./load-clients.ts";
import { password, phoneNumberOf } from "./person.ts";

/**
 * Whatever happened, a service's log is JSON lines with a level, a time and a message; nothing but its greeting is on standard error,
 * where a rejection that nobody handled would be; and neither holds a secret.
 */
export function expectCleanOutput(program: Program, crowd: Crowd, secrets: readonly string[] = []): void {
  const lines = program.log();
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    expect(line).toMatchObject({
      level: expect.stringMatching(/^(info|warn|error)$/),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      msg: expect.any(String),
    });
  }
  expect(program.stderr()).toMatch(/^(\nLatchkey listens on (?:.*\n)+?Stop with Ctrl-C\.\n\n)?$/);
  expectNoSecrets(program.stdout() + program.stderr(), crowd, secrets);
}

function expectNoSecrets(output: string, { people }: Crowd, secrets: readonly string[]): void {
  const phoneNumbers = people.map((_, index) => phoneNumberOf(index).slice(1));
  const found = [password, ...phoneNumbers, ...secrets].filter((secret) => output.includes(secret));
  // Thousands of tokens are looked for among the words that could be one.
  const words = new Set(output.match(/[\w-]{20,}/g));
  const tokens = people.flatMap((person) => person.secrets.filter((secret) => words.has(secret)));
  expect([...found, ...tokens], "secrets in the output").toEqual([]);
}

/** Errors that the service took for defects of its own. */
export function findDefects(program: Program): unknown[] {
  return program
    .log()
    .filter((line) => line.level === "error")
    .map(({ err }) => err);
}
