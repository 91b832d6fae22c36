import type { HttpBindings } from "@hono/node-server";
import type { Logger } from "pino";

/** What Hono hands to whoever answers a request: Node's own objects, the request's id, and a log that carries it. */
export type HttpEnv = { Bindings: HttpBindings; Variables: { requestId: string; log: Logger } };
