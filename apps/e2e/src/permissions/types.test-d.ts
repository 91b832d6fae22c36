import { type AuthClient, createAuthClient, type Permission } from "@latchkey/client";
import type { inferRouterOutputs } from "@trpc/server";
import { modelProcedures, type notesRouter, permittedProcedure } from "../notes/notes-router.ts";

// Compiled with the rest, never run: a permission or a model that is misspelt does not compile.

permittedProcedure("notes.change_note");
permittedProcedure("auth.view_auditevent");
// @ts-expect-error misspelt action
permittedProcedure("notes.chnage_note");
// @ts-expect-error misspelt model
permittedProcedure("notes.change_notes");
// @ts-expect-error misspelt app
permittedProcedure("note.change_note");
// @ts-expect-error a model is no permission
permittedProcedure("notes.note");
// @ts-expect-error any text
permittedProcedure("notes.change_note" as string);

modelProcedures("notes.note");
modelProcedures("auth.user");
modelProcedures.orAnonReadOnly("notes.note");
// @ts-expect-error misspelt model
modelProcedures("notes.note_");
// @ts-expect-error a permission is no model
modelProcedures("notes.change_note");
// @ts-expect-error misspelt model
modelProcedures.orAnonReadOnly("note.note");
// @ts-expect-error there are four actions
modelProcedures("notes.note").remove;

const auth: AuthClient = createAuthClient({ url: "http://localhost:3000" });
void auth.can("auth.view_user");
// @ts-expect-error misspelt action
void auth.can("auth.veiw_user");

type Held = inferRouterOutputs<typeof notesRouter>["me"]["permissions"][number];
export const own: Held = "notes.change_note";
// @ts-expect-error misspelt permission
export const misspelt: Held = "notes.change_notes";

export const known: Permission = "auth.delete_group";
// @ts-expect-error misspelt permission
export const unknown: Permission = "auth.delete_groups";

/** Whoever views by `orAnonReadOnly` may be nobody; whoever writes is somebody. */
export const notes = {
  view: modelProcedures.orAnonReadOnly("notes.note").view.query(({ ctx }) => {
    // @ts-expect-error it may be null
    return ctx.user.id;
  }),
  add: modelProcedures.orAnonReadOnly("notes.note").add.mutation(({ ctx }) => ctx.user.id),
};
