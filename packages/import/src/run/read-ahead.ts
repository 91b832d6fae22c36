/** Reads one batch ahead while the one before is worked on: the source's work and ours go on side by side. */
export async function* readAhead<T>(batches: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = batches[Symbol.asyncIterator]();
  // What goes wrong is told when its turn comes.
  const begin = () => {
    const next = iterator.next();
    next.catch(() => {});
    return next;
  };
  let next = begin();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = begin();
      yield value;
    }
  } finally {
    await next.catch(() => {});
    await iterator.return?.();
  }
}
