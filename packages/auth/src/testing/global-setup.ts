import { flushCompileCache } from "node:module";
import { startTestServer } from "./test-server.ts";

/** Vitest's global setup: one server for all test files of a package. They find it through the environment. */
export default async function setup(): Promise<() => Promise<void>> {
  const server = await startTestServer();
  process.env.LATCHKEY_TEST_SERVER = JSON.stringify(server.connection);
  // The processes that run the tests start next, and need not compile the core again.
  flushCompileCache();
  return () => server.close();
}
