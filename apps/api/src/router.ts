import type { ProfileDefinition } from "@latchkey/auth";
import type { AnyTRPCRouter } from "@trpc/server";
import { createServiceProcedures } from "./procedures.ts";
import { router } from "./trpc.ts";

/** A router made by `router` of `apps/api/src/trpc.ts`: the service's own, or one with more procedures. */
export type ServedRouter = AnyTRPCRouter;

/** The service's own router, with the profile's fields in its inputs. */
export const createAppRouter = (profile: ProfileDefinition): ServedRouter => router(createServiceProcedures(profile));
