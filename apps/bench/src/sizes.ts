/** How much is measured. */
export interface Sizes {
  readonly repetitions: number;
  /**
   * Turns of what can be measured in a moment, each side's first of which counts for nothing, and their seconds. Where many are short, a
   * neighbour of the machine disturbs few of them, and the median of their ratios moves little.
   */
  readonly turns: number;
  readonly turn: { readonly seconds: number; readonly warmUp: number };
  /** Seconds of one repetition of what is measured by time, and of the warm-up before each. */
  readonly seconds: number;
  readonly warmUp: number;
  /** Numbers of connections for the first row. */
  readonly connections: readonly number[];
  /** Connections of every other row, and people who are signed in for all rows together. */
  readonly crowd: number;
  readonly people: number;
  /** bcrypt's cost. */
  readonly cost: number;
  /** Sign-ins of one repetition. */
  readonly signIns: number;
  /** Calls a second of the traffic whose latency is read while others sign in: a small part of what the service can do. */
  readonly traffic: number;
  /** Rows of the small and of the large tables. */
  readonly few: number;
  readonly many: number;
  /** Lookups of one repetition. */
  readonly lookups: number;
  /** Mixed calls after which memory is read, early and late. */
  readonly callsBefore: number;
  readonly callsAfter: number;
  readonly starts: number;
  /** People who come over from another system. */
  readonly imported: number;
  /** Calls of each kind whose time is broken down. */
  readonly profiledCalls: number;
}

/** What fits in a quarter of an hour, so that it can be run before each release. */
export const fullSizes: Sizes = {
  repetitions: 5,
  turns: 21,
  turn: { seconds: 0.35, warmUp: 0.1 },
  seconds: 1.5,
  warmUp: 0.3,
  connections: [16, 64, 256],
  crowd: 64,
  people: 2_000,
  cost: 12,
  signIns: 32,
  traffic: 200,
  few: 1_000,
  many: 1_000_000,
  lookups: 2_000,
  callsBefore: 100_000,
  callsAfter: 400_000,
  starts: 5,
  imported: 200_000,
  profiledCalls: 20_000,
};

/** The same with as many people and calls as are promised for: the two rows that nothing but time can shorten. */
export const largeSizes: Sizes = { ...fullSizes, callsAfter: 1_000_000, imported: 1_000_000 };

/** Everything runs and nothing means anything: to see that the bench works. */
export const quickSizes: Sizes = {
  repetitions: 1,
  turns: 1,
  turn: { seconds: 0.1, warmUp: 0.05 },
  seconds: 0.1,
  warmUp: 0.05,
  connections: [8],
  crowd: 8,
  people: 150,
  cost: 10,
  signIns: 2,
  traffic: 50,
  few: 100,
  many: 1_000,
  lookups: 50,
  callsBefore: 200,
  callsAfter: 800,
  starts: 1,
  imported: 2_000,
  profiledCalls: 200,
};
