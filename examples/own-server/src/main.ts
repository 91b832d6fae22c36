import { serve } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { serveStatic } from "@hono/node-server/serve-static";
import { refuseRequest } from "@latchkey/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { close, latchkey } from "./latchkey.ts";
import { appRouter, createContext } from "./router.ts";

/** Cookie mode, the public keys, and the origins that may use passkeys. */
const answer = latchkey.createFetchHandler({
  router: appRouter,
  createContext: (_request, latchkeyContext) => ({ ...latchkeyContext }),
});
const app = new Hono();

app.all("/trpc/*", bodyLimit({ maxSize: 65_536 }), (c) => {
  const remoteAddress = getConnInfo(c).remote.address;
  return (
    refuseRequest(c.req.raw, appRouter) ??
    fetchRequestHandler({
      endpoint: "/trpc",
      req: c.req.raw,
      router: appRouter,
      maxBatchSize: 20,
      allowMethodOverride: true,
      createContext: ({ req }) => createContext({ headers: req.headers, remoteAddress }),
      responseMeta: latchkey.responseMeta,
    })
  );
});
for (const path of ["/cookie/*", "/.well-known/*"]) {
  app.all(path, (c) => answer(c.req.raw, { remoteAddress: getConnInfo(c).remote.address }));
}
app.use(serveStatic({ root: "dist" }));

latchkey.start();
const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3001), hostname: "127.0.0.1" }, ({ port }) =>
  console.log(`http://127.0.0.1:${port}`),
);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => server.close(() => void close()));
