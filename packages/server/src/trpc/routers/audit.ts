import type { Config } from "@latchkey/auth";
import { z } from "zod";
import type { OwnBuilders } from "../builders.ts";
import { toAdministrator } from "../context.ts";
import { eventCursor, moment, pageLimit, text } from "../inputs.ts";

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
            address: text(64).optional(),
            from: moment.optional(),
            until: moment.optional(),
            cursor: eventCursor.optional(),
            limit: pageLimit,
          })
          .prefault({}),
      )
      .query(({ ctx, input: { from, until, ...rest } }) =>
        ctx.latchkey.auth.listAuditEvents(
          { ...rest, ...(from && { from: new Date(from) }), ...(until && { until: new Date(until) }) },
          toAdministrator(ctx),
        ),
      ),
  };
}
