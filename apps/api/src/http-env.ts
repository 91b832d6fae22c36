import type { HttpBindings } from "@hono/node-server";
import type { ServiceResponse } from "./service-response.ts";

/** What Hono hands to whoever answers a request: Node's own objects, and the request's id. */
export type HttpEnv = {
  Bindings: Pick<HttpBindings, "incoming"> & { outgoing: ServiceResponse };
  Variables: { requestId: string };
};
