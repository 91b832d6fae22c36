import { type Config, type ProfileChangesOf, type ProfileDefinition, withIssueCode } from "@latchkey/auth";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import {
  challengeText,
  codeText,
  eventCursor,
  pageLimit,
  passwordText,
  profileInput,
  taking,
  totpText,
} from "../inputs.ts";

/** What a person sees and changes of themselves. */
export function createMeProcedures<C extends Config>({ protectedProcedure }: Builders<C>, profile: ProfileDefinition) {
  return {
    get: protectedProcedure.query(({ ctx }) => ctx.user),

    /** Changes the given profile fields and answers the user as it then is. */
    update: taking<Partial<C["profileInput"]>>()(
      protectedProcedure
        .input(profileInput(profile, {}))
        .mutation(({ ctx, input }) =>
          ctx.latchkey.auth.updateProfile(ctx, input as ProfileChangesOf<C>, ctx.latchkey.facts),
        ),
    ),

    /**
     * What the person may do at this moment: for showing and hiding, since each call checks for itself. What another program declares may
     * be among it.
     */
    permissions: protectedProcedure.query(async ({ ctx }) => {
      const held = await ctx.latchkey.auth.findPermissions(ctx.user);
      return [...held] as C["permission"][];
    }),

    /** What happened to the account, the newest first. Whoever else did something is not named. */
    activity: protectedProcedure
      .input(z.strictObject({ cursor: eventCursor.optional(), limit: pageLimit }).prefault({}))
      .query(({ ctx, input }) => ctx.latchkey.auth.listActivity(ctx, input)),

    /** A copy of what is kept about the person. */
    export: protectedProcedure.query(({ ctx }) => ctx.latchkey.auth.exportOwnData(ctx)),

    /**
     * Shows in this session that it is its owner, with the password, or, where the account has none, with a code, and with what the
     * authenticator app shows where there is one: see `recentProcedure`.
     */
    reauthenticate: protectedProcedure
      .input(
        z
          .strictObject({
            password: passwordText.optional(),
            challenge: challengeText.optional(),
            code: codeText.optional(),
            totp: totpText.optional(),
          })
          .refine(
            ({ password, challenge, code }) =>
              password === undefined
                ? challenge !== undefined && code !== undefined
                : challenge === undefined && code === undefined,
            {
              path: ["password"],
              ...withIssueCode("required", "is missing, or a challenge and its code are in its place: one of the two"),
            },
          ),
      )
      .mutation(async ({ ctx, input: { password, challenge = "", code = "", totp } }) => {
        const { auth, facts } = ctx.latchkey;
        if (password !== undefined) await auth.reauthenticate(ctx, { password, totp }, facts);
        else await auth.reauthenticateByCode(ctx, { challenge, code, totp }, facts);
        return {};
      }),

    /** The authenticator app that is the person's second factor. */
    totp: {
      get: protectedProcedure.query(({ ctx }) => ctx.latchkey.auth.getTotp(ctx)),

      /** Makes a secret for an app. It counts for nothing until `confirm`. */
      start: protectedProcedure.mutation(({ ctx }) => ctx.latchkey.auth.startTotp(ctx, ctx.latchkey.facts)),

      /** Makes the app the second factor with what it shows, and ends every other session. */
      confirm: protectedProcedure
        .input(z.strictObject({ ticket: challengeText, totp: totpText }))
        .mutation(async ({ ctx, input }) => {
          await ctx.latchkey.auth.confirmTotp(ctx, input, ctx.latchkey.facts);
          return {};
        }),

      /** Takes the app away, and ends every other session. */
      remove: protectedProcedure.mutation(async ({ ctx }) => {
        await ctx.latchkey.auth.removeTotp(ctx, ctx.latchkey.facts);
        return {};
      }),
    },

    /** Replaces the password, ends every other session, and answers a new pair of tokens for this one. */
    changePassword: protectedProcedure
      .meta({ cookieMode: {} })
      .input(z.strictObject({ currentPassword: passwordText, newPassword: passwordText }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.changePassword(ctx, input, ctx.latchkey.facts)),
  };
}
