import type { Config } from "@latchkey/auth";
import { deviceName } from "@latchkey/auth/internal";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import { challengeText, codeText, newPasswordText, passkeyRegistration, text } from "../inputs.ts";

/** The way back for somebody who has nothing but their recovery codes. */
export function createRecoveryProcedures<C extends Config>({ publicProcedure }: Builders<C>) {
  return {
    /** Exchanges a code for a ticket. No name is needed. */
    start: publicProcedure
      .meta({ cookieMode: {} })
      .input(z.strictObject({ code: codeText }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.startRecovery(input, ctx.latchkey.facts)),

    /**
     * Sets a password, ends every session of the account, and signs in with it. A second factor is asked for then, unless the person says that
     * it is lost too.
     */
    setPassword: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark", opensSession: true } })
      .input(
        z.strictObject({
          ticket: challengeText,
          newPassword: newPasswordText,
          removeSecondFactors: z.boolean().optional(),
          deviceMark: text(64).optional(),
          deviceName: deviceName.optional(),
        }),
      )
      .mutation(({ ctx, input }) => ctx.latchkey.auth.recover(input, ctx.latchkey.facts)),

    /** Answers what a browser is to be asked to make a passkey, in the place of a new password. */
    startPasskey: publicProcedure
      .meta({ cookieMode: {} })
      .input(z.strictObject({ ticket: challengeText }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.startRecoveryPasskey(input.ticket, ctx.latchkey.facts)),

    /**
     * Gives the account that passkey, takes the password of before away, ends every session of the account, and signs in. Other factors stay,
     * unless the person says that they are lost too.
     */
    setPasskey: publicProcedure
      .meta({ cookieMode: { opensSession: true } })
      .input(
        z.strictObject({
          ticket: challengeText,
          passkey: passkeyRegistration,
          removeSecondFactors: z.boolean().optional(),
          deviceName: deviceName.optional(),
        }),
      )
      .mutation(({ ctx, input }) => ctx.latchkey.auth.recoverByPasskey(input, ctx.latchkey.facts)),
  };
}
