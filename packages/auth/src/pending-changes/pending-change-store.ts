import { type ColumnType, type Generated, sql } from "kysely";
import { seal, unseal } from "../secrets.ts";
import type { Queries } from "../storage/database.ts";
import { createUuid } from "../uuid.ts";

declare module "../storage/database.ts" {
  interface Database {
    pendingChanges: PendingChangesTable;
  }
}

interface PendingChangesTable {
  id: string;
  userId: string;
  sessionId: string;
  kind: ChangeKind;
  /** Sealed: neither a backup nor a hand in the table tells or says what is to become of an account. */
  payload: Buffer;
  createdAt: Generated<Date>;
  dueAt: ColumnType<Date, Date, Date>;
}

/**
 * What waits: another number or address, the loss of one, and, for one that the account has already, that its codes open it. The last is done
 * by time alone: its row is there so that it can be stopped.
 */
export const changeKinds = [
  "set_phone",
  "set_email",
  "remove_phone",
  "remove_email",
  "open_by_phone",
  "open_by_email",
] as const;

export type ChangeKind = (typeof changeKinds)[number];

/** What is to be done. */
export interface ChangePayload {
  /** The number or the address, canonical. */
  readonly address: string;
  /** Whose it was when it was asked for; null for nobody's. */
  readonly holderId: string | null;
  /** Whether a code alone authorised it. */
  readonly isByCodeAlone: boolean;
}

export interface NewChange {
  readonly userId: string;
  readonly sessionId: string;
  readonly kind: ChangeKind;
  readonly payload: ChangePayload;
  /** Seconds. */
  readonly waits: number;
}

/** A change as it is listed: what is to be done is not told. */
export interface StoredChange {
  readonly id: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly kind: ChangeKind;
  readonly createdAt: Date;
  readonly dueAt: Date;
}

const listed = ["id", "userId", "sessionId", "kind", "createdAt", "dueAt"] as const;

type Sealed = Pick<StoredChange, "id" | "userId" | "kind">;
const toContext = ({ id, userId, kind }: Sealed) => `${id} ${userId} ${kind}`;
const sealPayload = (key: Uint8Array, change: Sealed, payload: ChangePayload) =>
  seal(key, Buffer.from(JSON.stringify(payload)), toContext(change));
const dueIn = (seconds: number) => sql<Date>`latchkey.now() + make_interval(secs => ${seconds})`;

/** Notes a change that waits. The same kind of the same session is replaced, and waits from its beginning. */
export async function insertChange(
  db: Queries,
  key: Uint8Array,
  { payload, waits, ...change }: NewChange,
): Promise<StoredChange> {
  const { userId, sessionId, kind } = change;
  await db.deleteFrom("pendingChanges").where("sessionId", "=", sessionId).where("kind", "=", kind).execute();
  const id = createUuid();
  return db
    .insertInto("pendingChanges")
    .values({
      ...change,
      id,
      payload: sealPayload(key, { id, userId, kind }, payload),
      dueAt: dueIn(waits),
    })
    .returning(listed)
    .executeTakeFirstOrThrow();
}

/** A change with what is to be done; null where it was sealed under another secret. */
export interface OpenedChange extends StoredChange {
  readonly payload: ChangePayload | null;
}

/** Takes a change of an account off the table before it is due; null where there is none. */
export async function takeChange(
  transaction: Queries,
  key: Uint8Array,
  { id, userId }: { id: string; userId: string },
): Promise<OpenedChange | null> {
  const query = transaction
    .deleteFrom("pendingChanges")
    .where("id", "=", id)
    .where("userId", "=", userId)
    .where("dueAt", ">", sql<Date>`latchkey.now()`)
    .returning([...listed, "payload"]);
  const taken = await query.executeTakeFirst();
  return taken ? open(key, taken) : null;
}

/** Of a name whose codes open the account by now nothing waits: its row is left, and is no way to stop what is done. */
const isStillToDo = sql<boolean>`(due_at > latchkey.now() or kind not in ('open_by_phone', 'open_by_email'))`;

export interface ChangesToTake {
  readonly userId: string;
  readonly ofSession?: string;
  readonly except?: string;
  readonly kinds?: readonly ChangeKind[];
}

/** Takes changes of an account that wait off the table: all of them, those of one session, of all others, or of some kinds. */
export async function takeChanges(
  transaction: Queries,
  key: Uint8Array,
  { userId, ofSession, except, kinds }: ChangesToTake,
): Promise<OpenedChange[]> {
  let query = transaction.deleteFrom("pendingChanges").where("userId", "=", userId).where(isStillToDo);
  if (ofSession !== undefined) query = query.where("sessionId", "=", ofSession);
  if (except !== undefined) query = query.where("sessionId", "!=", except);
  if (kinds !== undefined) query = query.where("kind", "in", kinds);
  return (await query.returning([...listed, "payload"]).execute()).map((taken) => open(key, taken));
}

/**
 * Takes the change that has been due for longest off the table, one that nobody else takes at this moment; null where none is due.
 *
 * @param but ids of those that are left alone
 */
export async function takeDueChange(
  transaction: Queries,
  key: Uint8Array,
  but: readonly string[],
): Promise<OpenedChange | null> {
  const due = transaction
    .selectFrom("pendingChanges")
    .select("id")
    .where("dueAt", "<=", sql<Date>`latchkey.now()`)
    .where(sql<boolean>`id <> all(${but}::uuid[])`)
    .orderBy("dueAt")
    .limit(1)
    .forUpdate()
    .skipLocked();
  const query = transaction
    .deleteFrom("pendingChanges")
    .where("id", "in", due)
    .returning([...listed, "payload"]);
  const taken = await query.executeTakeFirst();
  return taken ? open(key, taken) : null;
}

/**
 * Has what waits for an account wait until then at least: also what is due and not done yet, but for names whose codes open the account
 * since then. What is being done at this moment is left to whoever does it, who looks at the account once more.
 */
export async function prolongChanges(transaction: Queries, userId: string, until: Date): Promise<void> {
  const waiting = transaction
    .selectFrom("pendingChanges")
    .select("id")
    .where("userId", "=", userId)
    .where(isStillToDo)
    .forUpdate()
    .skipLocked();
  await transaction
    .updateTable("pendingChanges")
    .set({ dueAt: sql<Date>`greatest(due_at, ${until})` })
    .where("id", "in", waiting)
    .execute();
}

/** Puts a change that was taken back on the table, to wait for so many seconds. */
export async function putChangeBack(
  transaction: Queries,
  key: Uint8Array,
  change: OpenedChange & { readonly payload: ChangePayload },
  waits: number,
): Promise<void> {
  const { id, userId, kind, payload } = change;
  await transaction
    .insertInto("pendingChanges")
    .values({
      ...{ id, userId, kind, sessionId: change.sessionId, createdAt: change.createdAt },
      payload: sealPayload(key, { id, userId, kind }, payload),
      dueAt: dueIn(waits),
    })
    .execute();
}

/** Deletes a change; false where there was none any more. */
export async function deleteChange(db: Queries, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom("pendingChanges").where("id", "=", id).executeTakeFirstOrThrow();
  return numDeletedRows === 1n;
}

function open(key: Uint8Array, { payload, ...change }: StoredChange & { payload: Buffer }): OpenedChange {
  try {
    const text = unseal(key, payload, toContext(change)).toString();
    return { ...change, payload: JSON.parse(text) as ChangePayload };
  } catch {
    return { ...change, payload: null };
  }
}
