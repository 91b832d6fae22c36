import { sql } from "kysely";
import { type ChallengePurpose, type Channel, codeLifetime } from "../challenges/challenge-store.ts";
import type { Digits } from "../challenges/derived-code.ts";
import type { Queries } from "../storage/database.ts";
import { addCounts, countNoted, type MessageSpan } from "./message-counts.ts";
import { toCountryKey } from "./phone-line.ts";
import type { DeliveryReceipt } from "./sender.ts";

/** A message that this process sends now. */
export interface LeasedMessage {
  readonly id: string;
  readonly messageId: string;
  readonly purpose: ChallengePurpose;
  readonly address: string;
  readonly channel: Channel;
  readonly keyId: string;
  readonly digits: Digits;
  readonly locale: string | null;
  readonly expiresAt: Date;
  readonly tries: number;
}

/** Whether any code, notice or hook of a notice is due that nobody is at: one statement, for a process that has nothing to do. */
export async function hasDueMessages(db: Queries): Promise<boolean> {
  const { rows } = await sql<{ isAny: boolean }>`
    select exists (
      select from latchkey.challenges where due_at <= latchkey.now() and coalesce(lease_until <= latchkey.now(), true)
    ) or exists (
      select from latchkey.notice_messages where due_at <= latchkey.now() and coalesce(lease_until <= latchkey.now(), true)
    ) or exists (
      select from latchkey.notices where hook_due_at <= latchkey.now()
    ) as "isAny"`.execute(db.withoutPlugins());
  return rows[0]?.isAny ?? false;
}

/**
 * Takes due messages for `seconds`, which no other process takes meanwhile. From now on their codes can be right: it is committed
 * before anything leaves.
 */
export async function leaseDue(
  db: Queries,
  { atMost, seconds }: { atMost: number; seconds: number },
): Promise<readonly LeasedMessage[]> {
  const { rows } = await sql<LeasedMessage>`
    with due as (
      select id from latchkey.challenges
      where due_at <= latchkey.now() and coalesce(lease_until <= latchkey.now(), true)
        and expires_at > latchkey.now() and consumed_at is null and address is not null and channel is not null
      order by due_at limit ${atMost} for update skip locked
    )
    update latchkey.challenges c
    set lease_until = latchkey.now() + make_interval(secs => ${seconds}), tries = tries + 1,
      handed_at = coalesce(handed_at, latchkey.now())
    from due where c.id = due.id
    returning c.id, message_id as "messageId", purpose, address, channel, key_id as "keyId", digits, locale,
      expires_at as "expiresAt", tries`.execute(db.withoutPlugins());
  return rows;
}

type Leased = Pick<LeasedMessage, "id" | "messageId" | "address">;

/** Notes that a provider has taken a message, and counts it. */
export async function markSent(
  db: Queries,
  { id, messageId, address }: Leased,
  providerId: string | null,
): Promise<void> {
  await sql`
    with noted as (
      update latchkey.challenges
      set state = 'sent', provider_id = ${providerId}, due_at = null, lease_until = null, failure = null
      where id = ${id}::uuid and message_id = ${messageId}::uuid returning id
    )
    ${countNoted(toCountryKey(address), "sent")}`.execute(db);
}

/** Has a message tried again, under its id. */
export async function markForRetry(
  db: Queries,
  { id, messageId }: Pick<Leased, "id" | "messageId">,
  { failure, seconds }: { failure: string; seconds: number },
): Promise<void> {
  await sql`
    update latchkey.challenges
    set due_at = latchkey.now() + make_interval(secs => ${seconds}), lease_until = null, failure = ${failure}
    where id = ${id}::uuid and message_id = ${messageId}::uuid and due_at is not null`.execute(db);
}

/** Has the code sent by another channel, as a message of its own, or gives up where there is none. */
export async function markFailed(
  db: Queries,
  { id, messageId, address }: Leased,
  { failure, next }: { failure: string; next: Channel | null },
): Promise<void> {
  await sql`
    with noted as (
      update latchkey.challenges set
        failure = ${failure}, lease_until = null, tries = 0, provider_id = null,
        state = ${next ? "queued" : "failed"}, channel = coalesce(${next}::text, channel),
        message_id = case when ${next}::text is null then message_id else gen_random_uuid() end,
        due_at = case when ${next}::text is null then null else latchkey.now() end
      where id = ${id}::uuid and message_id = ${messageId}::uuid and due_at is not null returning id
    )
    ${countNoted(toCountryKey(address), "failed")}`.execute(db);
}

