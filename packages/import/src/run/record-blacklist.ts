import type { Source } from "../old-row.ts";
import { readTime } from "../rules/read-values.ts";
import { inTransaction, type Run } from "./staging.ts";

/**
 * Keeps which tokens were ended in the source, and says that the last round has read that; without it none of its refresh tokens is
 * adopted. It comes after the round is complete: until then what the one before has read counts no more.
 */
export async function recordBlacklist(run: Run, { blacklist, startedAt }: Source, timezone: string): Promise<void> {
  if (!blacklist) return;
  const { client, source } = run;
  await inTransaction(client, async () => {
    for await (const tokens of blacklist()) {
      const read = tokens.map(({ id, expiresAt }) => ({ id, expiresAt: readTime(expiresAt, timezone) }));
      await client.query(
        `insert into latchkey.imported_blacklist (source, jti, expires_at)
        select $1, id, coalesce(expires_at::timestamptz, 'infinity') from unnest($2::text[], $3::text[]) ended (id, expires_at)
        where coalesce(expires_at::timestamptz, 'infinity') > latchkey.now()
        on conflict (source, jti) do nothing`,
        [source, read.map(({ id }) => id), read.map(({ expiresAt }) => expiresAt ?? null)],
      );
    }
    await client.query(
      "update latchkey.import_sources set blacklist_read_at = seen_at where source = $1 and seen_at = $2::timestamptz",
      [source, startedAt],
    );
  });
}
