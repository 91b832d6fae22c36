/**
 * Tells whether a text is not among the latest `size` ones that it was asked about, in bounded memory.
 *
 * @example
 * const isNew = rememberLatest(100);
 * if (isNew(origin)) log.warn({ origin }, "refused");
 */
export function rememberLatest(size: number): (text: string) => boolean {
  const latest = new Set<string>();
  return (text) => {
    const isNew = !latest.delete(text);
    latest.add(text);
    const [oldest] = latest;
    if (latest.size > size && oldest !== undefined) latest.delete(oldest);
    return isNew;
  };
}
