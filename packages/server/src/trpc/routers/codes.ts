import type { Config } from "@latchkey/auth";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import { challengeText, identifierText, localeText, text } from "../inputs.ts";

/** Codes that are sent to phones and mailboxes. */
export function createCodesProcedures<C extends Config>({ publicProcedure }: Builders<C>) {
  return {
    /**
     * Sends a code. `sign_in` is for people who have an account; with `enter`, whoever has none goes on to register. Everybody is answered
     * alike.
     */
    start: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark" } })
      .input(
        z.strictObject({
          purpose: z.enum(["enter", "sign_in"]),
          to: identifierText,
          deviceMark: text(64).optional(),
          locale: localeText.optional(),
        }),
      )
      .mutation(({ ctx, input }) => ctx.latchkey.auth.startCode(input, ctx.latchkey.facts)),

    /** Sends the same code once more, where it is time for that; otherwise it answers the same and sends nothing. */
    resend: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark" } })
      .input(z.strictObject({ challenge: challengeText, deviceMark: text(64).optional() }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.resendCode(input, ctx.latchkey.facts)),
  };
}
