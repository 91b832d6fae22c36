import { availableParallelism } from "node:os";
import { answerParent } from "../processes/answer-parent.ts";
import { type Profile, type Spent, startProfile } from "../profiling/profile.ts";

// As in the service's own main.ts: before anything is loaded.
process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism() + 4);

const { procedures } = await import("@latchkey/api/procedures");
const { runService } = await import("@latchkey/api/service");
const { publicProcedure, router } = await import("@latchkey/api/trpc");

/** The service as it is, with one procedure more, which does nothing: what every other one can be held against. */
const measured = router({ ...procedures, bench: { noop: publicProcedure.query(() => null) } });

let profile: Profile | undefined;

const answers = {
  startProfile: async (_: object): Promise<void> => {
    profile = await startProfile();
  },
  stopProfile: async (_: object): Promise<Spent> => (await profile?.stop()) ?? {},
  /** What the process has used so far; with `settle`, after the memory that nothing needs has been given back. */
  usage: ({ settle }: { settle: boolean }): Usage => {
    if (settle) globalThis.gc?.();
    const { user, system } = process.cpuUsage();
    return { cpuMicroseconds: user + system, memoryBytes: process.memoryUsage.rss() };
  },
};

export interface Usage {
  readonly cpuMicroseconds: number;
  readonly memoryBytes: number;
}

export type ServiceAnswers = typeof answers;

process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
answerParent(answers);
await runService({ router: measured });
process.exit(0);
