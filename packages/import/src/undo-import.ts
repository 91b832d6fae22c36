import type { DatabaseOptions } from "@latchkey/auth";
import { withClient } from "@latchkey/auth/import";
import type pg from "pg";
import { SourceError } from "./old-row.ts";
import { isPooled } from "./run/connect.ts";
import { noRights, printsHere, rightsOf } from "./run/prints.ts";
import { listSources, requireSource } from "./run/require-source.ts";
import { inTransaction } from "./run/staging.ts";
import { lockStaging } from "./run/staging-lock.ts";

/** Accounts of one transaction. */
const step = 2_000;

export interface Undone {
  /** Accounts that are gone, with their rows of the source. */
  readonly deleted: number;
  /** Accounts that were used or changed here: they stay. */
  readonly kept: number;
}

export interface UndoOptions {
  readonly connection: DatabaseOptions;
  readonly source: string;
  /** Without it, only counts. */
  readonly apply: boolean;
}

const held = `coalesce(nullif(i.prints -> 'held', 'null'), ${noRights})`;

/**
 * Nobody has signed in, set a password, proved anything, changed a field or a right since they came over, nor ended their old tokens or demanded
 * another password: brought over again, the account would know nothing of that.
 */
const unused = `i.source = $1 and i.user_id = u.id
  and num_nonnulls(u.password_set_at, u.old_tokens_ended_at, u.password_change_due_at) = 0
  and num_nonnulls(u.phone_proved_at, u.email_proved_at, u.phone_vouched_at, u.email_vouched_at) = 0
  and not exists (select from latchkey.sessions s where s.user_id = u.id)
  and ${printsHere("u")} = i.prints -> 'here' and ${rightsOf("u")} @> ${held} and ${rightsOf("u")} <@ ${held}`;

/**
 * Takes back who came over from a source and was not used since. Who was deleted here before stays deleted, and never comes again.
 *
 * @throws SourceError for a source that nobody came from, and while an import is under way, whose people would come and go at once
 */
export async function undoImport({ connection, source, apply }: UndoOptions): Promise<Undone> {
  await using lent = await withClient(connection);
  const { client } = lent;
  requireSource(await listSources(client), source);
  await using lock = await lockStaging({ client, isPooled: await isPooled(client) }, connection);
  if (!lock) throw new SourceError("An import is under way on this database: stop it, or wait for its end.", 3);
  const count = async (where: string) => {
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::int as count from latchkey.imported_users i, latchkey.users u, latchkey.imported_name_key k where ${where}`,
      [source],
    );
    return rows[0]?.count ?? 0;
  };
  const all = await count("i.source = $1 and i.user_id = u.id");
  let deleted = 0;
  if (!apply) deleted = await count(unused);
  else
    for (let done = -1; done !== 0; deleted += done)
      done = await inTransaction(client, () => deleteSome(client, source));
  return { deleted, kept: all - deleted };
}

async function deleteSome(client: pg.ClientBase, source: string): Promise<number> {
  const { rows } = await client.query<{ oldId: string; userId: string }>(
    `select i.old_id as "oldId", u.id as "userId" from latchkey.imported_users i, latchkey.users u, latchkey.imported_name_key k
    where ${unused} order by i.old_id limit ${step} for update of u`,
    [source],
  );
  const userIds = rows.map(({ userId }) => userId);
  await client.query("delete from latchkey.users where id = any ($1)", [userIds]);
  await client.query("delete from latchkey.imported_users where source = $1 and old_id = any ($2)", [
    source,
    rows.map(({ oldId }) => oldId),
  ]);
  await client.query(
    `insert into latchkey.audit_events (id, event, subject_id, detail)
    select gen_random_uuid(), 'user_deleted', id, '{}' from unnest($1::uuid[]) id`,
    [userIds],
  );
  return rows.length;
}
