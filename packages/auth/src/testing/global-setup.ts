import { flushCompileCache } from "node:module";
import { keepTemporaryFoldersTogether } from "@latchkey/embedded-postgres/testing";
import { startTestServer } from "./test-server.ts";

/**
 * Vitest's global setup: one server for all test files of a package, and a place for what is temporary, of which nothing is left afterwards. They
 * find both through the environment.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const removeTemporaryFolders = await keepTemporaryFoldersTogether();
  const server = await startTestServer();
  process.env.LATCHKEY_TEST_SERVER = JSON.stringify(server.connection);
  // The processes that run the tests start next, and need not compile the core again.
  flushCompileCache();
  return async () => {
    await server.close();
    await removeTemporaryFolders();
  };
}
