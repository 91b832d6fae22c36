import { StartError } from "@latchkey/auth";
import { Command } from "commander";
import { describeAfterRestore } from "../backup/after-restore.ts";
import { readBackupFile, verifyBackupFile, writeBackupFile } from "../backup/backup-file.ts";
import { countLines, showProgress } from "../backup/progress.ts";
import { backedUpSchemas, describeLeftOut, findSchemasLeftOut, makeOwnTables } from "../backup/schemas.ts";
import { readEnvironment } from "../environment.ts";
import { openAuth } from "../open-auth.ts";
import { print } from "./with-auth.ts";

interface Flags {
  readonly json?: true;
}

interface BackupFlags extends Flags {
  readonly leaveOut: readonly string[];
}

interface RestoreFlags extends Flags {
  readonly anotherSecret?: true;
  readonly replaceOwnTables?: true;
}

const append = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Neither migrates: a backup is of what is there, and is wanted before an upgrade most of all. */
const asItIs = { initialize: async () => {}, migrations: "off" } as const;

/** `backup`: all that the database has, in one file, while the service runs. */
export function backupCommand(): Command {
  return new Command("backup")
    .description("Write all data to a new file, as it is at one moment, and read it back; the secret is not in it")
    .argument("<file>", "the file; there must be none of that name yet")
    .option("--leave-out <schema>", "a schema of your own that is backed up otherwise; may be said again", append, [])
    .option("--json", "print the answer as JSON")
    .action(async (file: string, flags: BackupFlags) => {
      const settings = readEnvironment();
      const { auth, config, configFile, close } = await openAuth(settings, asItIs);
      try {
        const missing = (await findSchemasLeftOut(auth.pool, config)).filter((name) => !flags.leaveOut.includes(name));
        if (missing.length > 0) throw new StartError(describeLeftOut(missing, configFile));
        const source = showProgress(auth.backUp({ schemas: backedUpSchemas(config) }), { what: "backup", lines: null });
        const { header, rows } = await writeBackupFile(file, source);
        const answer = { file, configFile, rows, tables: header.tables.length, createdAt: header.createdAt };
        print(
          flags,
          answer,
          `${file} has ${rows} rows of ${header.tables.length} tables (${configFile ?? "no config file"}), and was read back. Keep the secret too.`,
        );
      } finally {
        await close();
      }
    });
}

/** `restore`: a backup into a database without accounts. */
export function restoreCommand(): Command {
  return new Command("restore")
    .description("Bring a backup back into a database without accounts, whole or not at all")
    .argument("<file>", "what backup has written")
    .option("--another-secret", "even if LATCHKEY_SECRET was another one; reseal --lost must follow")
    .option("--replace-own-tables", "even if there are rows in tables of your own, or others depend on them")
    .option("--json", "print the answer as JSON")
    .action(async (file: string, flags: RestoreFlags) => {
      // A file that is not whole is refused before anything is touched.
      const { rows, header: head } = await verifyBackupFile(file);
      const settings = readEnvironment();
      const { auth, config, connection, close } = await openAuth(settings, asItIs);
      try {
        const source = showProgress(readBackupFile(file), { what: "restore", lines: countLines(rows, head) });
        const header = await auth.restore(source, {
          acceptAnotherSecret: flags.anotherSecret ?? false,
          replacesOwnTables: flags.replaceOwnTables ?? false,
          async makeTables(head) {
            await auth.migrate({ only: head.migrations.latchkey ?? [] });
            await makeOwnTables(connection, head, config);
          },
        });
        await auth.migrate();
        if (!flags.anotherSecret) await auth.initialize();
        const answer = { file, rows, tables: header.tables.length, createdAt: header.createdAt };
        print(
          flags,
          answer,
          `Restored ${rows} rows of ${header.tables.length} tables, as they were at ${header.createdAt}. What was taken away since is back. Before users are:\n${describeAfterRestore()}`,
        );
      } finally {
        await close();
      }
    });
}
