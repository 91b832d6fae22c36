import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

/**
 * Bytes that a page may have more, minified and compressed: with the SDK than with `@trpc/client`, and with `./codes`, or `./react` and all
 * its hooks, than with that. A hundred of the SDK are the mark of a remembered device, which every sign-in sends; two hundred, that tabs take turns and
 * that the service of the release before is understood: docs/decisions/0154-the-sdk-before-its-service.md. Two hundred and fifty are that no
 * renewal, and no storage, holds anybody up for good, and that no call waits its way into another person's name:
 * docs/decisions/0195-nothing-is-waited-for-without-end.md. Five hundred are that no listener, no stored text and no storage that fails, and nobody
 * who turns away, leaves a session behind: docs/decisions/0210-what-turns-away-and-what-fails-leaves-no-session.md.
 */
export const sizeBudgets = { sdk: 6_200, codes: 1_200, react: 2_048 };

/** Bytes that a page may have with the SDK and `@trpc/client` together, so that a newer tRPC which is heavier is seen as well. */
export const totalBudget = 13_200;

export interface MeasuredSize {
  /** Bytes, minified and compressed, of a page that has `@trpc/client` alone. */
  readonly base: number;
  /** Bytes of the same page with everything that the SDK exports. */
  readonly withSdk: number;
  /** Bytes of that page with the part for codes as well. */
  readonly withCodes: number;
  /** Bytes of that page with the part for React as well, but without React. */
  readonly withReact: number;
  /** The files and packages that the page with the SDK is made of, and what is left to be loaded. */
  readonly modules: readonly string[];
  readonly imports: readonly string[];
}

const trpc = `export { createTRPCClient, httpBatchLink, httpLink } from "@trpc/client";`;
const part = (file: string) =>
  `export * from ${JSON.stringify(fileURLToPath(new URL(`../src/${file}.ts`, import.meta.url)))};`;
const sdk = `${trpc}\n${part("index")}`;

/** Bundles pages as an app would, with and without the SDK, and counts what goes over the wire. */
export async function measureSize(): Promise<MeasuredSize> {
  const [base, withSdk, withCodes, withReact] = await Promise.all([
    bundle(trpc),
    bundle(sdk),
    bundle(`${sdk}\n${part("codes")}`),
    bundle(`${sdk}\n${part("react")}`),
  ]);
  return {
    base: countBytes(base),
    withSdk: countBytes(withSdk),
    withCodes: countBytes(withCodes),
    withReact: countBytes(withReact),
    modules: withSdk.moduleIds,
    imports: [...withSdk.imports, ...withSdk.dynamicImports],
  };
}

const countBytes = ({ code }: Page) => gzipSync(code, { level: 9 }).length;

type Page = Awaited<ReturnType<typeof bundle>>;

async function bundle(source: string) {
  const page = fileURLToPath(new URL("./page.js", import.meta.url));
  await using build = await rolldown({
    input: page,
    platform: "browser",
    external: "react",
    // "use client" is for bundlers that render on servers.
    onLog: (level, log, handle) => log.code === "MODULE_LEVEL_DIRECTIVE" || handle(level, log),
    plugins: [
      { name: "page", resolveId: (id) => (id === page ? id : null), load: (id) => (id === page ? source : null) },
    ],
  });
  const { output } = await build.generate({ format: "esm", minify: true });
  const [chunk, ...others] = output;
  if (others.length > 0) throw new Error("The page must be one file, or its size says nothing");
  return chunk;
}
