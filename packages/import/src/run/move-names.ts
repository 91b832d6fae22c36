import type { Run } from "./staging.ts";

/** Names, by which people sign in: each with the columns of `users` that store it as it is shown and as it is unique. */
export const nameColumns = {
  username: ["username", "username_key"],
  phoneNumber: ["phone_number", "phone_number"],
  email: ["email", "email_key"],
} as const;

export type NameField = keyof typeof nameColumns;

export const nameFields: readonly NameField[] = ["username", "phoneNumber", "email"];

/** A name of somebody here that is another one there. */
export interface Move {
  readonly userId: string;
  readonly field: NameField;
  /** As it is unique, afterwards. */
  readonly to: string | null;
  /** As it is shown, afterwards. */
  readonly shown: string | null;
  /** With a username: the alias that its person has from then on. The two are read from one text there, and move together. */
  readonly alias: string | null;
}

/**
 * Gives people their names of there, all at once, so that two who swapped theirs are swapped. One whose new name stays in another's hands here
 * keeps the old one, and so does then who wanted that. It belongs into a transaction that holds their accounts. Answers what was moved: `user id
 * field`.
 */
export async function moveNames(run: Run, moves: readonly Move[]): Promise<ReadonlySet<string>> {
  const moved = new Set<string>();
  if (moves.length === 0) return moved;
  for (const field of nameFields) {
    const ofField = moves.filter((move) => move.field === field);
    const possible = await findPossible(run, field, ofField);
    await write(run, field, possible);
    for (const { userId } of possible) moved.add(`${userId} ${field}`);
  }
  await park(run, moves);
  return moved;
}

/** Those whose new name nobody has, or somebody who lets go of it. */
async function findPossible(run: Run, field: NameField, moves: readonly Move[]): Promise<readonly Move[]> {
  const holders = await findHolders(run, field, moves);
  const aliased = await findAliased(run, moves);
  let possible = moves;
  for (let before = -1; before !== possible.length; ) {
    before = possible.length;
    const leaving = new Set(possible.map(({ userId }) => userId));
    const isFree = (holder: string | undefined) => holder === undefined || leaving.has(holder);
    possible = possible.filter(({ to, alias }) => isFree(holders.get(to ?? "")) && isFree(aliased.get(alias ?? "")));
  }
  return possible;
}

type Holders = ReadonlyMap<string, string>;

async function findHolders({ client }: Run, field: NameField, moves: readonly Move[]): Promise<Holders> {
  const [, key] = nameColumns[field];
  const { rows } = await client.query<{ name: string; userId: string }>(
    `select ${key} as name, id as "userId" from latchkey.users where ${key} = any ($1)`,
    [moves.flatMap(({ to }) => to ?? [])],
  );
  return new Map(rows.map(({ name, userId }) => [name, userId]));
}

/** Who has which alias; nobody who could let go of it where it comes from another source. */
async function findAliased({ client, source }: Run, moves: readonly Move[]): Promise<Holders> {
  const { rows } = await client.query<{ alias: string; holder: string }>(
    `select alias, case when source = $2 then user_id::text else source end as holder
    from latchkey.imported_users where alias = any ($1) and user_id is not null`,
    [moves.flatMap(({ alias }) => alias ?? []), source],
  );
  return new Map(rows.map(({ alias, holder }) => [alias, holder]));
}

async function write(run: Run, field: NameField, moves: readonly Move[]): Promise<void> {
  const { client } = run;
  const [shown, key] = nameColumns[field];
  const columns = shown === key ? [shown] : [shown, key];
  const userIds = moves.map(({ userId }) => userId);
  // Each lets go first. An account without a name is a parked one, if only until the end of this transaction.
  await client.query(
    `update latchkey.users set ${columns.map((name) => `${name} = null`).join(", ")}, parked_at = coalesce(parked_at, latchkey.now()),
      credentials_changed_at = latchkey.now() where id = any ($1)`,
    [userIds],
  );
  await client.query(
    `update latchkey.users u set ${shown} = m.shown${shown === key ? "" : `, ${key} = m.name`}
    from unnest($1::uuid[], $2::text[], $3::text[]) m (id, shown, name) where u.id = m.id`,
    [userIds, moves.map((move) => move.shown), moves.map(({ to }) => to)],
  );
  if (field === "username") await writeAliases(run, moves);
}

async function writeAliases({ client, source }: Run, moves: readonly Move[]): Promise<void> {
  const userIds = moves.map(({ userId }) => userId);
  await client.query(
    "update latchkey.imported_users set alias = null where source = $1 and user_id = any ($2) and alias is not null",
    [source, userIds],
  );
  await client.query(
    `update latchkey.imported_users i set alias = m.alias from unnest($2::uuid[], $3::text[]) m (id, alias)
    where i.source = $1 and i.user_id = m.id and m.alias is not null`,
    [source, userIds, moves.map(({ alias }) => alias)],
  );
}

async function park({ client }: Run, moves: readonly Move[]): Promise<void> {
  await client.query(
    `update latchkey.users u set has_alias = aliased.is_so, parked_at = case
      when not aliased.is_so and num_nonnulls(username_key, phone_number, email_key) = 0 then coalesce(parked_at, latchkey.now()) end
    from (select id, exists (select from latchkey.imported_users i where i.user_id = moved.id and i.alias is not null) as is_so
      from unnest($1::uuid[]) moved (id)) aliased
    where u.id = aliased.id`,
    [moves.map(({ userId }) => userId)],
  );
}
