import { createLatchkey, type HttpOptions, type RequestInput } from "@latchkey/server";
import { initTRPC, TRPCError } from "@trpc/server";
import superjson from "superjson";
import { z } from "zod";

export interface ShopOptions {
  readonly connectionString: string;
  readonly secret: string;
  readonly http?: HttpOptions;
}

export const openLatchkey = ({ connectionString, secret, http = {} }: ShopOptions) =>
  createLatchkey({
    database: { connectionString },
    secret,
    passwords: { cost: 4 },
    permissions: ["shop.order"],
    profile: { nickname: z.string().max(80).nullable() },
    http,
  });

/** A team's own router: dates by superjson, a shape of errors and a context of its own. */
export function createShopRouter(latchkey: Awaited<ReturnType<typeof openLatchkey>>) {
  const createContext = (request: RequestInput) => ({ tenant: "shop", ...latchkey.context(request) });
  const t = initTRPC.context<typeof createContext>().create({
    isDev: false,
    transformer: superjson,
    errorFormatter: ({ shape }) => ({ ...shape, data: { ...shape.data, theirs: true } }),
  });
  const appRouter = t.router({
    auth: t.router(latchkey.procedures),
    orders: {
      list: t.procedure
        .concat(latchkey.protectedProcedure)
        .query(({ ctx }) => ({ tenant: ctx.tenant, of: ctx.user.id, at: new Date(0) })),
      cancel: t.procedure
        .concat(latchkey.permittedProcedure("shop.delete_order"))
        .input(z.object({ before: z.date() }))
        .mutation(({ input }) => input.before),
      watch: t.procedure.concat(latchkey.protectedProcedure).subscription(async function* ({ ctx }) {
        yield ctx.tenant;
      }),
      missing: t.procedure.query(() => {
        throw new TRPCError({ code: "NOT_FOUND", message: "No such order" });
      }),
    },
  });
  const answer = latchkey.createFetchHandler({
    router: appRouter,
    createContext: (_, its) => ({ tenant: "shop", ...its }),
  });
  return { createContext, appRouter, answer };
}
