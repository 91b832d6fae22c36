import type { Config } from "@latchkey/auth";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import { identifierText, passwordText, text } from "../inputs.ts";

/** Setting a password without knowing the one before. */
export function createPasswordProcedures<C extends Config>({ publicProcedure }: Builders<C>) {
  return {
    /** Sets a password with a one-time code, and ends every session of the account. */
    reset: publicProcedure
      .input(z.strictObject({ username: identifierText, code: text(64), newPassword: passwordText }))
      .mutation(async ({ ctx, input }) => {
        await ctx.latchkey.auth.resetPassword(input, ctx.latchkey.facts);
        return {};
      }),
  };
}
