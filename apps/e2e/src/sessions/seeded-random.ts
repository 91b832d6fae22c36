/** Chances that come again with the same seed. */
export interface Dice {
  /** From 0 up to 1, without it. */
  roll(): number;
  /** A whole number, both ends included. */
  between(least: number, most: number): number;
  /** One of several, each as likely as its weight says. */
  pick<T>(choices: readonly (readonly [weight: number, choice: T])[]): T;
}

/** The generator known as mulberry32: 32 bits of state are plenty for a few thousand rolls. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const roll = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = <T>(choices: readonly (readonly [weight: number, choice: T])[]): T => {
    let left = roll() * choices.reduce((total, [weight]) => total + weight, 0);
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    throw new Error("There is nothing to pick from");
  };
  return { roll, between: (least, most) => least + Math.floor(roll() * (most - least + 1)), pick };
}
