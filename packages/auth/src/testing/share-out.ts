/** A share of cases, and what their tests are tagged with. */
export interface Share<Case> {
  readonly tags: string[];
  readonly cases: Case[];
}

/**
 * Shares out cases that are alike: one of so many, the first among them, to the ordinary run, and the others to the long one.
 *
 * @example
 * for (const { tags, cases } of shareOut(rows, 4)) test.each(cases)("%s", { tags }, (row) => …);
 */
export function shareOut<const Case>(cases: readonly Case[], oneOf: number): readonly Share<Case>[] {
  return shareOutBy(cases, (_, index) => index % oneOf === 0);
}

/** The same where the cases themselves say which of them are tried in the ordinary run. */
export function shareOutBy<const Case>(
  cases: readonly Case[],
  isOrdinary: (one: Case, index: number) => boolean,
): readonly Share<Case>[] {
  return [
    { tags: [], cases: cases.filter(isOrdinary) },
    { tags: ["long"], cases: cases.filter((one, index) => !isOrdinary(one, index)) },
  ];
}
