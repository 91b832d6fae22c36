import type pg from "pg";
import { SourceError } from "../old-row.ts";

/** What the sources are called here of which anything was imported. */
export async function listSources(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ source: string }>("select source from latchkey.import_sources order by source");
  return rows.map(({ source }) => source);
}

/** @throws SourceError where no source is called so here, which names those that there are */
export function requireSource(sources: readonly string[], name: string): void {
  if (sources.includes(name)) return;
  const others =
    sources.length === 0 ? "Nothing was imported" : `There are ${sources.join(", ")}: say which with --source`;
  throw new SourceError(`Nobody came from a source called ${name}. ${others}.`);
}
