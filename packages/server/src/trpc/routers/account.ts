import type { Config, ProfileChangesOf, ProfileDefinition } from "@latchkey/auth";
import { deviceName } from "@latchkey/auth/internal";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import { challengeText, identifierText, newPasswordText, passwordText, profileInput, taking, text } from "../inputs.ts";

/** Opening an account of one's own. */
export function createAccountProcedures<C extends Config>(
  { publicProcedure }: Builders<C>,
  profile: ProfileDefinition,
) {
  return {
    /**
     * Opens an account and signs in: with a username and a password, or with the ticket of a number or an address that was proved. One given
     * without waits for proof: until then it neither signs in nor keeps its owner from it.
     */
    register: taking<Partial<C["profileInput"]>>()(
      publicProcedure
        .meta({ cookieMode: { opensSession: true } })
        .input(
          profileInput(profile, {
            username: identifierText.optional(),
            password: newPasswordText.optional(),
            ticket: challengeText.optional(),
            isNotMine: z.boolean().optional(),
            phoneNumber: identifierText.optional(),
            email: identifierText.optional(),
            deviceName: deviceName.optional(),
          }),
        )
        .mutation(({ ctx, input }) =>
          ctx.latchkey.auth.register(input as typeof input & ProfileChangesOf<C>, ctx.latchkey.facts),
        ),
    ),

    /** Stops the changes of an account that wait, and its deletion, from a device that has signed in to it and may have no session any more. */
    stopChanges: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark" } })
      .input(z.strictObject({ username: identifierText, deviceMark: text(64).optional() }))
      .mutation(async ({ ctx, input }) => {
        await ctx.latchkey.auth.stopPendingChanges(input, ctx.latchkey.facts);
        return {};
      }),

    /**
     * Holds a reset that a code has made, with the password from before it and on a device that had signed in before, or lets it go on. Of
     * accounts, passwords and devices that do not fit nothing is told.
     */
    holdReset: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark" } })
      .input(
        z.strictObject({
          username: identifierText,
          password: passwordText,
          deviceMark: text(64).optional(),
          release: z.boolean().optional(),
        }),
      )
      .mutation(({ ctx, input }) => ctx.latchkey.auth.holdReset(input, ctx.latchkey.facts)),
  };
}
