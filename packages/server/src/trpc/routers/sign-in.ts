import { type Config, withIssueCode } from "@latchkey/auth";
import { deviceName } from "@latchkey/auth/internal";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import {
  challengeText,
  codeText,
  identifierText,
  newPasswordText,
  passkeyAssertion,
  passkeyRegistration,
  passwordText,
  text,
  totpText,
} from "../inputs.ts";

/** What a device kept from an earlier sign-in, and what to call it. */
const device = { deviceMark: text(64).optional(), deviceName: deviceName.optional() };
const rememberedDevice = {
  deviceMark: device.deviceMark,
  rememberMark: text(64).optional(),
  deviceName: device.deviceName,
};

/** The ways to a pair of tokens. */
export function createSignInProcedures<C extends Config>({ publicProcedure }: Builders<C>) {
  return {
    /** Signs in. `username` may be a username, a phone number in any usual spelling, or an e-mail address. */
    obtain: publicProcedure
      .meta({ cookieMode: { takes: "marks", opensSession: true } })
      .input(
        z.strictObject({
          username: identifierText,
          password: passwordText,
          ticket: challengeText.optional(),
          ...rememberedDevice,
        }),
      )
      .mutation(({ ctx, input }) => ctx.latchkey.auth.signIn(input, ctx.latchkey.facts)),

    /** Signs in by the code of a challenge. Where that alone is not enough the answer is a ticket, and `next` says what it is for. */
    obtainByCode: publicProcedure
      .meta({ cookieMode: { takes: "marks", opensSession: true } })
      .input(
        z.strictObject({
          challenge: challengeText,
          code: codeText,
          ...rememberedDevice,
        }),
      )
      .mutation(({ ctx, input }) => ctx.latchkey.auth.signInByCode(input, ctx.latchkey.facts)),

    /** Signs in by a passkey, without a name: with what the browser answered to `passkeys.start`. */
    obtainByPasskey: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark", opensSession: true } })
      .input(
        z.strictObject({
          passkey: passkeyAssertion,
          ticket: challengeText.optional(),
          ...device,
        }),
      )
      .mutation(({ ctx, input }) => ctx.latchkey.auth.signInByPasskey(input, ctx.latchkey.facts)),

    /**
     * Opens a session for an app that has sent somebody to the service's pages and got a code back (RFC 6749 §4.1.3, with PKCE). A code that is
     * used twice ends the session that it has opened.
     */
    obtainByRedirect: publicProcedure
      .input(
        z.strictObject({
          code: text(64),
          codeVerifier: z.string().regex(/^[\w.~-]{43,128}$/, "is not a code verifier of 43 to 128 characters"),
          clientId: text(64),
          redirectUri: text(500),
          ...device,
        }),
      )
      .mutation(({ ctx, input }) => ctx.latchkey.auth.signInByRedirect(input, ctx.latchkey.facts)),

    /**
     * Signs in whoever was refused with `second_factor_required`, by its ticket and one of three: what the authenticator app shows, a passkey of
     * the account, or, where its `enroll` says so, a new one. Where they came to set a password it is set now; whoever has just set a factor up
     * gets recovery codes, where they have none. With `remember`, this device is asked for the first factor alone for a while.
     */
    obtainBySecondFactor: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark", opensSession: true } })
      .input(
        z
          .strictObject({
            ticket: challengeText,
            totp: totpText.optional(),
            passkey: passkeyAssertion.optional(),
            newPasskey: passkeyRegistration.optional(),
            deviceMark: text(64).optional(),
            remember: z.boolean().optional(),
          })
          .refine(
            ({ totp, passkey, newPasskey }) =>
              [totp, passkey, newPasskey].filter((shown) => shown !== undefined).length === 1,
            {
              path: ["totp"],
              ...withIssueCode("required", "is missing, or a passkey is in its place: one of the three"),
            },
          ),
      )
      .mutation(({ ctx, input }) => ctx.latchkey.auth.signInBySecondFactor(input, ctx.latchkey.facts)),

    /**
     * Replaces the password of whoever was refused with `password_change_required`, by its ticket, and signs them in, or asks for the second
     * factor that they have.
     */
    obtainByNewPassword: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark", opensSession: true } })
      .input(z.strictObject({ ticket: challengeText, newPassword: newPasswordText, deviceMark: text(64).optional() }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.signInByNewPassword(input, ctx.latchkey.facts)),

    /** Makes the secret of an authenticator app for whoever needs a second factor to sign in and has none. */
    enrollTotp: publicProcedure
      .meta({ cookieMode: {} })
      .input(z.strictObject({ ticket: challengeText }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.startEnrolling(input.ticket, ctx.latchkey.facts)),
  };
}
