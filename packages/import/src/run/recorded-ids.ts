import type { OldRow, Source } from "../old-row.ts";
import { toOldId, toStoredId } from "../sources/sql-reader.ts";
import type { Run } from "./staging.ts";

/**
 * The source with the ids under which its people are recorded here. Earlier releases recorded a UUID without dashes where it is stored so; those
 * of now have them, and without this everybody would be new, and whoever came before be gone. A run that may write gives the records their
 * dashes; any other reads the ids as they are recorded.
 */
export async function withRecordedIds(run: Run, source: Source, mayWrite: boolean): Promise<Source> {
  if (source.uuidKey !== "bare" || !(await areRecordedBare(run))) return source;
  if (!mayWrite) return { ...source, read: () => asStored(source) };
  await run.client.query(
    `update latchkey.imported_users i set old_id = ${dashed} where source = $1 and old_id ~ '^[0-9a-f]{32}$'
      and not exists (select from latchkey.imported_users o where o.source = $1 and o.old_id = ${dashed})`,
    [run.source],
  );
  return source;
}

const dashed = String.raw`regexp_replace(i.old_id, '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5')`;

/** All of a source are recorded alike, so that one tells of all. */
async function areRecordedBare({ client, source }: Run): Promise<boolean> {
  const { rows } = await client.query<{ oldId: string }>(
    `select old_id as "oldId" from latchkey.imported_users where source = $1 order by old_id limit 1`,
    [source],
  );
  return rows.some(({ oldId }) => toOldId(oldId, "bare") !== oldId);
}

async function* asStored({ uuidKey, read }: Source): AsyncGenerator<readonly OldRow[]> {
  for await (const rows of read()) yield rows.map((row) => ({ ...row, oldId: toStoredId(row.oldId, uuidKey) }));
}
