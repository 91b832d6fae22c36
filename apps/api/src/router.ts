import type { TRPCBuiltRouter } from "@trpc/server";
import { meProcedures } from "./routers/me.ts";
import { sessionsProcedures } from "./routers/sessions.ts";
import { tokenProcedures } from "./routers/token.ts";
import { type ErrorShape, router } from "./trpc.ts";

const procedures = { token: tokenProcedures, me: meProcedures, sessions: sessionsProcedures };

export const appRouter = router(procedures);

/**
 * The type that the SDK is made from: names, inputs and answers, and nothing of the server's context, so that a client's types
 * never lead to the server's code.
 */
export type AppRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: ErrorShape; transformer: false },
  typeof procedures
>;
