import { comparedForms } from "../../identifiers/compared-forms.ts";
import { isFresh, isFrozenBy } from "../../imported-users/imported-user.ts";
import { findOldId, findOwnRow, isFromSource, isKnownText } from "../../imported-users/imported-user-store.ts";
import { findLastRound } from "../../imported-users/round-store.ts";
import { djangoClaims, simplejwtClaims } from "../../tokens/django-token.ts";
import type { User } from "../../users/user.ts";
import type { Core } from "./core.ts";

/** The claims by which the old backend finds a user; none of them where it could find somebody else. */
export type OldClaims =
  | ReturnType<typeof djangoClaims>
  | ReturnType<typeof simplejwtClaims>
  | Readonly<Record<string, never>>;

/**
 * What a token of the profile `django` says to the old backend. Somebody who came from there is named by the texts that the old
 * backend has for them, as long as a round has just seen them or names do not change there any more. Somebody who did not is named by
 * their own username, once names do not change there, and only if nobody there ever had one like it.
 *
 * Read at every issue: whom a name means over there is never remembered.
 */
export async function findOldClaims(core: Core, user: User): Promise<OldClaims> {
  const { django, clock, tokens } = core.options;
  if (!django) return {};
  if (tokens.profile === "simplejwt") return findNumber(core, django.source, user.id);
  const { source, frozenAt } = django;
  const row = await findOwnRow(core.db, source, user.id);
  const round = await findLastRound(core.db, source);
  const isFrozen = isFrozenBy(round?.beganAt ?? null, frozenAt);
  if (row) {
    const isCertain = isFrozenBy(row.seenAt, frozenAt) || isFresh(row.seenAt, clock.now());
    return isCertain && row.oldUsername !== null
      ? djangoClaims({ username: row.oldUsername, phoneNumber: row.oldPhone })
      : {};
  }
  if (!isFrozen || !user.username || (await isFromSource(core.db, source, user.id))) return {};
  const isTheirs = await isKnownText(core.db, source, comparedForms(user.username));
  return isTheirs ? {} : djangoClaims({ username: user.username, phoneNumber: user.phoneNumber });
}

/** An id stays its person's, so that no round has to be fresh. Who did not come from there is nobody there. */
async function findNumber(core: Core, source: string, userId: string): Promise<OldClaims> {
  const oldId = await findOldId(core.db, source, userId);
  return oldId === null ? {} : simplejwtClaims(oldId);
}
