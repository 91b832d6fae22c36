import type { Metric } from "./exposition.ts";

/** What is done by the clock, and has nobody who waits for it. */
export type Task = "hashes" | "keys" | "changes" | "purge" | "backup";

export interface TaskMetrics {
  /** A task was done, now or at a time in milliseconds since 1970. */
  note(task: Task, at?: number): void;
  metrics(): readonly Metric[];
}

/** @param tasks what this process does; until it was done once, the time is that of the process's beginning */
export function createTaskMetrics(tasks: readonly Task[]): TaskMetrics {
  const done = new Map<Task, number>(tasks.map((task) => [task, performance.timeOrigin]));
  return {
    note: (task, at = Date.now()) => void done.set(task, at),
    metrics: () => [
      {
        name: "latchkey_task_last_success_timestamp_seconds",
        help: "When what is done by the clock was last done without a failure, in seconds since 1970.",
        type: "gauge",
        samples: [...done].map(([task, at]) => ({ labels: { task }, value: at / 1_000 })),
      },
    ],
  };
}
