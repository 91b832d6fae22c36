import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { RequestHeaders } from "@latchkey/server";
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from "@trpc/server/adapters/fastify";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import type { Shop } from "./shop.ts";

/** A server of a team's own, with the shop's router at `/trpc`. */
export interface Host {
  readonly url: string;
  close(): Promise<void>;
}

export type OpenHost = (shop: Shop) => Promise<Host>;

interface NodeRequest {
  readonly req: {
    readonly headers: RequestHeaders & Record<string, string | string[] | undefined>;
    readonly socket: { readonly remoteAddress?: string | undefined };
  };
}

const fromNode =
  (shop: Shop) =>
  ({ req }: NodeRequest) =>
    shop.createContext({ headers: req.headers, remoteAddress: req.socket.remoteAddress });

/** What is no tRPC of the router's own, for servers of Node. */
export const toListener = ({ answer }: Pick<Shop, "answer">): RequestListener =>
  getRequestListener(
    (request, { incoming }) =>
      answer(request, {
        remoteAddress: incoming.socket.remoteAddress,
        headers: "headersDistinct" in incoming ? incoming.headersDistinct : undefined,
      }),
    { overrideGlobalObjects: false },
  );

/** Serves on a free port until it is closed. */
export async function listen(listener: RequestListener): Promise<Host> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const isLatchkeys = (url = "") => /^\/(cookie|\.well-known)\//.test(url);

export const hosts: Readonly<Record<string, OpenHost>> = {
  "tRPC's standalone adapter": (shop) => {
    const { appRouter: router, latchkey } = shop;
    const trpc = createHTTPHandler({
      router,
      basePath: "/trpc/",
      createContext: fromNode(shop),
      responseMeta: latchkey.responseMeta,
      allowMethodOverride: true,
    });
    const rest = toListener(shop);
    return listen((request, response) => (isLatchkeys(request.url) ? rest : trpc)(request, response));
  },

  "Hono and the fetch adapter": (shop) => {
    const app = new Hono();
    app.all("/trpc/*", (context) =>
      fetchRequestHandler({
        endpoint: "/trpc",
        req: context.req.raw,
        router: shop.appRouter,
        createContext: ({ req }) =>
          shop.createContext({ headers: req.headers, remoteAddress: getConnInfo(context).remote.address }),
        responseMeta: shop.latchkey.responseMeta,
        allowMethodOverride: true,
      }),
    );
    for (const path of ["/cookie/*", "/.well-known/jwks.json"]) {
      app.all(path, (context) => shop.answer(context.req.raw, { remoteAddress: getConnInfo(context).remote.address }));
    }
    return listen(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  },

  Express: (shop) => {
    const app = express();
    const { appRouter: router, latchkey } = shop;
    app.use(
      "/trpc",
      createExpressMiddleware({
        ...{ router, createContext: fromNode(shop), responseMeta: latchkey.responseMeta },
        allowMethodOverride: true,
      }),
    );
    // Before any body parser of the application's own.
    app.all(["/cookie/*path", "/.well-known/jwks.json"], toListener(shop));
    return listen(app);
  },

  Fastify: async (shop) => {
    const rest = toListener(shop);
    const app = fastify({
      bodyLimit: 65_536,
      serverFactory: (handler) =>
        createServer((request, response) =>
          isLatchkeys(request.url) ? rest(request, response) : handler(request, response),
        ),
    });
    const trpcOptions: FastifyTRPCPluginOptions<Shop["appRouter"]>["trpcOptions"] = {
      router: shop.appRouter,
      createContext: fromNode(shop),
      responseMeta: shop.latchkey.responseMeta,
      allowMethodOverride: true,
    };
    app.register(fastifyTRPCPlugin, { prefix: "/trpc", trpcOptions });
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    return { url, close: () => app.close() };
  },

  "route handlers of Next.js, without Next": (shop) => {
    // In front of them Next's server, or a proxy, says where the call comes from.
    const remoteAddress = ({ headers }: Request) => headers.get("x-forwarded-for")?.split(",").at(-1)?.trim();
    const handle = (request: Request) =>
      shop.answer(new Request(request.url, request), { remoteAddress: remoteAddress(request) });
    return listen(getRequestListener(handle, { overrideGlobalObjects: false }));
  },
};
