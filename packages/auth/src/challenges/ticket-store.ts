import { type Generated, type Selectable, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import { createHandle, hashHandle } from "./derived-code.ts";

declare module "../storage/database.ts" {
  interface Database {
    tickets: TicketsTable;
  }
}

/** What a ticket is good for: an account of one's own, or another way into the account that has the name. */
export type TicketUse = "register" | "another_way";

interface TicketsTable {
  ticketHash: Buffer;
  opens: TicketUse;
  kind: "phone" | "email";
  /** Canonical, and proved by a code when the ticket was made. */
  address: string;
  /** Whose it was then. */
  userId: string | null;
  createdAt: Generated<Date>;
  expiresAt: Date;
  consumedAt: Date | null;
}

export type StoredTicket = Selectable<TicketsTable>;

/** Seconds for which a ticket is good. */
export const ticketLifetime = 900;

export interface NewTicket extends Pick<StoredTicket, "opens" | "kind" | "address" | "userId"> {}

/** What somebody gets who has proved a number or an address, and cannot be signed in by that: 22 characters of base64url. */
export interface Ticket {
  readonly ticket: string;
  readonly expiresAt: Date;
}

export async function insertTicket(db: Queries, ticket: NewTicket): Promise<Ticket> {
  const text = createHandle();
  const { expiresAt } = await db
    .insertInto("tickets")
    .values({
      ...ticket,
      ticketHash: hashHandle(text),
      expiresAt: sql<Date>`latchkey.now() + make_interval(secs => ${ticketLifetime})`,
      consumedAt: null,
    })
    .returning("expiresAt")
    .executeTakeFirstOrThrow();
  return { ticket: text, expiresAt };
}

/** A ticket that is still good; null for every other. */
export async function findTicket(db: Queries, ticket: string): Promise<StoredTicket | null> {
  const query = db
    .selectFrom("tickets")
    .selectAll()
    .where("ticketHash", "=", hashHandle(ticket))
    .where("consumedAt", "is", null)
    .where("expiresAt", ">", sql<Date>`latchkey.now()`);
  return (await query.executeTakeFirst()) ?? null;
}

/** Uses a ticket up, in the transaction of what it does: of two at once one gets it. */
export async function consumeTicket(transaction: Queries, { ticketHash }: StoredTicket): Promise<boolean> {
  const query = transaction
    .updateTable("tickets")
    .set({ consumedAt: sql<Date>`latchkey.now()` })
    .where("ticketHash", "=", ticketHash)
    .where("consumedAt", "is", null)
    .where("expiresAt", ">", sql<Date>`latchkey.now()`)
    .returning("ticketHash");
  return (await query.executeTakeFirst()) !== undefined;
}

/** Deletes tickets that are good for nothing any more. Answers how many, at most so many at once. */
export async function deleteOldTickets(db: Queries, atMost: number): Promise<number> {
  const old = db
    .selectFrom("tickets")
    .select("ticketHash")
    .where("expiresAt", "<", sql<Date>`latchkey.now()`)
    .limit(atMost);
  const { numDeletedRows } = await db.deleteFrom("tickets").where("ticketHash", "in", old).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
