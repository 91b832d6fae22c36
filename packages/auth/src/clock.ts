/** The process's time, handed in so that tests can move it. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** Whole seconds since the epoch: a NumericDate of RFC 7519 §2. */
export function toNumericDate(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
