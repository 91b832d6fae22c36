import { createTestDatabase, testSecret } from "@latchkey/auth/testing";
import { createLatchkey, type RequestInput } from "@latchkey/server";
import { initTRPC, TRPCError } from "@trpc/server";
import superjson from "superjson";
import { z } from "zod";
import { toDatabaseUrl } from "../processes/external-database.ts";

/** A team's own application, by whatever it is served: dates by superjson, a shape of errors and a context of its own. */
export async function openShop() {
  const database = await createTestDatabase();
  const { host, port, user = "", password, database: name } = database.connection;
  const connectionString = toDatabaseUrl({ host, port, user, password, database: name } as Parameters<
    typeof toDatabaseUrl
  >[0]);
  const latchkey = await createLatchkey({
    database: { connectionString },
    secret: testSecret,
    passwords: { cost: 4 },
    permissions: ["shop.order"],
    profile: { nickname: z.string().max(80).nullable() },
  });
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
      missing: t.procedure.query(() => {
        throw new TRPCError({ code: "NOT_FOUND", message: "No such order" });
      }),
    },
  });
  const answer = latchkey.createFetchHandler({
    router: appRouter,
    createContext: (_, its) => ({ tenant: "shop", ...its }),
  });
  return {
    latchkey,
    createContext,
    appRouter,
    answer,
    async close() {
      await latchkey.stop();
      await database[Symbol.asyncDispose]();
    },
  };
}

export type Shop = Awaited<ReturnType<typeof openShop>>;
export type ShopRouter = Shop["appRouter"];
