import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take longer than their size tells, longest first. In a fresh clone nothing else is known of them: such a file, begun last, would
 * leave the other workers without work until it is through.
 */
const long = [
  "console/console",
  "http/enumeration",
  "processes/own-migrations",
  "browser/cookie",
  "regression/foreign-database-settings",
  "permissions/table",
  "permissions/command-line",
  "faults/postgres",
  "packaging/client-package",
  "browser/passkeys",
  "processes/workers",
  "sessions/simulator",
  "browser/tabs",
  "browser/device",
  "docs/curl",
].map((name) => `/src/${name}.test.ts`);

/** Vitest's order, which goes by the run before or else by size, with {@link long} before all others. */
export class LongestFirst extends BaseSequencer {
  /** Ends of their paths. */
  protected readonly longest: readonly string[] = long;

  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const placeOf = ({ moduleId }: TestSpecification) => this.longest.findIndex((file) => moduleId.endsWith(file));
    const known = sorted.filter((file) => placeOf(file) >= 0).sort((a, b) => placeOf(a) - placeOf(b));
    return [...known, ...sorted.filter((file) => placeOf(file) < 0)];
  }
}
