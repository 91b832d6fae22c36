/** Work of the core's that takes time, for whoever measures or traces it. */
export type Work =
  /** A password waits for its turn to be hashed. */
  | "hash_wait"
  /** A password is hashed, or checked against a hash. `kind`: the format, or `none` where there is nothing to check against. */
  | "hash"
  /** Sessions and users of calls that arrived together are read. `calls`: how many. */
  | "shared_read"
  /** A code is handed to a provider. `channel`: over which. */
  | "message"
  /** A notice is handed to a provider. `channel`: over which. */
  | "notice"
  /** An event is handed to a webhook. `type`: which. */
  | "webhook";

/** What is known of a piece of work: words of closed lists and counts, never anything of a person. */
export type WorkFacts = Readonly<Record<string, string | number>>;

/** Runs a piece of work, once, and answers or throws what it does. */
export type Watch = <T>(work: Work, facts: WorkFacts, run: () => Promise<T>) => Promise<T>;

/** Where nobody watches. */
export const watchNothing: Watch = (_work, _facts, run) => run();
