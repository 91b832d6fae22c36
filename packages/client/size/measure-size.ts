import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

/** Bytes that the SDK may add to a page, minified and compressed. */
export const sizeBudget = 5_120;

export interface MeasuredSize {
  /** Bytes, minified and compressed, of a page that has `@trpc/client` alone. */
  readonly base: number;
  /** Bytes of the same page with everything that the SDK exports. */
  readonly withSdk: number;
  readonly difference: number;
  /** The files and packages that the page with the SDK is made of, and what is left to be loaded. */
  readonly modules: readonly string[];
  readonly imports: readonly string[];
}

const trpc = `export { createTRPCClient, httpBatchLink, httpLink } from "@trpc/client";`;
const sdk = `export * from ${JSON.stringify(fileURLToPath(new URL("../src/index.ts", import.meta.url)))};`;

/** Bundles two pages as an app would, with and without the SDK, and compares what goes over the wire. */
export async function measureSize(): Promise<MeasuredSize> {
  const [base, withSdk] = await Promise.all([bundle(trpc), bundle(`${trpc}\n${sdk}`)]);
  const [baseBytes, sdkBytes] = [countBytes(base.code), countBytes(withSdk.code)];
  return {
    base: baseBytes,
    withSdk: sdkBytes,
    difference: sdkBytes - baseBytes,
    modules: withSdk.moduleIds,
    imports: [...withSdk.imports, ...withSdk.dynamicImports],
  };
}

const countBytes = (code: string) => gzipSync(code, { level: 9 }).length;

async function bundle(source: string) {
  const page = fileURLToPath(new URL("./page.js", import.meta.url));
  await using build = await rolldown({
    input: page,
    platform: "browser",
    plugins: [
      { name: "page", resolveId: (id) => (id === page ? id : null), load: (id) => (id === page ? source : null) },
    ],
  });
  const { output } = await build.generate({ format: "esm", minify: true });
  const [chunk, ...others] = output;
  if (others.length > 0) throw new Error("The page must be one file, or its size says nothing");
  return chunk;
}
