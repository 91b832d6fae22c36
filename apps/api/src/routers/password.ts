import { z } from "zod";
import { publicProcedure } from "../trpc.ts";
import { identifierText, passwordText, text } from "./inputs.ts";

/** Setting a password without knowing the one before. */
export const passwordProcedures = {
  /** Sets a password with a one-time code, and ends every session of the account. */
  reset: publicProcedure
    .input(z.strictObject({ username: identifierText, code: text(64), newPassword: passwordText }))
    .mutation(async ({ ctx, input }) => {
      await ctx.auth.resetPassword(input, ctx.facts);
      return {};
    }),
};
