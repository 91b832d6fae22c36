import type { HttpBindings } from "@hono/node-server";
import type { ServiceResponse } from "./service-response.ts";

/** A request that is being answered. */
export interface AttendedRequest {
  readonly requestId: string;
  /** As it is logged and routed by: decoded where it can be. */
  readonly path: string;
  /** Who makes it, once that is known. */
  userId: string | undefined;
}

/** Node's own objects of a request, of the server of this service. */
export type NodeObjects = Pick<HttpBindings, "incoming"> & { readonly outgoing: ServiceResponse };

/** What whoever answers a request has of it besides the platform's `Request`. */
export type HttpEnv = { Bindings: NodeObjects & { readonly attended: AttendedRequest } };
