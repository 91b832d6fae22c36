import { AuthError, isPlainLine, isPlainProse, withIssueCode } from "@latchkey/auth";
import { pageLimit, text } from "@latchkey/server";
import { z } from "zod";
import { modelProcedures } from "../trpc.ts";
import { deleteNote, insertNote, listNotes, updateNote } from "./note-store.ts";

const note = modelProcedures.orAnonReadOnly("notes.note");
const misleading = withIssueCode("invalid_characters", "holds characters that cannot be shown as they are");
const title = text(200).refine(isPlainLine, misleading);
const body = text(10_000).refine(isPlainProse, misleading);

/** An example resource, to be replaced by yours: anybody reads notes, and who holds the permission writes them. */
export const notesProcedures = {
  list: note.view
    .input(z.strictObject({ limit: pageLimit }).prefault({}))
    .query(({ ctx, input }) => listNotes(ctx.latchkey.auth.pool, input.limit)),

  create: note.add
    .input(z.strictObject({ title, body }))
    .mutation(({ ctx, input }) => insertNote(ctx.latchkey.auth.pool, { ...input, authorId: ctx.user.id })),

  update: note.change
    .input(z.strictObject({ id: z.uuid(), title: title.optional(), body: body.optional() }))
    .mutation(async ({ ctx, input: { id, ...changes } }) => {
      const updated = await updateNote(ctx.latchkey.auth.pool, id, changes);
      if (!updated) throw new AuthError("not_found", "There is no such note");
      return updated;
    }),

  delete: note.delete.input(z.strictObject({ id: z.uuid() })).mutation(async ({ ctx, input }) => {
    if (!(await deleteNote(ctx.latchkey.auth.pool, input.id)))
      throw new AuthError("not_found", "There is no such note");
    return {};
  }),
};
