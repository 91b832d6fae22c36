import { z } from "zod";
import { permittedProcedure } from "../trpc.ts";
import { pageLimit, text } from "./inputs.ts";

const eventCursor = z.string().regex(/^\d{1,18}$/, "is not one of this list");

/** What happened, to whom, by whom. */
export const auditProcedures = {
  /** One page, the newest first. */
  list: permittedProcedure("auth.view_auditevent")
    .input(
      z
        .strictObject({
          userId: z.uuid().optional(),
          actorId: z.uuid().optional(),
          event: text(64).optional(),
          cursor: eventCursor.optional(),
          limit: pageLimit,
        })
        .prefault({}),
    )
    .query(({ ctx, input }) => ctx.auth.listAuditEvents(input)),
};
