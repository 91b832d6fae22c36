import type { Config } from "@latchkey/auth";
import { deviceName } from "@latchkey/auth/internal";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import { byId, challengeText, passkeyRegistration, text, totpText } from "../inputs.ts";

/** What the person signs in with beside a password or a code. */
export function createOwnFactorProcedures<C extends Config>({ protectedProcedure }: Builders<C>) {
  return {
    /** The authenticator app that is the person's second factor. */
    totp: {
      get: protectedProcedure.query(({ ctx }) => ctx.latchkey.auth.getTotp(ctx)),

      /** Makes a secret for an app. It counts for nothing until `confirm`. */
      start: protectedProcedure.mutation(({ ctx }) => ctx.latchkey.auth.startTotp(ctx, ctx.latchkey.facts)),

      /**
       * Makes the app the second factor with what it shows, and ends every other session. Who has no recovery codes gets them with the answer,
       * once.
       */
      confirm: protectedProcedure
        .input(z.strictObject({ ticket: challengeText, totp: totpText }))
        .mutation(({ ctx, input }) => ctx.latchkey.auth.confirmTotp(ctx, input, ctx.latchkey.facts)),

      /** Takes the app away, and ends every other session. */
      remove: protectedProcedure.mutation(async ({ ctx }) => {
        await ctx.latchkey.auth.removeTotp(ctx, ctx.latchkey.facts);
        return {};
      }),
    },

    factors: {
      /**
       * Takes away in one step what somebody else may have made in the account: the passkeys and the authenticator app that are not kept, the
       * recovery codes of before, every other session and device. Answers new recovery codes where there were some, once.
       */
      removeOthers: protectedProcedure
        .meta({ cookieMode: { takes: "deviceMark" } })
        .input(
          z.strictObject({
            keepPasskeys: z.array(z.uuid()).max(50),
            keepTotp: z.boolean(),
            deviceMark: text(64).optional(),
          }),
        )
        .mutation(({ ctx, input }) => ctx.latchkey.auth.removeOtherFactors(ctx, input, ctx.latchkey.facts)),
    },

    /** Passkeys: keys on the person's devices, by which they sign in without a name or a password. */
    passkeys: {
      list: protectedProcedure.query(({ ctx }) => ctx.latchkey.auth.listPasskeys(ctx)),

      /** What the browser is to be asked so that it makes one, for somebody who showed within ten minutes that it is them. */
      start: protectedProcedure.mutation(({ ctx }) => ctx.latchkey.auth.startPasskey(ctx)),

      /**
       * Keeps what it made. Where it is the first factor beside a password or a code, every other session ends; who has no recovery codes gets
       * them with the answer, once.
       */
      add: protectedProcedure
        .input(z.strictObject({ passkey: passkeyRegistration, name: deviceName.optional() }))
        .mutation(({ ctx, input }) => ctx.latchkey.auth.addPasskey(ctx, input, ctx.latchkey.facts)),

      rename: protectedProcedure
        .input(z.strictObject({ id: z.uuid(), name: deviceName }))
        .mutation(async ({ ctx, input }) => {
          await ctx.latchkey.auth.renamePasskey(ctx, input, ctx.latchkey.facts);
          return {};
        }),

      /** Takes one away, and ends every other session. */
      remove: protectedProcedure.input(byId).mutation(async ({ ctx, input }) => {
        await ctx.latchkey.auth.removePasskey(ctx, input.id, ctx.latchkey.facts);
        return {};
      }),

      /** What the browser is to be asked for `me.reauthenticate` by a passkey. */
      startReauthentication: protectedProcedure.mutation(({ ctx }) =>
        ctx.latchkey.auth.startPasskeyReauthentication(ctx),
      ),
    },

    /** Codes that set a password without a name or a message: ten on paper. Any number of sessions may read how many are left. */
    recoveryCodes: {
      /** Replaces all that there were, for somebody who showed within ten minutes that it is them. Answered once. */
      create: protectedProcedure.mutation(async ({ ctx }) => {
        const { codes, ...rest } = await ctx.latchkey.auth.createRecoveryCodes(ctx, ctx.latchkey.facts);
        return { codes: [...codes], ...rest };
      }),
      status: protectedProcedure.query(({ ctx }) => ctx.latchkey.auth.readRecoveryCodes(ctx)),
      /** Withdraws codes that wait to be good. */
      stop: protectedProcedure.mutation(async ({ ctx }) => {
        await ctx.latchkey.auth.stopRecoveryCodes(ctx, ctx.latchkey.facts);
        return {};
      }),
    },
  };
}
