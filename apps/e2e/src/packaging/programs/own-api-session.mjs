/** Serves the API of `server.ts` and calls it as the client of docs/verify-tokens.md does: as a stranger, signed in, and signed out. */
import { once } from "node:events";
import { createAuthClient, isAuthError } from "@latchkey/client";
import { createTRPCClient } from "@trpc/client";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import { appRouter } from "./server.ts";

const [, , serviceUrl, forgedToken] = process.argv;
const server = createHTTPServer({
  router: appRouter,
  createContext: ({ req }) => ({ authorization: req.headers.authorization }),
}).listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}`;

const auth = createAuthClient({ url: serviceUrl });
const api = createTRPCClient({ links: [auth.link({ url, audience: "orders-api" })] });

async function hello() {
  try {
    return await api.hello.query();
  } catch (error) {
    return isAuthError(error) ? error.data.reason : error.data.httpStatus;
  }
}

const asStranger = await hello();
const forged = await fetch(`${url}/hello`, { headers: { authorization: `Bearer ${forgedToken}` } });
const { data } = (await forged.json()).error;
const user = await auth.signIn({ username: "+90 532 123 45 67", password: "correct horse battery" });
const signedIn = await hello();
await auth.signOut();
const signedOut = await hello();

console.log(
  JSON.stringify({
    asStranger,
    forged: { status: forged.status, reason: data.reason },
    greetsMe: signedIn === `Hello, ${user.id}`,
    signedOut,
  }),
);
server.close();
server.closeAllConnections();
