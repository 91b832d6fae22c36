import type { Config } from "@latchkey/auth";
import type { Builders } from "../builders.ts";
import { byId, shownDevice } from "../inputs.ts";

/** Where a person is signed in. */
export function createSessionsProcedures<C extends Config>({ protectedProcedure }: Builders<C>) {
  return {
    list: protectedProcedure.query(({ ctx }) => ctx.latchkey.auth.listSessions(ctx)),

    /** Ends one session of the caller's own, which may be the present one. */
    revoke: protectedProcedure.input(byId).mutation(async ({ ctx, input }) => {
      await ctx.latchkey.auth.revokeSession(ctx, input.id, ctx.latchkey.facts);
      return {};
    }),

    /** Ends all sessions of the caller's but the present one, and forgets every other device. */
    revokeOthers: protectedProcedure
      .meta({ cookieMode: { takes: "deviceMark" } })
      .input(shownDevice)
      .mutation(({ ctx, input }) => ctx.latchkey.auth.revokeOtherSessions(ctx, ctx.latchkey.facts, input)),
  };
}
