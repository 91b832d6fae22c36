import type { PlainConfig } from "@latchkey/auth";

/** What the types of the service depend on: no more than the core has. What `latchkey.config.ts` declares is known when it runs. */
export type ServiceConfig = PlainConfig;
