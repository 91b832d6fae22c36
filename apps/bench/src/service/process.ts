import { availableParallelism } from "node:os";
import { answerParent } from "../processes/answer-parent.ts";
import { type Profile, type Spent, startProfile } from "../profiling/profile.ts";

// As in the service's own main.ts: before anything is loaded.
process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism() + 4);

const { procedures } = await import("@latchkey/api/procedures");
const { runService } = await import("@latchkey/api/service");
const { publicProcedure, router } = await import("@latchkey/api/trpc");

/**
 * The service as it is, with two procedures more, which every other one can be held against: one that does nothing, and one that asks the
 * database the cheapest question there is, as a call does that asks it anything.
 */
const measured = router({
  ...procedures,
  bench: {
    noop: publicProcedure.query(() => null),
    read: publicProcedure.query(async ({ ctx }) => (await ctx.latchkey.auth.pool.query("select 1 as one")).rows),
  },
});

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
