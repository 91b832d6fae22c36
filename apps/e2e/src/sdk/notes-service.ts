import { once } from "node:events";
import { AuthError, createTokenVerifier } from "@latchkey/auth/verify";
import { initTRPC, TRPCError } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import type { LiveServer } from "../live-server.ts";

const t = initTRPC.context<{ authorization: string; verify: ReturnType<typeof createTokenVerifier> }>().create({
  errorFormatter: ({ shape, error: { cause } }) => ({
    ...shape,
    data: { ...shape.data, reason: cause instanceof AuthError ? cause.code : null },
  }),
});

const protectedProcedure = t.procedure.use(async ({ ctx, next }) => {
  const { sub } = await ctx.verify(ctx.authorization.replace("Bearer ", "")).catch((cause) => {
    throw new TRPCError({ code: "UNAUTHORIZED", cause });
  });
  return next({ ctx: { userId: sub } });
});

/** Another team's API: it counts what ran. */
function createNotesRouter() {
  const ran = { visit: 0, add: 0 };
  const router = t.router({
    visit: t.procedure.mutation(() => ++ran.visit),
    add: protectedProcedure.mutation(() => ++ran.add),
    whoami: protectedProcedure.query(({ ctx }) => ctx.userId),
  });
  return { ran, router };
}

export type NotesRouter = ReturnType<typeof createNotesRouter>["router"];

/** Serves another team's API, which takes the tokens of the live service, on a free loopback port. */
export async function startNotesService({ url, test }: LiveServer) {
  const { ran, router } = createNotesRouter();
  const jwks = `${url}/.well-known/jwks.json`;
  const verify = createTokenVerifier({ issuer: "latchkey", audience: "latchkey", jwks, clock: test.clock });
  const createContext = ({ req }: { req: { headers: { authorization?: string | undefined } } }) => ({
    authorization: req.headers.authorization ?? "",
    verify,
  });
  const server = createHTTPServer({ router, createContext }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    ran,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
