import type { AnyTRPCRouter } from "@trpc/server";
import { procedures } from "./procedures.ts";
import { router } from "./trpc.ts";

/** A router made by `router` of `apps/api/src/trpc.ts`: the service's own, or one with more procedures. */
export type ServedRouter = AnyTRPCRouter;

export const appRouter = router(procedures);
