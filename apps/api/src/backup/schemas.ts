import { type BackupHeader, StartError } from "@latchkey/auth";
import { type LatchkeyConfig, migrateOwn } from "@latchkey/server";
import { listRelatedSchemas } from "@latchkey/server/internal";

/** The schemas that a backup of the service has beside the core's, with the tables that note their migrations. */
export function backedUpSchemas({ migrations }: LatchkeyConfig): Record<string, string | null> {
  return migrations ? { [migrations.schema]: "migrations" } : {};
}

type Pool = Parameters<typeof listRelatedSchemas>[0];

/** The schemas that belong to the data and would be missing in a backup. */
export async function findSchemasLeftOut(pool: Pool, config: LatchkeyConfig): Promise<string[]> {
  const backedUp = backedUpSchemas(config);
  return (await listRelatedSchemas(pool)).filter((schema) => !(schema in backedUp));
}

/** What to do about them, in one line. */
export const describeLeftOut = (schemas: readonly string[], configFile: string | null): string =>
  `The schema ${schemas.join(", ")} has tables that refer to people, and ${configFile === null ? "no config file was found that declares it" : `${configFile} does not declare it`}: a backup is without it. Name the config file that does in LATCHKEY_CONFIG, or back the schema up otherwise and say --leave-out for it.`;

/**
 * Makes the service's own tables as they were when a backup was made.
 *
 * @throws StartError when the backup has tables that nothing here makes
 */
export async function makeOwnTables(
  database: Parameters<typeof migrateOwn>[0],
  { migrations: applied }: BackupHeader,
  { migrations: own }: LatchkeyConfig,
): Promise<void> {
  const unknown = Object.keys(applied).filter((schema) => !["latchkey", own?.schema].includes(schema));
  if (unknown.length > 0)
    throw new StartError(`The backup has the schema ${unknown.join(", ")}, whose migrations no config file declares.`);
  const ran = own && applied[own.schema];
  if (!own || !ran) return;
  const missing = ran.filter((name) => !(name in own.all));
  if (missing.length > 0)
    throw new StartError(
      `The backup has the migrations ${missing.join(", ")} of ${own.schema}, and the config file has not.`,
    );
  const all = Object.fromEntries(Object.entries(own.all).filter(([name]) => ran.includes(name)));
  await migrateOwn(database, { schema: own.schema, all });
}
