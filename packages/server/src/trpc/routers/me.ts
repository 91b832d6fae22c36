import { type Config, type ProfileChangesOf, type ProfileDefinition, type UserOf, withIssueCode } from "@latchkey/auth";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import {
  byId,
  challengeText,
  codeText,
  cursorText,
  eventCursor,
  newPasswordText,
  pageLimit,
  passkeyAssertion,
  passwordText,
  profileInput,
  taking,
  totpText,
} from "../inputs.ts";
import { createOwnDeviceProcedures } from "./own-devices.ts";
import { createOwnFactorProcedures } from "./own-factors.ts";
import { createOwnNameProcedures } from "./own-names.ts";

/** The user, and what is told to them alone; one object, for what is made from the types. */
type OwnUser<C extends Config> = Flat<UserOf<C> & { readonly phoneProofDue: boolean }>;
type Flat<T> = { [Key in keyof T]: T[Key] };

/** What a person sees and changes of themselves. */
export function createMeProcedures<C extends Config>(builders: Builders<C>, profile: ProfileDefinition) {
  const { protectedProcedure } = builders;
  return {
    /** The user; and whether it is time to offer them to prove their phone number anew, by `me.phone.start` without a number. */
    get: protectedProcedure.query(({ ctx }) => ({ ...ctx.user, phoneProofDue: ctx.isPhoneProofDue }) as OwnUser<C>),

    phone: createOwnNameProcedures(builders, "phone"),
    email: createOwnNameProcedures(builders, "email"),

    /** Changes of the account that wait. */
    pending: {
      list: protectedProcedure.query(({ ctx }) => ctx.latchkey.auth.listPendingChanges(ctx)),

      /** Stops one, whichever session asked for it. */
      stop: protectedProcedure.input(byId).mutation(async ({ ctx, input }) => {
        await ctx.latchkey.auth.stopPendingChange(ctx, input.id, ctx.latchkey.facts);
        return {};
      }),
    },

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

    /** What the person is told of their own account. */
    notices: {
      list: protectedProcedure
        .input(z.strictObject({ cursor: cursorText.optional(), limit: pageLimit }).prefault({}))
        .query(({ ctx, input }) => ctx.latchkey.auth.listNotices(ctx, input)),
      /** Those of the ids, or all. */
      markRead: protectedProcedure
        .input(z.strictObject({ ids: z.array(z.uuid()).min(1).max(100).optional() }).prefault({}))
        .mutation(async ({ ctx, input }) => {
          await ctx.latchkey.auth.markNoticesRead(ctx, input);
          return {};
        }),
    },

    /** What the person agreed to and withdrew, the newest first. They change it by `isApprovedToBeInTouch` of `me.update`. */
    consents: protectedProcedure.query(({ ctx }) => ctx.latchkey.auth.listConsents(ctx)),

    /** A copy of what is kept about the person. */
    export: protectedProcedure.meta({ cost: 20 }).query(({ ctx }) => ctx.latchkey.auth.exportOwnData(ctx)),

    /**
     * Has the account deleted in 14 days, or 30 where no message reaches its owner. Every session ends at once; a sign-in before takes it back.
     * Answers when it is done, and what stays.
     */
    delete: protectedProcedure.meta({ cookieMode: { endsSession: "when_done" } }).mutation(async ({ ctx }) => {
      const { dueAt, kept } = await ctx.latchkey.auth.deleteOwnAccount(ctx, ctx.latchkey.facts);
      return { dueAt, kept: [...kept] };
    }),

    /**
     * Shows in this session that it is its owner, with a passkey, with the password, or, where the account has neither, with a code; and with
     * what the authenticator app shows beside the last two, where there is one: see `recentProcedure`. Answers a new pair of tokens for it, to
     * which none of before leads.
     */
    reauthenticate: protectedProcedure
      .meta({ cookieMode: {} })
      .input(
        z
          .strictObject({
            password: passwordText.optional(),
            challenge: challengeText.optional(),
            code: codeText.optional(),
            totp: totpText.optional(),
            passkey: passkeyAssertion.optional(),
          })
          .refine(isOneWay, {
            path: ["password"],
            ...withIssueCode("required", "is missing, or a passkey, or a challenge and its code are in its place"),
          }),
      )
      .mutation(({ ctx, input: { passkey, password, challenge = "", code = "", totp } }) => {
        const { auth, facts } = ctx.latchkey;
        if (passkey !== undefined) return auth.reauthenticateByPasskey(ctx, { passkey }, facts);
        if (password !== undefined) return auth.reauthenticate(ctx, { password, totp }, facts);
        return auth.reauthenticateByCode(ctx, { challenge, code, totp }, facts);
      }),

    ...createOwnFactorProcedures(builders),
    ...createOwnDeviceProcedures(builders),

    /** Replaces the password, ends every other session, and answers a new pair of tokens for this one. */
    changePassword: protectedProcedure
      .meta({ cookieMode: {} })
      .input(z.strictObject({ currentPassword: passwordText, newPassword: newPasswordText }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.changePassword(ctx, input, ctx.latchkey.facts)),
  };
}

interface ShownAgain {
  readonly passkey?: unknown;
  readonly password?: unknown;
  readonly challenge?: unknown;
  readonly code?: unknown;
  readonly totp?: unknown;
}

/** A passkey is two factors, and needs no app. */
function isOneWay({ passkey, password, challenge, code, totp }: ShownAgain): boolean {
  const isByCode = challenge !== undefined && code !== undefined;
  const isByHalfACode = (challenge === undefined) !== (code === undefined);
  const ways = [passkey !== undefined, password !== undefined, isByCode].filter(Boolean).length;
  return ways === 1 && !isByHalfACode && (passkey === undefined || totp === undefined);
}
