import { z } from "zod";
import { modelProcedures } from "../trpc.ts";
import { cursorText, pageLimit, permissionList, text } from "./inputs.ts";

const group = modelProcedures("auth.group");
/** In UTF-16 units; the core counts characters. */
const name = text(300);

/** Groups: a name and its permissions, given to people as a whole. */
export const groupsProcedures = {
  /** One page, by name. */
  list: group.view
    .input(z.strictObject({ cursor: cursorText.optional(), limit: pageLimit }).prefault({}))
    .query(({ ctx, input }) => ctx.auth.groups.list(input)),

  get: group.view.input(z.strictObject({ id: z.uuid() })).query(({ ctx, input }) => ctx.auth.groups.get(input.id)),

  create: group.add
    .input(z.strictObject({ name, permissions: permissionList }))
    .mutation(({ ctx, input }) => ctx.auth.groups.create(ctx, input)),

  update: group.change
    .input(z.strictObject({ id: z.uuid(), name: name.optional(), permissions: permissionList.optional() }))
    .mutation(({ ctx, input: { id, ...changes } }) => ctx.auth.groups.update(ctx, id, changes)),

  delete: group.delete.input(z.strictObject({ id: z.uuid() })).mutation(async ({ ctx, input }) => {
    await ctx.auth.groups.delete(ctx, input.id);
    return {};
  }),
};
