import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { initTRPC } from "@trpc/server";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import { Hono } from "hono";
import { answerParent } from "../processes/answer-parent.ts";

const t = initTRPC.create({ isDev: false });

/** The least that each layer can do: one JSON answer; of tRPC, a procedure `noop` by its adapter for Node.js, as its documentation begins. */
const listeners = {
  node: createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end('{"result":{"data":null}}');
  }),
  hono: createServer(
    getRequestListener(new Hono().get("*", (context) => context.json({ result: { data: null } })).fetch, {
      overrideGlobalObjects: false,
    }),
  ),
  trpc: createServer(
    createHTTPHandler({ router: t.router({ noop: t.procedure.query(() => null) }), createContext: () => ({}) }),
  ),
};

const answers = {
  listen: async ({ kind, port }: { kind: BareKind; port: number }): Promise<void> => {
    const server: Server = listeners[kind];
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  },
  usage: (_: object): { cpuMicroseconds: number } => {
    const { user, system } = process.cpuUsage();
    return { cpuMicroseconds: user + system };
  },
};

export type BareKind = keyof typeof listeners;

export type BareAnswers = typeof answers;

process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => {});
answerParent(answers);
