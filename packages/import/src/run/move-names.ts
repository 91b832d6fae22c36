import { inTransaction, type Run } from "./staging.ts";

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
  /** As it is unique, before and after. */
  readonly from: string | null;
  readonly to: string | null;
  /** As it is shown, afterwards. */
  readonly shown: string | null;
}

/**
 * Gives people their names of there, all at once, so that two who swapped theirs are swapped. One whose new name stays in another's hands here
 * keeps the old one, and so does then who wanted that. Answers what was moved: `user id field`.
 */
export async function moveNames(run: Run, moves: readonly Move[]): Promise<ReadonlySet<string>> {
  const moved = new Set<string>();
  if (moves.length === 0) return moved;
  await inTransaction(run.client, async () => {
    for (const field of nameFields) {
      const ofField = moves.filter((move) => move.field === field);
      const possible = await findPossible(run, field, ofField);
      await write(run, field, possible);
      for (const { userId } of possible) moved.add(`${userId} ${field}`);
    }
    await park(run, moves);
  });
  return moved;
}

/** Those whose new name nobody has, or somebody who lets go of it. */
async function findPossible({ client }: Run, field: NameField, moves: readonly Move[]): Promise<readonly Move[]> {
  const [, key] = nameColumns[field];
  const { rows } = await client.query<{ name: string; userId: string }>(
    `select ${key} as name, id as "userId" from latchkey.users where ${key} = any ($1)`,
    [moves.flatMap(({ to }) => to ?? [])],
  );
  const holders = new Map(rows.map(({ name, userId }) => [name, userId]));
  let possible = moves;
  for (let before = -1; before !== possible.length; ) {
    before = possible.length;
    const leaving = new Set(possible.map(({ userId }) => userId));
    possible = possible.filter(({ to }) => {
      const holder = to === null ? undefined : holders.get(to);
      return holder === undefined || leaving.has(holder);
    });
  }
  return possible;
}

async function write({ client }: Run, field: NameField, moves: readonly Move[]): Promise<void> {
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
}

async function park({ client }: Run, moves: readonly Move[]): Promise<void> {
  await client.query(
    `update latchkey.users set parked_at = case
      when not has_alias and num_nonnulls(username_key, phone_number, email_key) = 0 then coalesce(parked_at, latchkey.now()) end
    where id = any ($1)`,
    [moves.map(({ userId }) => userId)],
  );
}
