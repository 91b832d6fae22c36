import type { RequestInput } from "@latchkey/server";
import { initTRPC } from "@trpc/server";
import { z } from "zod";
import { latchkey } from "./latchkey.ts";
import { deleteOrder, listOrders, placeOrder } from "./orders.ts";

/** Reads headers and verifies nothing: the procedures do that. */
export const createContext = (request: RequestInput) => ({ ...latchkey.context(request) });

const t = initTRPC.context<typeof createContext>().create();
const protectedProcedure = t.procedure.concat(latchkey.protectedProcedure);

export const appRouter = t.router({
  auth: t.router(latchkey.procedures),
  orders: {
    list: protectedProcedure.query(() => listOrders()),
    place: protectedProcedure
      .input(z.strictObject({ what: z.string().trim().min(1).max(80) }))
      .mutation(({ ctx, input }) => placeOrder(ctx.user.id, input.what)),
    delete: t.procedure
      .concat(latchkey.permittedProcedure("shop.delete_order"))
      .input(z.strictObject({ id: z.uuid() }))
      .mutation(({ input }) => deleteOrder(input.id)),
  },
});
export type AppRouter = typeof appRouter;
