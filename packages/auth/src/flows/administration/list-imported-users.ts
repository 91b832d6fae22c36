import type { ImportIssue, UnsettledUser } from "../../imported-users/imported-user.ts";
import { listUnsettled, type UnsettledPage } from "../../imported-users/imported-user-store.ts";
import type { Core } from "../steps/core.ts";
import { maskName, maskPhone, type Reader, seesContact } from "../steps/masked-contact.ts";
import { readCursor, toPage, writeCursor } from "../steps/page-cursor.ts";
import { recordRead } from "../steps/record-read.ts";

export interface ListImportedUsersInput {
  /** `reserved`: who has no account here and keeps the names from others. `altered`: who came over, and not with all that was theirs. */
  readonly kind: UnsettledPage["kind"];
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/**
 * `came_over`, with an account here; `deleted`, when that was deleted; `gone`, when the last complete round did not see them; `skipped` by a
 * decision; `undecided`, while something of them is; `waiting`, when the next import brings them.
 */
export type ImportedState = "came_over" | "deleted" | "gone" | "skipped" | "undecided" | "waiting";

/** A person of another system, by that system's own texts. */
export interface ImportedUserAnswer {
  readonly source: string;
  /** The primary key over there. */
  readonly externalId: string;
  /** Null where there is none, where two have the same, and for whom the account here was deleted. */
  readonly username: string | null;
  readonly phoneNumber: string | null;
  /** The account here. */
  readonly userId: string | null;
  readonly state: ImportedState;
  readonly issues: readonly ImportIssue[];
}

export interface ImportedUserPage {
  readonly users: readonly ImportedUserAnswer[];
  /** For the next page; null on the last. */
  readonly nextCursor: string | null;
}

/** The list's own order, for its cursors. */
const order = "imported";

/**
 * One page of the people of other systems of whom something is left to know or to do, by source and id there: with numbers and addresses
 * masked for a reader who may not see them.
 *
 * @throws AuthError `invalid_input` for a cursor of another list
 */
export async function listImportedUsers(
  core: Core,
  { kind, cursor, limit }: ListImportedUsersInput,
  reader?: Reader,
): Promise<ImportedUserPage> {
  const isWhole = await seesContact(core, reader);
  const after = cursor === undefined ? undefined : toKey(readCursor(cursor, order));
  const found = await listUnsettled(core.db, { kind, after, limit: limit + 1 });
  const { listed, nextCursor } = toPage(found, limit, ({ source, oldId }) => writeCursor(order, `${source} ${oldId}`));
  await recordRead(core, reader, { what: "imported_users", count: listed.length });
  return { users: listed.map((user) => toAnswer(user, isWhole)), nextCursor };
}

/** No source has a space in its name. */
function toKey(position: string) {
  const end = position.indexOf(" ");
  return { source: position.slice(0, end), oldId: position.slice(end + 1) };
}

function toAnswer(user: UnsettledUser, isWhole: boolean): ImportedUserAnswer {
  const { source, oldId, userId, oldUsername, oldPhone, issues } = user;
  const show = (text: string | null, mask: (text: string) => string) => (text === null || isWhole ? text : mask(text));
  return {
    ...{ source, externalId: oldId, userId },
    username: show(oldUsername, maskName),
    phoneNumber: show(oldPhone, maskPhone),
    state: findState(user),
    issues: issues ?? [],
  };
}

function findState({ userId, deletedAt, goneAt, issues }: UnsettledUser): ImportedState {
  if (userId !== null) return "came_over";
  if (deletedAt !== null) return "deleted";
  if (goneAt !== null) return "gone";
  if (issues?.some(({ decision }) => decision === "skip")) return "skipped";
  return issues?.some(({ decision }) => decision === null) ? "undecided" : "waiting";
}
