import { z } from "zod";
import { permittedProcedure } from "../trpc.ts";
import { pageLimit, text } from "./inputs.ts";

/** What happened, to whom, by whom. */
export const auditProcedures = {
  /** One page, the newest first. */
  list: permittedProcedure("auth.view_auditevent")
    .input(
      z
        .strictObject({
          userId: z.uuid().optional(),
          event: text(64).optional(),
          cursor: z.uuid().optional(),
          limit: pageLimit,
        })
        .prefault({}),
    )
    .query(({ ctx, input }) => ctx.auth.listAuditEvents(input)),
};
