import type { Config } from "@latchkey/auth";
import { z } from "zod";
import { type OwnBuilders, requireToAdminister } from "../builders.ts";
import { toAdministrator } from "../context.ts";
import { text } from "../inputs.ts";
import { noSettings } from "../settings-report.ts";

/** How the service itself does, for whoever runs it. */
export function createServiceProcedures<C extends Config>({ withCorePermission }: OwnBuilders<C>) {
  const viewService = withCorePermission("auth.view_service");
  return {
    service: {
      /** What happened in the last 24 hours and in the last one, what waits to be sent, and what this process has in its hands at this moment. */
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

      /** The keys that sign access tokens, how old they are, and when the next one is made. */
      keys: viewService.query(({ ctx }) => ctx.latchkey.auth.listSigningKeys()),

      /** Makes a new signing key now, as `latchkey rotate-keys` does. */
      rotateKeys: withCorePermission("auth.rotate_key")
        .meta({ cost: 60 })
        .input(z.strictObject({ compromised: z.boolean().optional() }).prefault({}))
        .mutation(async ({ ctx, input: { compromised = false } }) => {
          await requireToAdminister(ctx);
          return { kid: await ctx.latchkey.auth.rotateKeys({ compromised }, toAdministrator(ctx)) };
        }),

      /** What the process that answers runs with, without secrets, and what `latchkey doctor` says of it. */
      settings: withCorePermission("auth.view_setting").query(({ ctx }) => ctx.latchkey.settings ?? noSettings),
    },
    messages: {
      /** What became of messages in the last 24 hours, by country, and what is left of the budgets. */
      overview: viewService.query(({ ctx }) => ctx.latchkey.auth.reportMessages()),

      /** The same by the hour, for two weeks. */
      history: viewService
        .meta({ cost: 5 })
        .input(z.strictObject({ country: text(8).optional() }).prefault({}))
        .query(({ ctx, input }) => ctx.latchkey.auth.readMessageHistory(input)),
    },
  };
}
