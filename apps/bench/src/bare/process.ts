import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { answerParent } from "../processes/answer-parent.ts";

/** The least that each layer below tRPC can do: one JSON answer. */
const listeners = {
  node: createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end('{"result":{"data":null}}');
  }),
  hono: createServer(
    getRequestListener(new Hono().get("*", (context) => context.json({ result: { data: null } })).fetch, {
      overrideGlobalObjects: false,
    }),
  ),
};

const answers = {
  listen: async ({ kind, port }: { kind: keyof typeof listeners; port: number }): Promise<void> => {
    const server: Server = listeners[kind];
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  },
  usage: (_: object): { cpuMicroseconds: number } => {
    const { user, system } = process.cpuUsage();
    return { cpuMicroseconds: user + system };
  },
};

export type BareAnswers = typeof answers;

process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => {});
answerParent(answers);
