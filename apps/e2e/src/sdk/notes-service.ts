import { once } from "node:events";
import { createVerifiedProcedure, type VerifiedProcedure } from "@latchkey/verify/trpc";
import { initTRPC } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import type { LiveServer } from "../live-server.ts";

const t = initTRPC.context<{ authorization: string | undefined }>().create();

/** Another team's API: it counts what ran. */
function createNotesRouter(verified: VerifiedProcedure) {
  const protectedProcedure = t.procedure.concat(verified);
  const ran = { visit: 0, add: 0 };
  const router = t.router({
    visit: t.procedure.mutation(() => ++ran.visit),
    add: protectedProcedure.mutation(() => ++ran.add),
    whoami: protectedProcedure.query(({ ctx }) => ctx.userId),
  });
  return { ran, router };
}

export type NotesRouter = ReturnType<typeof createNotesRouter>["router"];

/** Serves another team's API, which takes the tokens that the live service issues for it, on a free loopback port. */
export async function startNotesService({ url, test }: LiveServer, audience = "notes") {
  const jwks = `${url}/.well-known/jwks.json`;
  const options = { issuer: "latchkey", audience, jwks, clock: test.clock };
  const { ran, router } = createNotesRouter(createVerifiedProcedure(options));
  const createContext = ({ req }: { req: { headers: { authorization?: string | undefined } } }) => ({
    authorization: req.headers.authorization,
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
