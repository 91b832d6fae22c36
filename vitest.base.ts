import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// What Node.js has compiled for one package is not compiled again for the next, nor by the processes that Vitest starts.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("node_modules/.cache/compiled", import.meta.url));
enableCompileCache(process.env.NODE_COMPILE_CACHE);

/**
 * Has Node.js itself load all of our modules but the tests, as it does in production. Vitest's own loader would transform the whole core
 * again for each package that uses it.
 */
export const server = { deps: { external: [/\/(?:apps|packages)\/[^/]+\/src\/(?!.*\.test\.ts$)/] } };
