import type { Config } from "@latchkey/auth";
import { z } from "zod";
import type { OwnBuilders } from "../builders.ts";
import { toAdministrator } from "../context.ts";
import { byId } from "../inputs.ts";

/** By what another person gets into their account, and what keeps them out. */
export function createUserAccessProcedures<C extends Config>(user: ReturnType<OwnBuilders<C>["ofCoreModel"]>) {
  return {
    /** Lets a user sign in again who is kept out by guesses at their password. */
    unlock: user.recently.change.input(byId).mutation(async ({ ctx, input }) => {
      await ctx.latchkey.auth.users.unlock(toAdministrator(ctx), input.id);
      return {};
    }),

    /** Answers, once, a code with which somebody who forgot their password sets another by `password.reset`. */
    createPasswordCode: user.recently.change
      .input(byId)
      .mutation(({ ctx, input }) => ctx.latchkey.auth.users.createPasswordCode(toAdministrator(ctx), input.id)),

    /** Where a user is signed in, the last used first. */
    listSessions: user.view
      .input(byId)
      .query(({ ctx, input }) => ctx.latchkey.auth.users.listSessions(toAdministrator(ctx), input.id)),

    /** What of a user's number or address waits to be another one, and whether the reset of their password is held. */
    listPendingChanges: user.view
      .input(byId)
      .query(({ ctx, input }) => ctx.latchkey.auth.users.listPendingChanges(toAdministrator(ctx), input.id)),

    /** Stops one of these. */
    stopPendingChange: user.change
      .input(z.strictObject({ id: z.uuid(), changeId: z.uuid() }))
      .mutation(async ({ ctx, input }) => {
        await ctx.latchkey.auth.users.stopPendingChange(toAdministrator(ctx), input.id, input.changeId);
        return {};
      }),

    /** By what a user signs in, since when and by whose word, what they agreed to, and which limits keep them out. */
    getWaysIn: user.view
      .input(byId)
      .query(({ ctx, input }) => ctx.latchkey.auth.users.getWaysIn(toAdministrator(ctx), input.id)),

    /** Takes the second factors of a user away who has lost them, with the password beside them, and ends their sessions. */
    resetSecondFactor: user.change.input(byId).mutation(async ({ ctx, input }) => ({
      ended: await ctx.latchkey.auth.users.resetSecondFactor(toAdministrator(ctx), input.id),
    })),

    /** Has a user replace their password at the next sign-in, before anything else, and ends their sessions. */
    requirePasswordChange: user.recently.change.input(byId).mutation(async ({ ctx, input }) => ({
      ended: await ctx.latchkey.auth.users.requirePasswordChange(toAdministrator(ctx), input.id),
    })),

    /** Signs a user out everywhere, or ends the one session that is named. */
    endSessions: user.recently.change
      .input(z.strictObject({ id: z.uuid(), sessionId: z.uuid().optional() }))
      .mutation(async ({ ctx, input }) => ({
        ended: await ctx.latchkey.auth.users.endSessions(toAdministrator(ctx), input.id, input.sessionId),
      })),
  };
}
