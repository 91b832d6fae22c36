import { Command } from "commander";
import { findFolderFaults } from "../backup/backup-folder.ts";
import { describeLeftOut, findSchemasLeftOut } from "../backup/schemas.ts";
import { readEnvironment } from "../environment.ts";
import { exitCodes, reportFailure } from "../exit-codes.ts";
import { openAuth } from "../open-auth.ts";
import { describeSettings, findAdvice, findDangers } from "../settings-report.ts";

interface Flags {
  readonly json?: true;
}

/** `doctor`: the settings as the service would take them, and whether it could start with them. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Print the settings and what is wrong with them, the data folder and the database")
    .option("--json", "print them as JSON")
    .action(async (flags: Flags) => {
      try {
        await examine(flags);
      } catch (error) {
        process.exitCode = Math.max(reportFailure(error), exitCodes.failed);
      }
    });
}

async function examine({ json }: Flags): Promise<void> {
  const settings = readEnvironment();
  const described = describeSettings(settings);
  if (!json) printTable(described);
  // Whoever looks changes nothing.
  const migrations = settings.MIGRATE === "off" ? "off" : "check";
  const { auth, config, configFile, place, findings, close } = await openAuth(settings, {
    migrations,
    mode: "nothing",
  });
  try {
    const { warnings: found, ...health } = await auth.checkHealth();
    const notes = [...findings.notes, ...findings.textCosts, ...findAdvice(settings)];
    const leftOut = await findSchemasLeftOut(auth.pool, config);
    const warnings = [
      ...found,
      ...(leftOut.length > 0 ? [describeLeftOut(leftOut, configFile)] : []),
      ...findings.warnings,
      ...findDangers(settings),
      ...(await findFolderFaults(settings.BACKUP_DIR)),
    ];
    const facts = { database: place, configFile, ...health };
    if (json) process.stdout.write(`${JSON.stringify({ settings: described, ...facts, warnings, notes })}\n`);
    else printHealth({ ...facts, configFile: configFile ?? "no config file" }, warnings, notes);
    if (warnings.length > 0) process.exitCode = exitCodes.failed;
  } finally {
    await close();
  }
}

function printHealth(facts: object, warnings: readonly string[], notes: readonly string[]): void {
  printTable(facts);
  if (notes.length > 0) process.stdout.write(`${notes.map((note) => `Note: ${note}`).join("\n")}\n\n`);
  process.stdout.write(`${warnings.length > 0 ? warnings.join("\n") : "Nothing is wrong."}\n`);
}

function printTable(facts: object): void {
  const width = Math.max(...Object.keys(facts).map(({ length }) => length));
  const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(width)}  ${value}\n`);
  process.stdout.write(`${lines.join("")}\n`);
}
