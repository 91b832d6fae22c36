import type { HttpBindings } from "@hono/node-server";

/** What Hono hands to whoever answers a request: Node's own objects, and the request's id. */
export type HttpEnv = { Bindings: HttpBindings; Variables: { requestId: string } };
