import { profileChangesSchema } from "@latchkey/auth";
import { z } from "zod";
import { modelProcedures } from "../trpc.ts";
import { cursorText, identifierText, pageLimit, permissionList } from "./inputs.ts";

const user = modelProcedures("auth.user");
const byId = z.strictObject({ id: z.uuid() });

const names = {
  username: identifierText,
  phoneNumber: identifierText.nullable().optional(),
  email: identifierText.nullable().optional(),
};
const ranks = { isStaff: z.boolean().optional(), isSuperuser: z.boolean().optional() };

/** Administering other people's accounts. */
export const usersProcedures = {
  /** One page, the newest first, or in the order of the name that is searched for by its beginning. */
  list: user.view
    .input(
      z
        .strictObject({
          username: identifierText.optional(),
          phoneNumber: identifierText.optional(),
          email: identifierText.optional(),
          isActive: z.boolean().optional(),
          isStaff: z.boolean().optional(),
          groupId: z.uuid().optional(),
          cursor: cursorText.optional(),
          limit: pageLimit,
        })
        .prefault({}),
    )
    .query(({ ctx, input }) => ctx.auth.users.list(input)),

  get: user.view.input(byId).query(({ ctx, input }) => ctx.auth.users.get(input.id)),

  /** Creates an account and answers, once, the code with which its owner sets a password by `password.reset`. */
  create: user.add
    .input(profileChangesSchema.extend({ ...names, ...ranks }))
    .mutation(({ ctx, input }) => ctx.auth.users.create(ctx, input)),

  update: user.change
    .input(
      z.strictObject({
        id: z.uuid(),
        changes: profileChangesSchema.extend({
          ...names,
          ...ranks,
          username: identifierText.optional(),
          isActive: z.boolean().optional(),
        }),
      }),
    )
    .mutation(({ ctx, input }) => ctx.auth.users.update(ctx, input.id, input.changes)),

  delete: user.delete.input(byId).mutation(async ({ ctx, input }) => {
    await ctx.auth.users.delete(ctx, input.id);
    return {};
  }),

  /** Makes a user's groups exactly those given. */
  setGroups: user.change
    .input(z.strictObject({ id: z.uuid(), groupIds: z.array(z.uuid()).max(100) }))
    .mutation(({ ctx, input }) => ctx.auth.users.setGroups(ctx, input.id, input.groupIds)),

  /** Makes a user's own permissions exactly those given. */
  setPermissions: user.change
    .input(z.strictObject({ id: z.uuid(), permissions: permissionList }))
    .mutation(({ ctx, input }) => ctx.auth.users.setPermissions(ctx, input.id, input.permissions)),

  /** Lets a user sign in again who is kept out by guesses at their password. */
  unlock: user.change.input(byId).mutation(async ({ ctx, input }) => {
    await ctx.auth.users.unlock(ctx, input.id);
    return {};
  }),

  /** Answers, once, a code with which somebody who forgot their password sets another by `password.reset`. */
  createPasswordCode: user.change
    .input(byId)
    .mutation(({ ctx, input }) => ctx.auth.users.createPasswordCode(ctx, input.id)),

  /** Where a user is signed in, the last used first. */
  listSessions: user.view.input(byId).query(({ ctx, input }) => ctx.auth.users.listSessions(ctx, input.id)),

  /** Signs a user out everywhere, or ends the one session that is named. */
  endSessions: user.change
    .input(z.strictObject({ id: z.uuid(), sessionId: z.uuid().optional() }))
    .mutation(async ({ ctx, input }) => ({
      ended: await ctx.auth.users.endSessions(ctx, input.id, input.sessionId),
    })),
};
