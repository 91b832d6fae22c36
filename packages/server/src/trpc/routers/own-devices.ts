import type { Config } from "@latchkey/auth";
import type { Builders } from "../builders.ts";
import { byId, shownDevice } from "../inputs.ts";

/** What is known of the devices that the person signed in with. */
export function createOwnDeviceProcedures<C extends Config>({ protectedProcedure }: Builders<C>) {
  return {
    devices: {
      /** Forgets every device that the person signed in with but this one. Sessions go on. */
      forget: protectedProcedure
        .meta({ cookieMode: { takes: "deviceMark" } })
        .input(shownDevice)
        .mutation(({ ctx, input }) => ctx.latchkey.auth.forgetDevices(ctx, ctx.latchkey.facts, input)),
    },

    /** The devices on which the person is asked for no second factor for a while. */
    rememberedDevices: {
      list: protectedProcedure.query(({ ctx }) => ctx.latchkey.auth.listRememberedDevices(ctx)),

      /** Has the second factor asked for there again, and ends what was opened there without it. */
      end: protectedProcedure.input(byId).mutation(async ({ ctx, input }) => {
        await ctx.latchkey.auth.endRememberedDevice(ctx, input.id, ctx.latchkey.facts);
        return {};
      }),
    },
  };
}
