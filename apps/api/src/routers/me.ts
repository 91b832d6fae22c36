import { profileChangesSchema } from "@latchkey/auth";
import { z } from "zod";
import { protectedProcedure } from "../trpc.ts";
import { passwordText } from "./inputs.ts";

/** What a person sees and changes of themselves. */
export const meProcedures = {
  get: protectedProcedure.query(({ ctx }) => ctx.user),

  /** Changes the given profile fields and answers the user as it then is. */
  update: protectedProcedure
    .input(profileChangesSchema)
    .mutation(({ ctx, input }) => ctx.auth.updateProfile(ctx, input, ctx.facts)),

  /** What the person may do at this moment: for showing and hiding, since each call checks for itself. */
  permissions: protectedProcedure.query(async ({ ctx }) => [...(await ctx.auth.findPermissions(ctx.user))]),

  /** Replaces the password, ends every other session, and answers a new pair of tokens for this one. */
  changePassword: protectedProcedure
    .meta({ cookieMode: {} })
    .input(z.strictObject({ currentPassword: passwordText, newPassword: passwordText }))
    .mutation(({ ctx, input }) => ctx.auth.changePassword(ctx, input, ctx.facts)),
};
