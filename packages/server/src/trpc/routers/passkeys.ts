import type { Config } from "@latchkey/auth";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import { challengeText } from "../inputs.ts";

/** What a browser is to be asked before somebody is signed in. What it answers goes to `token.obtainByPasskey` and `token.obtainBySecondFactor`. */
export function createPasskeysProcedures<C extends Config>({ publicProcedure }: Builders<C>) {
  return {
    /** To sign in by a passkey without a name. It is the same for everybody. */
    start: publicProcedure.meta({ cookieMode: {} }).mutation(({ ctx }) => ctx.latchkey.auth.startPasskeySignIn()),

    /** For the ticket of `second_factor_required` whose `methods` have `passkey`. */
    startSecondFactor: publicProcedure
      .meta({ cookieMode: {} })
      .input(z.strictObject({ ticket: challengeText }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.startSecondFactorPasskey(input.ticket, ctx.latchkey.facts)),

    /** Has the browser make a passkey, for the ticket of `second_factor_required` whose `enroll` has `passkey`. */
    startEnrolling: publicProcedure
      .meta({ cookieMode: {} })
      .input(z.strictObject({ ticket: challengeText }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.startEnrollingPasskey(input.ticket, ctx.latchkey.facts)),
  };
}
