import type { Config } from "@latchkey/auth";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import { challengeText, codeText, identifierText, localeText, shownDevice, text } from "../inputs.ts";

/** Proving, changing and removing the number or the address of one's own account. */
export function createOwnNameProcedures<C extends Config>(
  { protectedProcedure }: Builders<C>,
  kind: "phone" | "email",
) {
  return {
    /** Sends a code to the account's own number or address, or, where another is given, to that, which becomes the account's. */
    start: protectedProcedure
      .input(z.strictObject({ to: identifierText.optional(), locale: localeText.optional() }).prefault({}))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.startOwnName(ctx, { ...input, kind }, ctx.latchkey.facts)),

    /** Proves it with that code. `pending` says what waits; null where nothing does. */
    confirm: protectedProcedure
      .meta({ cookieMode: { takes: "deviceMark" } })
      .input(
        z.strictObject({
          challenge: challengeText,
          code: codeText,
          isNotMine: z.boolean().optional(),
          deviceMark: text(64).optional(),
        }),
      )
      .mutation(({ ctx, input }) => ctx.latchkey.auth.confirmOwnName(ctx, { ...input, kind }, ctx.latchkey.facts)),

    /** Takes it from the account, at once or after a wait. */
    remove: protectedProcedure
      .meta({ cookieMode: { takes: "deviceMark" } })
      .input(shownDevice)
      .mutation(({ ctx, input }) => ctx.latchkey.auth.removeOwnName(ctx, { ...input, kind }, ctx.latchkey.facts)),
  };
}
