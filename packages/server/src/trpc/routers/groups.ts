import type { Config } from "@latchkey/auth";
import { z } from "zod";
import { type OwnBuilders, requireToAdminister } from "../builders.ts";
import { toAdministrator } from "../context.ts";
import { byId, cursorText, pageLimit, permissionList, text } from "../inputs.ts";

/** In UTF-16 units; the core counts characters. */
const name = text(300);
const changeable = { name: name.optional(), permissions: permissionList.optional() };

/** Groups: a name and its permissions, given to people as a whole. */
export function createGroupsProcedures<C extends Config>({ ofCoreModel }: OwnBuilders<C>) {
  const group = ofCoreModel("auth.group");
  return {
    /** One page, by name. */
    list: group.view
      .input(z.strictObject({ cursor: cursorText.optional(), limit: pageLimit }).prefault({}))
      .query(({ ctx, input }) => ctx.latchkey.auth.groups.list(input)),

    get: group.view.input(byId).query(({ ctx, input }) => ctx.latchkey.auth.groups.get(input.id)),

    create: group.add
      .input(z.strictObject({ name, permissions: permissionList }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.groups.create(toAdministrator(ctx), input)),

    update: group.change
      .input(z.strictObject({ id: z.uuid(), ...changeable, expected: z.strictObject(changeable).optional() }))
      .mutation(async ({ ctx, input: { id, expected, ...changes } }) => {
        // What a group gives, its members have.
        if (changes.permissions) await requireToAdminister(ctx);
        return ctx.latchkey.auth.groups.update(toAdministrator(ctx), id, changes, expected);
      }),

    delete: group.recently.delete.input(byId).mutation(async ({ ctx, input }) => {
      await ctx.latchkey.auth.groups.delete(toAdministrator(ctx), input.id);
      return {};
    }),
  };
}
