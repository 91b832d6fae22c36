import type { NoticeKind } from "../../messages/notice.ts";
import { countUnread, listNotices, markNoticesRead } from "../../messages/notice-store.ts";
import { describeDevice } from "../../sessions/device.ts";
import type { Core, Principal } from "../steps/core.ts";
import { readCursor, toPage, writeCursor } from "../steps/page-cursor.ts";

/** What the caller is told of their own account. */
export interface Notice {
  readonly id: string;
  readonly kind: NoticeKind;
  readonly createdAt: Date;
  readonly readAt: Date | null;
  /** Where the call came from that did it; null for what another person did, such as an administrator. */
  readonly address: string | null;
  /** In words, such as `Chrome on Android`. */
  readonly device: string | null;
}

export interface ListNoticesInput {
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface NoticePage {
  readonly notices: readonly Notice[];
  /** Of all pages, a hundred at most. */
  readonly unread: number;
  readonly nextCursor: string | null;
}

/** A page of the caller's notices, the newest first. Throws AuthError `invalid_input` for what is no cursor. */
export async function listOwnNotices(
  core: Core,
  { user }: Principal,
  { cursor, limit }: ListNoticesInput,
): Promise<NoticePage> {
  const after = cursor === undefined ? null : readCursor(cursor, "id");
  const [found, unread] = await Promise.all([
    listNotices(core.db, { userId: user.id, after, limit: limit + 1 }),
    countUnread(core.db, user.id),
  ]);
  const { listed, nextCursor } = toPage(found, limit, ({ id }) => writeCursor("id", id));
  const notices = listed.map(({ userAgent, ...notice }) => ({ ...notice, device: describeDevice(userAgent) }));
  return { notices, unread, nextCursor };
}

/** Notes that the caller has read notices: those of the ids, or all. */
export async function markOwnNoticesRead(
  core: Core,
  { user }: Principal,
  { ids }: { readonly ids?: readonly string[] | undefined },
): Promise<void> {
  await markNoticesRead(core.db, user.id, ids ?? null);
}
