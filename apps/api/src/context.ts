import type { LatchkeyContext } from "@latchkey/server";
import type { Logger } from "pino";
import type { ServiceConfig } from "./permissions.ts";

/** Facts about a request. Nothing here has been verified. */
export interface Context extends LatchkeyContext<ServiceConfig> {
  readonly log: Logger;
}
