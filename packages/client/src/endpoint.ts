import type { HTTPLinkOptions } from "@trpc/client";
import type { AnyRouter } from "@trpc/server";

/** Where procedures are, in the options of tRPC's links. */
export type Endpoint = HTTPLinkOptions<AnyRouter["_def"]["_config"]["$types"]>;

/** A transformer of tRPC, such as `superjson`, or one for each direction. */
export type Transformer = NonNullable<Extract<Endpoint, { transformer: unknown }>["transformer"]>;

interface EndpointOptions {
  readonly fetch: typeof globalThis.fetch;
  readonly transformer: Transformer | undefined;
}

/** tRPC's own types ask for a transformer or forbid it by the router, which is the caller's here. */
export const createEndpoint = (url: string, options: EndpointOptions) => ({ url, ...options }) as Endpoint;

/** An address without a slash at its end. */
export const toBase = (url: string | URL): string => String(url).replace(/\/$/, "");

/** Writes values as JSON can hold them, and reads them back. */
export interface Codec {
  serialize(value: unknown): unknown;
  deserialize(value: unknown): unknown;
}

const plain: Codec = { serialize: (value) => value, deserialize: (value) => value };

/** How a transformer treats what the service answers. */
export function toCodec(transformer: Transformer | undefined): Codec {
  if (!transformer) return plain;
  return "output" in transformer ? transformer.output : transformer;
}
