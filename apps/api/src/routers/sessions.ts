import { z } from "zod";
import { protectedProcedure } from "../trpc.ts";

/** Where a person is signed in. */
export const sessionsProcedures = {
  list: protectedProcedure.query(({ ctx }) => ctx.auth.listSessions(ctx)),

  /** Ends one session of the caller's own, which may be the present one. */
  revoke: protectedProcedure.input(z.strictObject({ id: z.uuid() })).mutation(async ({ ctx, input }) => {
    await ctx.auth.revokeSession(ctx, input.id, ctx.facts);
    return {};
  }),

  /** Ends all sessions of the caller's but the present one. */
  revokeOthers: protectedProcedure.mutation(async ({ ctx }) => ({
    ended: await ctx.auth.revokeOtherSessions(ctx, ctx.facts),
  })),
};
