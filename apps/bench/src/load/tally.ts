import { quantile } from "../statistics.ts";
import type { Answered } from "./connection.ts";
import type { Outcome } from "./plan.ts";

/** Counts answers, exactly: every latency is kept. */
export class Tally {
  readonly #latencies: number[] = [];
  readonly #statuses: Record<string, number> = {};
  #startedAt = performance.now();
  #seconds = 0;
  #leftOut = 0;

  get isEmpty(): boolean {
    return this.#latencies.length === 0;
  }

  begin(): void {
    this.#startedAt = performance.now();
  }

  count({ status, milliseconds }: Answered): void {
    this.#latencies.push(milliseconds);
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
  }

  leaveOut(): void {
    this.#leftOut++;
  }

  end(): void {
    this.#seconds = (performance.now() - this.#startedAt) / 1000;
  }

  outcome(): Outcome {
    const calls = this.#latencies.length;
    const [median, p99] = [quantile(this.#latencies, 0.5), quantile(this.#latencies, 0.99)];
    const perSecond = calls / this.#seconds;
    return { calls, perSecond, median, p99, statuses: this.#statuses, leftOut: this.#leftOut };
  }
}
