import { randomUUIDv7 } from "node:crypto";

/** The core's own pool, so that both share one database. */
export interface Database {
  query<Row extends object>(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
}

export interface Note {
  readonly id: string;
  readonly authorId: string | null;
  readonly title: string;
  readonly body: string;
  readonly createdAt: Date;
}

const columns = `id, author_id as "authorId", title, body, created_at as "createdAt"`;

/** The newest notes first. */
export async function listNotes(database: Database, limit: number): Promise<Note[]> {
  const text = `select ${columns} from notes.notes order by created_at desc, id desc limit $1`;
  return (await database.query<Note>(text, [limit])).rows;
}

export async function insertNote(
  database: Database,
  { authorId, title, body }: Pick<Note, "authorId" | "title" | "body">,
): Promise<Note> {
  const { rows } = await database.query<Note>(
    `insert into notes.notes (id, author_id, title, body) values ($1, $2, $3, $4) returning ${columns}`,
    [randomUUIDv7(), authorId, title, body],
  );
  const [note] = rows;
  if (!note) throw new Error("an insert answered no row");
  return note;
}

/** Null when there is no such note. */
export async function updateNote(
  database: Database,
  id: string,
  { title, body }: { title?: string | undefined; body?: string | undefined },
): Promise<Note | null> {
  const { rows } = await database.query<Note>(
    `update notes.notes set title = coalesce($2, title), body = coalesce($3, body) where id = $1 returning ${columns}`,
    [id, title ?? null, body ?? null],
  );
  return rows[0] ?? null;
}

export async function deleteNote(database: Database, id: string): Promise<boolean> {
  return (await database.query("delete from notes.notes where id = $1 returning id", [id])).rows.length === 1;
}
