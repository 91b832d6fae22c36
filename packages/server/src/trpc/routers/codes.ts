import { type Config, withIssueCode } from "@latchkey/auth";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import { challengeText, identifierText, localeText, text } from "../inputs.ts";

/** Codes that are sent to phones and mailboxes. */
export function createCodesProcedures<C extends Config>({ publicProcedure }: Builders<C>) {
  return {
    /**
     * Sends a code. `sign_in` is for people who have an account; with `enter`, whoever has none goes on to register. Everybody is answered
     * alike. `reauthenticate` sends one to the caller's own number or address, and needs the access token.
     */
    start: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark" } })
      .input(
        z
          .strictObject({
            purpose: z.enum(["enter", "sign_in", "reauthenticate"]),
            to: identifierText.optional(),
            current: z.enum(["phone", "email"]).optional(),
            deviceMark: text(64).optional(),
            locale: localeText.optional(),
          })
          .refine(({ purpose, to, current }) => (purpose === "reauthenticate" ? !to && current : to && !current), {
            path: ["to"],
            ...withIssueCode(
              "required",
              "is missing; for `reauthenticate` it is `current` that says where the code goes",
            ),
          }),
      )
      .mutation(async ({ ctx, input: { purpose, to = "", current = "phone", ...input } }) => {
        const { auth, facts, authorization } = ctx.latchkey;
        if (purpose !== "reauthenticate") return auth.startCode({ ...input, purpose, to }, facts);
        const caller = await auth.authenticate(authorization, facts);
        return auth.startReauthentication(caller, { current, locale: input.locale }, facts);
      }),

    /** Sends the same code once more, where it is time for that; otherwise it answers the same and sends nothing. */
    resend: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark" } })
      .input(z.strictObject({ challenge: challengeText, deviceMark: text(64).optional() }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.resendCode(input, ctx.latchkey.facts)),
  };
}