interface NotedReceipt {
  readonly id: string;
  readonly messageId: string;
  readonly address: string;
  readonly channel: Channel;
  /** Whether its code is still good. */
  readonly isOpen: boolean;
}

/** Moves the state of a message on as its provider tells, once and never back. Answers the message where that was news. */
export async function noteReceipt(db: Queries, { providerId, state }: DeliveryReceipt): Promise<NotedReceipt | null> {
  const { rows } = await sql<NotedReceipt>`
    update latchkey.challenges set state = ${state}
    where provider_id = ${providerId} and due_at is null and state = 'sent'
    returning id, message_id as "messageId", address, channel,
      consumed_at is null and expires_at > latchkey.now() as "isOpen"`.execute(db.withoutPlugins());
  const [row] = rows;
  if (row) await addCounts(db, [{ key: toCountryKey(row.address), what: state, isSpread: true }], true);
  return row ?? null;
}

/** Has the code of a failed message sent by another channel; once, however often its provider tells of it. */
export async function queueNextChannel(
  db: Queries,
  { id, messageId }: Pick<Leased, "id" | "messageId">,
  next: Channel,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update latchkey.challenges set state = 'queued', channel = ${next}, message_id = gen_random_uuid(), tries = 0,
      provider_id = null, lease_until = null, due_at = latchkey.now()
    where id = ${id}::uuid and message_id = ${messageId}::uuid and state = 'failed' and consumed_at is null
      and expires_at > latchkey.now()`.execute(db);
  return numAffectedRows === 1n;
}

/** Ends messages that are due and whose code has run out. Answers how many. */
export async function failExpired(db: Queries): Promise<number> {
  const { numAffectedRows } = await sql`
    update latchkey.challenges set state = 'failed', failure = coalesce(failure, 'expired'), due_at = null, lease_until = null
    where id in (select id from latchkey.challenges
      where due_at is not null and expires_at <= latchkey.now() limit 1000 for update skip locked)`.execute(db);
  return Number(numAffectedRows ?? 0n);
}

/** What became of codes that were asked for in a stretch of time, as far as it is known by now. */
export interface SentCodes extends Omit<MessageSpan, "refused"> {
  /** Those that left within ten seconds. */
  readonly prompt: number;
  /** Those that waited longer, or have not left. */
  readonly late: number;
}

/** Codes of the last `seconds`, in steps of so many seconds; at most a day, since their rows are kept no longer. Numbers for tests are not among them. */
export async function readSentCodes(
  db: Queries,
  { seconds, step }: { readonly seconds: number; readonly step: number },
): Promise<SentCodes[]> {
  const hasLeft = sql`(state in ('sent', 'delivered') or provider_id is not null)`;
  // Before the fourth try it has waited for longer than that between the tries alone.
  const isLate = sql`(case when ${hasLeft} then handed_at - created_at > interval '10 seconds' or tries > 3
    else latchkey.now() - created_at > interval '10 seconds' end)`;
  const { rows } = await sql<SentCodes>`
    select to_timestamp(floor(extract(epoch from created_at) / ${step}) * ${step}) as "from",
      count(*)::float8 as asked,
      count(*) filter (where state in ('sent', 'delivered'))::float8 as sent,
      count(*) filter (where state = 'delivered')::float8 as delivered,
      count(*) filter (where state = 'failed')::float8 as failed,
      count(*) filter (where proved_at is not null)::float8 as proved,
      count(*) filter (where ${hasLeft} and not ${isLate})::float8 as prompt,
      count(*) filter (where ${isLate})::float8 as late
    from latchkey.challenges
    where expires_at > latchkey.now() + make_interval(secs => ${codeLifetime - seconds})
      and (tries > 0 or due_at is not null or state = 'failed')
    group by 1 order by 1`.execute(db.withoutPlugins());
  return rows;
}
