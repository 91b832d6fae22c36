/** A transaction that runs: on which database, and what is put off until its end. */
interface Running {
  readonly root: object;
  readonly putOff: (() => void)[];
}

const transactions = new WeakMap<object, Running>();

const joined = new WeakMap<object, object>();

/** Has what is written by `other` connections to a database count as written by way of it, for whoever is told. */
export function joinDatabase(db: object, other: object): void {
  joined.set(other, db);
}

/** The database that a transaction is on; outside of one it is what was given. Other connections to it are the same one. */
export function databaseOf(db: object): object {
  const root = transactions.get(db)?.root ?? db;
  return joined.get(root) ?? root;
}

/**
 * Does something once what was written is committed: at the end of the transaction, or now where there is none. It is forgotten where the
 * transaction fails, and done once where it is run again. It must not throw.
 */
export function afterCommit(db: object, act: () => void): void {
  const running = transactions.get(db);
  if (running) running.putOff.push(act);
  else act();
}

/**
 * Runs what is a transaction, several times if it must be, and then does what the last run has put off.
 *
 * @param run told to note each transaction that it begins
 */
export async function runToCommit<T>(
  root: object,
  run: (note: (transaction: object) => void) => Promise<T>,
): Promise<T> {
  let last: Running = { root, putOff: [] };
  const result = await run((transaction) => {
    last = { root, putOff: [] };
    transactions.set(transaction, last);
  });
  for (const act of last.putOff) act();
  return result;
}
