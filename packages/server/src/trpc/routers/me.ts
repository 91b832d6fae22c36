import {
  type Config,
  deviceName,
  type ProfileChangesOf,
  type ProfileDefinition,
  type UserOf,
  withIssueCode,
} from "@latchkey/auth";
import { z } from "zod";
import type { Builders } from "../builders.ts";
import {
  challengeText,
  codeText,
  cursorText,
  eventCursor,
  identifierText,
  localeText,
  newPasswordText,
  pageLimit,
  passkeyAssertion,
  passkeyRegistration,
  passwordText,
  profileInput,
  shownDevice,
  taking,
  text,
  totpText,
} from "../inputs.ts";

/** The user, and what is told to them alone; one object, for what is made from the types. */
type OwnUser<C extends Config> = Flat<UserOf<C> & { readonly phoneProofDue: boolean }>;
type Flat<T> = { [Key in keyof T]: T[Key] };

/** What a person sees and changes of themselves. */
export function createMeProcedures<C extends Config>({ protectedProcedure }: Builders<C>, profile: ProfileDefinition) {
  return {
    /** The user; and whether it is time to offer them to prove their phone number anew, by `me.phone.start` without a number. */
    get: protectedProcedure.query(({ ctx }) => ({ ...ctx.user, phoneProofDue: ctx.isPhoneProofDue }) as OwnUser<C>),

    phone: createOwnNameProcedures(protectedProcedure, "phone"),
    email: createOwnNameProcedures(protectedProcedure, "email"),

    /** Changes of the account that wait. */
    pending: {
      list: protectedProcedure.query(({ ctx }) => ctx.latchkey.auth.listPendingChanges(ctx)),

      /** Stops one, whichever session asked for it. */
      stop: protectedProcedure.input(z.strictObject({ id: z.uuid() })).mutation(async ({ ctx, input }) => {
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

    /** Passkeys: keys on the person's devices, by which they sign in without a name or a password. */
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
      remove: protectedProcedure.input(z.strictObject({ id: z.uuid() })).mutation(async ({ ctx, input }) => {
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

    devices: {
      /** Forgets every device that the person signed in with but this one. Sessions go on. */
      forget: protectedProcedure
        .meta({ cookieMode: { takes: "deviceMark" } })
        .input(shownDevice)
        .mutation(({ ctx, input }) => ctx.latchkey.auth.forgetDevices(ctx, ctx.latchkey.facts, input)),
    },

    /** The devices on which the person is asked for no second factor for a while. */
    rememberedDevices: {
      list: protectedProcedure.query(({ ctx }) => ctx.latchkey.auth.listRememberedDevices(ctx)),

      /** Has the second factor asked for there again, and ends what was opened there without it. */
      end: protectedProcedure.input(z.strictObject({ id: z.uuid() })).mutation(async ({ ctx, input }) => {
        await ctx.latchkey.auth.endRememberedDevice(ctx, input.id, ctx.latchkey.facts);
        return {};
      }),
    },

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

/** Proving, changing and removing the number or the address of one's own account. */
function createOwnNameProcedures<C extends Config>(
  protectedProcedure: Builders<C>["protectedProcedure"],
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
