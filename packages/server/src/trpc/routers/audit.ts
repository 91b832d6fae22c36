import type { Config } from "@latchkey/auth";
import { z } from "zod";
import type { OwnBuilders } from "../builders.ts";
import { toAdministrator } from "../context.ts";
import { eventCursor, moment, pageLimit, text } from "../inputs.ts";

/** Events of one page of a copy. */
const exported = z.int().min(1).max(1_000).default(1_000);

const wanted = {
  userId: z.uuid().optional(),
  actorId: z.uuid().optional(),
  event: text(64).optional(),
  address: text(64).optional(),
  from: moment.optional(),
  until: moment.optional(),
  cursor: eventCursor.optional(),
};

/** The times of an input, as the core takes them. */
const toTimes = <Input extends { readonly from?: string | undefined; readonly until?: string | undefined }>({
  from,
  until,
  ...rest
}: Input) => ({ ...rest, ...(from && { from: new Date(from) }), ...(until && { until: new Date(until) }) });

/** What happened, to whom, by whom. */
export function createAuditProcedures<C extends Config>({ ofCoreModel }: OwnBuilders<C>) {
  const event = ofCoreModel("auth.auditevent");
  return {
    /** One page, the newest first. */
    list: event.view
      .input(z.strictObject({ ...wanted, limit: pageLimit }).prefault({}))
      .query(({ ctx, input }) => ctx.latchkey.auth.listAuditEvents(toTimes(input), toAdministrator(ctx))),

    /** The same in pages of a thousand, for a copy, and for people who have shown lately who they are. */
    export: event.recently.view
      .meta({ cost: 10 })
      .input(z.strictObject({ ...wanted, limit: exported }).prefault({}))
      .query(({ ctx, input }) => ctx.latchkey.auth.listAuditEvents(toTimes(input), toAdministrator(ctx))),
  };
}
