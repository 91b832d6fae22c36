import type { LatchkeyContext } from "@latchkey/server";
import type { ServiceConfig } from "./service-config.ts";

/** Facts about a request. Nothing here has been verified. */
export type Context = LatchkeyContext<ServiceConfig>;
