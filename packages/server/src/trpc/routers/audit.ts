import type { Config } from "@latchkey/auth";
import { z } from "zod";
import type { OwnBuilders } from "../builders.ts";
import { toAdministrator } from "../context.ts";
import { eventCursor, pageLimit, text } from "../inputs.ts";

/** What happened, to whom, by whom. */
export function createAuditProcedures<C extends Config>({ ofCoreModel }: OwnBuilders<C>) {
  return {
    /** One page, the newest first. */
    list: ofCoreModel("auth.auditevent")
      .view.input(
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
      .query(({ ctx, input }) => ctx.latchkey.auth.listAuditEvents(input, toAdministrator(ctx))),
  };
}
