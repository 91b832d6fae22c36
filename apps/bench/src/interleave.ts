/** Things to measure, by name; each answers the figure of one repetition. */
export type Sides<Name extends string, Figure> = Readonly<Record<Name, () => Promise<Figure>>>;

export type Interleaved<Name extends string, Figure> = Readonly<Record<Name, readonly Figure[]>>;

/**
 * Measures things in turn, so that all meet the same machine: first to last, last to first, and so on. The first round warms up
 * and does not count.
 */
export async function interleave<Name extends string, Figure>(
  repetitions: number,
  sides: Sides<Name, Figure>,
): Promise<Interleaved<Name, Figure>> {
  const names = Object.keys(sides) as Name[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as Figure[]])) as Record<Name, Figure[]>;
  for (const name of names) await sides[name]();
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const order = repetition % 2 === 0 ? names : names.toReversed();
    for (const name of order) figures[name].push(await sides[name]());
  }
  return figures;
}
