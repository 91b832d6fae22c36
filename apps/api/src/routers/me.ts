import { profileChangesSchema } from "@latchkey/auth";
import { protectedProcedure } from "../trpc.ts";

/** What a person sees and changes of themselves. */
export const meProcedures = {
  get: protectedProcedure.query(({ ctx }) => ctx.user),

  /** Changes the given profile fields and answers the user as it then is. */
  update: protectedProcedure
    .input(profileChangesSchema)
    .mutation(({ ctx, input }) => ctx.auth.updateProfile(ctx, input, ctx.facts)),
};
