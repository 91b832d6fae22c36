import type { HttpBindings } from "@hono/node-server";
import type { ServiceResponse } from "./service-response.ts";

/** What Hono hands to whoever answers a request: Node's own objects, the request's id, and who makes it once that is known. */
export type HttpEnv = {
  Bindings: Pick<HttpBindings, "incoming"> & { outgoing: ServiceResponse };
  Variables: { requestId: string; userId?: string };
};
