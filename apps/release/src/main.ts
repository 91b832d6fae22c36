import { Command } from "commander";
import { packAll, publishAll, versionAll } from "./release.ts";

const program = new Command("release")
  .description("Makes a release: record what changed (`pnpm changeset`), then version, pack and publish.")
  .showHelpAfterError("Add --help to see what it takes.");

program
  .command("version")
  .description("Raises the version of all packages by what was recorded, and writes the changelogs")
  .action(versionAll);

program
  .command("pack")
  .description("Builds every package, packs it as publishing would, and lists all that is built in (CycloneDX)")
  .option("--out <folder>", "where the tarballs and the list go", "release")
  .action(async ({ out }: { out: string }) => {
    for (const tarball of await packAll(out)) process.stdout.write(`${tarball}\n`);
  });

program
  .command("publish")
  .description("Publishes every version that the registry does not have yet")
  .requiredOption("--registry <url>", "the registry; there is no default, so that nothing is published by accident")
  .option("--tag <tag>", "the distribution tag", "latest")
  .option("--dry-run", "only say what would be published")
  .action(publishAll);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`release: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
