import { type Generated, type RawBuilder, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import { createUuid } from "../uuid.ts";
import { type NoticeKind, urgentKinds } from "./notice.ts";

declare module "../storage/database.ts" {
  interface Database {
    notices: NoticesTable;
  }
}

interface NoticesTable {
  id: string;
  userId: string;
  kind: NoticeKind;
  createdAt: Generated<Date>;
  readAt: Date | null;
  /** Where the call came from that did it; null for what another person did. */
  address: string | null;
  userAgent: string | null;
  /** When the hook is to be told; null where there is none, or it was. */
  hookDueAt: Date | null;
  hookTries: Generated<number>;
}

/** A notice as its reader sees it, but for the words of the device. */
export interface StoredNotice {
  readonly id: string;
  readonly kind: NoticeKind;
  readonly createdAt: Date;
  readonly readAt: Date | null;
  readonly address: string | null;
  readonly userAgent: string | null;
}

export interface NewNotice {
  readonly userId: string;
  readonly kind: NoticeKind;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly hasHook: boolean;
}

/** Messages of one kind to one person in a day: what is more is in the list alone. */
const mostOfAKind = 3;

/** Keeps a notice in the transaction of what it tells. Answers its id; null where the person was deleted meanwhile. */
export async function insertNotice(transaction: Queries, { hasHook, ...notice }: NewNotice): Promise<string | null> {
  // Held, so that a deletion at the same moment comes before or after, and never between.
  const { rows } = await sql`select from latchkey.users where id = ${notice.userId} for key share`.execute(transaction);
  if (rows.length === 0) return null;
  const id = createUuid();
  const hookDueAt = hasHook ? sql<Date>`latchkey.now()` : null;
  await transaction
    .insertInto("notices")
    .values({ ...notice, id, readAt: null, hookDueAt })
    .execute();
  return id;
}

export interface NoticeMessagesToQueue {
  readonly noticeId: string;
  readonly userId: string;
  readonly kind: NoticeKind;
  /** By what there is something to send with. */
  readonly channels: readonly ("sms" | "email")[];
  readonly locale: RawBuilder<string | null>;
  /** Told as well, beside what the account has proved: what it had until now. */
  readonly former: readonly { readonly channel: "sms" | "email"; readonly address: string }[];
}

/**
 * Queues a message to each number and address that was proved on the account, and to those that it had until now: not where the person
 * was sent enough of the kind today. Answers how many.
 */
export async function queueNoticeMessages(transaction: Queries, queued: NoticeMessagesToQueue): Promise<number> {
  const { noticeId, userId, kind, channels, locale, former } = queued;
  if (channels.length === 0) return 0;
  const told = sql.join(
    [
      sql`select 'sms' as channel, phone_number as address from latchkey.users
      where id = ${userId} and phone_proved_at is not null and test_until is null`,
      sql`select 'email', email from latchkey.users where id = ${userId} and email_proved_at is not null`,
      ...former.map(({ channel, address }) => sql`select ${channel}::text, ${address}::text`),
    ],
    sql` union `,
  );
  const queuedNow = await sql`
    insert into latchkey.notice_messages (id, notice_id, channel, address, locale, due_at)
    select gen_random_uuid(), ${noticeId}, told.channel, told.address, ${locale}, latchkey.now()
    from (${told}) told
    where told.address is not null and told.channel = any(${[...channels]})
      and (select count(*) from latchkey.notices n where n.user_id = ${userId} and n.kind = ${kind}
        and n.created_at > latchkey.now() - interval '1 day') <= ${mostOfAKind}::int`.execute(transaction);
  return Number(queuedNow.numAffectedRows ?? 0n);
}

/** Whether a notice of a kind was kept for somebody within a day. */
export async function wasNoticedToday(db: Queries, userId: string, kind: NoticeKind): Promise<boolean> {
  const query = db
    .selectFrom("notices")
    .select("id")
    .where("userId", "=", userId)
    .where("kind", "=", kind)
    .where("createdAt", ">", sql<Date>`latchkey.now() - interval '1 day'`)
    .limit(1);
  return (await query.executeTakeFirst()) !== undefined;
}

/** A page of somebody's notices, the newest first. */
export async function listNotices(
  db: Queries,
  { userId, after, limit }: { readonly userId: string; readonly after: string | null; readonly limit: number },
): Promise<StoredNotice[]> {
  let query = db
    .selectFrom("notices")
    .select(["id", "kind", "createdAt", "readAt", "address", "userAgent"])
    .where("userId", "=", userId);
  if (after !== null) query = query.where("id", "<", after);
  return query.orderBy("id", "desc").limit(limit).execute();
}

/** How many of somebody's notices they have not read: a hundred at most. */
export async function countUnread(db: Queries, userId: string): Promise<number> {
  const unread = db
    .selectFrom("notices")
    .select("id")
    .where("userId", "=", userId)
    .where("readAt", "is", null)
    .limit(100);
  const { count } = await db
    .selectFrom(unread.as("unread"))
    .select(sql<number>`count(*)::int`.as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

/** Marks notices of somebody's own as read: those of the ids, or all. */
export async function markNoticesRead(db: Queries, userId: string, ids: readonly string[] | null): Promise<void> {
  if (ids !== null) return markRead(db, userId, ids);
  // A program that signs in every minute has a few hundred thousand.
  for (let found = await findUnread(db, userId, null); found.length > 0; found = await findUnread(db, userId, found))
    await markRead(db, userId, found);
}

/** Notices that one statement marks. */
const markedAtOnce = 5_000;

/** The next that somebody has not read, in the order of their ids. */
async function findUnread(db: Queries, userId: string, behind: readonly string[] | null): Promise<string[]> {
  const unread = db.selectFrom("notices").select("id").where("userId", "=", userId).where("readAt", "is", null);
  const last = behind?.at(-1);
  const next = last === undefined ? unread : unread.where("id", ">", last);
  return (await next.orderBy("id").limit(markedAtOnce).execute()).map(({ id }) => id);
}

async function markRead(db: Queries, userId: string, ids: readonly string[]): Promise<void> {
  await db
    .updateTable("notices")
    .set({ readAt: sql<Date>`latchkey.now()` })
    .where("userId", "=", userId)
    .where("readAt", "is", null)
    .where("id", "=", sql<string>`any(${[...ids]}::uuid[])`)
    .execute();
}

/** Seconds for which a notice is kept, and for which the address stays to which one was sent. */
const [noticeRetention, messageRetention] = [180 * 86_400, 4 * 86_400];

/** Deletes what is told and past its time, `atMost` at a time, and answers how many. */
export async function deleteOldNotices(db: Queries, atMost: number): Promise<number> {
  const older = (table: string, seconds: number) =>
    sql`delete from ${sql.table(`latchkey.${table}`)} where id in (
      select id from ${sql.table(`latchkey.${table}`)}
      where created_at <= latchkey.now() - make_interval(secs => ${seconds}) order by created_at limit ${atMost})`;
  const messages = await older("notice_messages", messageRetention).execute(db);
  const notices = await older("notices", noticeRetention).execute(db);
  return Number(messages.numAffectedRows ?? 0) + Number(notices.numAffectedRows ?? 0);
}

/** A message that this process sends now. */
export interface LeasedNotice {
  readonly id: string;
  readonly kind: NoticeKind;
  readonly channel: "sms" | "email";
  readonly address: string;
  readonly locale: string | null;
  readonly tries: number;
}

export interface NoticesToLease {
  readonly atMost: number;
  readonly seconds: number;
  /** SMS in a day, in all; of e-mails ten times as many. */
  readonly perDay: number;
}

export interface LeasedNotices {
  readonly leased: readonly LeasedNotice[];
  /** Whether there may be more. */
  readonly isFull: boolean;
}

/**
 * Of the day's budget, what messages may use that strangers can cause or of which the account has had many; and those to an account that has had
 * some. The rest is for what an account is told first, so that a few that tell themselves much silence nobody.
 */
const [shareOfMany, shareOfSome] = [2 / 3, 5 / 6];

/** Messages to one account in a day from which on it has had some: one notice, by SMS and e-mail. And from which on it has had many. */
const [some, many] = [2, 8];

/** Of an account's newest notices, those whose messages are counted. */
const noticesCounted = 500;

/** E-mails in a day for each SMS: whoever has a domain has as many addresses as they like, and one costs next to nothing. */
const emailsForOne = 10;

/**
 * Whether a notice `n` to somebody `u` is urgent: the first in a day of a kind that its owner can undo, to an account that was there a week ago.
 * The whole budget is for these, the oldest first, and nothing goes before them, so that an attack that goes on makes them late at most.
 */
const isUrgent = sql`(n.kind = any(${[...urgentKinds]}::text[]) and u.date_joined < latchkey.now() - interval '7 days'
  and not exists (select from latchkey.notices o where o.user_id = n.user_id and o.kind = n.kind and o.id < n.id
    and o.created_at > n.created_at - interval '1 day'))`;

/**
 * Takes due messages for `seconds`, inside the budget of the last 24 hours. What is beyond it is looked at again every hour, for as long as a
 * change waits that can be stopped: three days after it was made.
 */
export async function leaseNotices(db: Queries, { atMost, seconds, perDay }: NoticesToLease): Promise<LeasedNotices> {
  const share = (of: number) =>
    sql`floor(${perDay * of}::float8 * case channel when 'email' then ${emailsForOne} else 1 end)`;
  const { rows } = await sql<LeasedNotice & { readonly isLeased: boolean }>`
    with due as (
      select m.id, m.channel, m.created_at, m.due_at, n.kind, n.user_id, ${isUrgent} as is_urgent, (
        select count(*) from (
          select id from latchkey.notices where user_id = n.user_id order by id desc limit ${noticesCounted}
        ) newest join latchkey.notice_messages o on o.notice_id = newest.id
        where o.sent_at > latchkey.now() - interval '1 day'
      ) as had
      from latchkey.notice_messages m join latchkey.notices n on n.id = m.notice_id join latchkey.users u on u.id = n.user_id
      where m.due_at <= latchkey.now() and coalesce(m.lease_until <= latchkey.now(), true)
      order by m.due_at limit ${atMost} for update of m skip locked
    ), counted as (
      select *, had + row_number() over (partition by user_id order by due_at, id) - 1 as had_by_then from due
    ), waiting as (
      select m.id, m.channel, m.created_at
      from latchkey.notice_messages m join latchkey.notices n on n.id = m.notice_id join latchkey.users u on u.id = n.user_id
      where m.due_at is not null and m.failure = 'budget' and ${isUrgent}
    ), sent as (
      select channel, count(*) as count from latchkey.notice_messages where sent_at > latchkey.now() - interval '1 day' group by channel
    ), allowed as (
      select id, kind, case
        when is_urgent then ${share(1)}
        when kind = 'failed_sign_ins' or had_by_then >= ${many} then ${share(shareOfMany)}
        when had_by_then >= ${some} then ${share(shareOfSome)}
        else ${share(1)} end as budget, coalesce((select count from sent where sent.channel = counted.channel), 0) + (
        select count(*) from waiting w where w.channel = counted.channel and w.id <> counted.id
          and (not counted.is_urgent or (w.created_at, w.id) < (counted.created_at, counted.id))
      ) as taken
      from counted
    ), refused as (
      update latchkey.notice_messages m set failure = 'budget',
        due_at = case when m.created_at > latchkey.now() - interval '3 days' and ${perDay} > 0
          then latchkey.now() + interval '1 hour' end
      from allowed where m.id = allowed.id and taken >= budget
      returning m.id, allowed.kind, m.channel, address, locale, tries, false as "isLeased"
    ), leased as (
      update latchkey.notice_messages m
      set lease_until = latchkey.now() + make_interval(secs => ${seconds}), tries = tries + 1
      from allowed where m.id = allowed.id and taken < budget
      returning m.id, allowed.kind, m.channel, address, locale, tries, true as "isLeased"
    )
    select * from leased union all select * from refused`.execute(db.withoutPlugins());
  return { leased: rows.filter(({ isLeased }) => isLeased), isFull: rows.length === atMost };
}

/** Notes what became of a try: sent, to be tried again after some seconds, or given up. */
export async function noteNoticeTry(
  db: Queries,
  id: string,
  outcome: { readonly failure: string | null; readonly again: number | null },
): Promise<void> {
  const { failure, again } = outcome;
  await sql`update latchkey.notice_messages set lease_until = null, failure = ${failure}::text,
    due_at = latchkey.now() + make_interval(secs => ${again}::float8),
    sent_at = case when ${failure}::text is null then latchkey.now() end
    where id = ${id}::uuid and due_at is not null`.execute(db);
}

/** A notice of which the hook is to be told. */
export interface HookNotice {
  readonly id: string;
  readonly userId: string;
  readonly kind: NoticeKind;
  readonly createdAt: Date;
}

/** Takes a notice for the hook, in the transaction in which it is told. */
export async function takeHookNotice(transaction: Queries): Promise<HookNotice | null> {
  const due = transaction
    .selectFrom("notices")
    .select("id")
    .where("hookDueAt", "<=", sql<Date>`latchkey.now()`)
    .orderBy("hookDueAt")
    .limit(1)
    .forUpdate()
    .skipLocked();
  const taken = await transaction
    .updateTable("notices")
    .set({ hookDueAt: null })
    .where("id", "in", due)
    .returning(["id", "userId", "kind", "createdAt"])
    .executeTakeFirst();
  return taken ?? null;
}

/** Has the hook told once more after it failed: three times in all. */
export async function retryHook(db: Queries, id: string): Promise<void> {
  await sql`update latchkey.notices set hook_tries = hook_tries + 1,
    hook_due_at = case when hook_tries < 2 then latchkey.now() + interval '60 seconds' end
    where id = ${id}::uuid`.execute(db);
}
