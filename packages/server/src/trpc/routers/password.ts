import { type Config, withIssueCode } from "@latchkey/auth";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import { challengeText, codeText, identifierText, localeText, newPasswordText, text } from "../inputs.ts";

/** Setting a password without knowing the one before. */
export function createPasswordProcedures<C extends Config>({ publicProcedure }: Builders<C>) {
  return {
    /** Sends a code with which a password is set. Everybody is answered alike. */
    startReset: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark" } })
      .input(
        z.strictObject({
          username: identifierText,
          deviceMark: text(64).optional(),
          locale: localeText.optional(),
        }),
      )
      .mutation(({ ctx, input }) => ctx.latchkey.auth.startReset(input, ctx.latchkey.facts)),

    /**
     * Sets a password, and ends every session of the account: with the code that `password.startReset` sent and its challenge, or with a
     * name of the account and an administrator's code.
     */
    reset: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark" } })
      .input(
        z
          .strictObject({
            username: identifierText.optional(),
            challenge: challengeText.optional(),
            code: codeText,
            newPassword: newPasswordText,
            deviceMark: text(64).optional(),
          })
          .refine(({ username, challenge }) => (username === undefined) !== (challenge === undefined), {
            path: ["username"],
            ...withIssueCode("required", "is missing, or a challenge is in its place: one of the two"),
          }),
      )
      .mutation(({ ctx, input: { username = "", challenge, deviceMark, ...input } }) => {
        const { auth, facts } = ctx.latchkey;
        return challenge === undefined
          ? auth.resetPassword({ ...input, username, deviceMark }, facts)
          : auth.resetPasswordByCode({ ...input, challenge, deviceMark }, facts);
      }),
  };
}
