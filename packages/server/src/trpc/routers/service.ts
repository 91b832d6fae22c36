import type { Config } from "@latchkey/auth";
import type { OwnBuilders } from "../builders.ts";
import { toAdministrator } from "../context.ts";

/** How the service itself does, for whoever runs it. */
export function createServiceProcedures<C extends Config>({ withCorePermission }: OwnBuilders<C>) {
  const viewService = withCorePermission("auth.view_service");
  return {
    service: {
      /** What happened in each of the last 24 hours, and what this process has in its hands at this moment. */
      overview: viewService.meta({ cost: 5 }).query(async ({ ctx }) => {
        const { auth } = ctx.latchkey;
        const { hashes, connections } = auth.load();
        return {
          ...(await auth.readServiceOverview()),
          hashes: { running: hashes.running, waiting: hashes.waiting },
          connections: { ...connections },
        };
      }),

      /** What `latchkey doctor` finds of the database and the keys; names and numbers in it are for who holds `auth.view_contact`. */
      health: viewService.meta({ cost: 20 }).query(({ ctx }) => ctx.latchkey.auth.checkHealth(toAdministrator(ctx))),
    },
    messages: {
      /** What became of messages in the last 24 hours, by country, and what is left of the budgets. */
      overview: viewService.query(({ ctx }) => ctx.latchkey.auth.reportMessages()),
    },
  };
}
