import { join } from "node:path";
import { pnpm } from "./run.ts";
import { readWorkspace, root } from "./workspace.ts";

/** What is shipped: the packages, and the service with its command line. */
const shipped = ["--filter", "./packages/*", "--filter", "@latchkey/api"];

/**
 * Writes the list of all that is built into what is shipped, as CycloneDX 1.6, from the lockfile: each component with its version, licence,
 * hash and where it comes from. What a peer dependency leads to is in it too. Answers where it is.
 */
export async function writeSbom(folder: string): Promise<string> {
  const { version } = (await readWorkspace()).root;
  const file = join(folder, `latchkey-${version}.cdx.json`);
  const format = ["--sbom-format", "cyclonedx", "--sbom-spec-version", "1.6", "--sbom-type", "application"];
  await pnpm([...shipped, "sbom", ...format, "--prod", "--lockfile-only", "--out", file], root);
  return file;
}
