export interface RecentMedian {
  add(value: number): void;
  /** The median of the last values, or undefined before the first. */
  read(): number | undefined;
}

/** What is usual of late; one slow moment does not move it. */
export function createRecentMedian(size = 15): RecentMedian {
  const recent: number[] = [];
  return {
    add(value) {
      recent.push(value);
      if (recent.length > size) recent.shift();
    },
    read: () => recent.toSorted((a, b) => a - b)[Math.floor(recent.length / 2)],
  };
}
