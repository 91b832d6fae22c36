/** Numbers of reviewers and automated tests: nothing is sent to them, and their code is fixed. */
export interface TestNumber {
  /** E.164. */
  readonly number: string;
  readonly code: string;
}

/**
 * Reads `+905550000001:123456,+905550000002:654321`.
 *
 * @throws RangeError that names the entry which cannot be, by its position and without its code
 */
export function parseTestNumbers(setting: string): readonly TestNumber[] {
  const entries = setting.split(",").map((entry) => entry.trim());
  const numbers = entries.filter((entry) => entry !== "").map(parseEntry);
  if (new Set(numbers.map(({ number }) => number)).size !== numbers.length)
    throw new RangeError("A test number stands twice");
  return numbers;
}

const e164 = /^\+[1-9][0-9]{6,14}$/;

function parseEntry(entry: string, index: number): TestNumber {
  const [number = "", code = "", ...rest] = entry.split(":");
  if (rest.length > 0 || !e164.test(number) || !/^([0-9]{6}|[0-9]{10})$/.test(code))
    throw new RangeError(`Test number ${index + 1} is not written like +905550000001:123456`);
  return { number, code };
}
