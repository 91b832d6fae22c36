import type { ProcedureMeta } from "@latchkey/server";
import { createBuilders, formatError } from "@latchkey/server/internal";
import { initTRPC } from "@trpc/server";
import type { Context } from "./context.ts";
import type { ServiceConfig } from "./service-config.ts";

const t = initTRPC.context<Context>().meta<ProcedureMeta>().create({ isDev: false, errorFormatter: formatError });
const latchkey = createBuilders<ServiceConfig>("all");

export const router = t.router;

// What each lets in is written in `Builders` of packages/server.
export const publicProcedure = t.procedure.concat(latchkey.publicProcedure);
export const protectedProcedure = t.procedure.concat(latchkey.protectedProcedure);
export const staffProcedure = t.procedure.concat(latchkey.staffProcedure);
export const { permittedProcedure, recentProcedure, modelProcedures } = latchkey;
