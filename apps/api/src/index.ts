import type { ErrorShape } from "@latchkey/server";
import type { TRPCBuiltRouter } from "@trpc/server";
import type { procedures } from "./procedures.ts";

/** The procedures of this service as a client sees them. */
export type ServiceRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: ErrorShape; transformer: false },
  typeof procedures
>;
