import type pg from "pg";
import { SourceError } from "../old-row.ts";

/** @throws SourceError where no source is called so here, which names those that there are */
export async function requireSource(client: pg.ClientBase, name: string): Promise<void> {
  const { rows } = await client.query<{ source: string }>("select source from latchkey.import_sources order by source");
  const names = rows.map(({ source }) => source);
  if (names.includes(name)) return;
  const others = names.length === 0 ? "Nothing was imported" : `There are ${names.join(", ")}: say which with --source`;
  throw new SourceError(`Nobody came from a source called ${name}. ${others}.`);
}
