import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createLatchkey, guard } from "@latchkey/server";
import { requestLimits } from "@latchkey/server/internal";
import { initTRPC } from "@trpc/server";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import type pg from "pg";
import { answerParent } from "../processes/answer-parent.ts";

/**
 * How a team's own server answers its router: by the handler of `@latchkey/server` behind Hono's listener, which puts its own `Response` in the
 * place of the global one or keeps Node's, or by tRPC's adapter for Node.js.
 */
export type Adapter = "handler" | "handlerOfNode" | "standalone";

interface Listening {
  readonly adapter: Adapter;
  readonly port: number;
  readonly connection: pg.PoolConfig;
  readonly secret: string;
}

/** A team's own server as docs/mount.md has it, without a log or anything else of its own. */
async function listen({ adapter, port, connection, secret }: Listening): Promise<void> {
  const latchkey = await createLatchkey({ database: connection, secret, tokens: { lifetime: 86_400 } });
  const t = initTRPC.context<ReturnType<typeof latchkey.context>>().create({ isDev: false });
  const router = t.router({ auth: t.router(latchkey.procedures) });
  const answer = latchkey.createFetchHandler({ router });
  const handle = (overrideGlobalObjects: boolean) => () =>
    getRequestListener(
      (request, { incoming }) =>
        answer(request, {
          remoteAddress: incoming.socket.remoteAddress,
          headers: (incoming as IncomingMessage).headersDistinct,
        }),
      { overrideGlobalObjects },
    );
  const openListener: Readonly<Record<Adapter, () => RequestListener>> = {
    handler: handle(true),
    handlerOfNode: handle(false),
    standalone: () =>
      guard(
        createHTTPHandler({
          router,
          basePath: "/trpc/",
          maxBatchSize: requestLimits.batch,
          allowMethodOverride: true,
          maxBodySize: requestLimits.body,
          createContext: ({ req }) =>
            latchkey.context({ headers: req.headersDistinct, remoteAddress: req.socket.remoteAddress }),
          responseMeta: latchkey.responseMeta,
        }),
        router,
      ),
  };
  latchkey.start();
  const server = createServer(openListener[adapter]()).listen(port, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
}

const answers = {
  listen,
  usage: (_: object): { readonly cpuMicroseconds: number } => {
    const { user, system } = process.cpuUsage();
    return { cpuMicroseconds: user + system };
  },
};

export type MountedAnswers = typeof answers;

process.on("disconnect", () => process.exit(0));
answerParent(answers);
