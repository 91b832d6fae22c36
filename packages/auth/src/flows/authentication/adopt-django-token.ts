import { createRefreshToken } from "../../sessions/refresh-token.ts";
import type { DjangoToken } from "../../tokens/django-token.ts";
import type { VerifiedToken } from "../../tokens/verified-tokens.ts";
import type { User } from "../../users/user.ts";
import { adopt, endOf, refused } from "../steps/adopt-old-token.ts";
import type { Core, RequestInfo, StoredCaller } from "../steps/core.ts";
import { findPermissions } from "../steps/held-permissions.ts";
import { sessionEnded } from "../steps/session-ended.ts";

/**
 * Gives a token of the old backend a session at its first use here. From then on it is bound to that person's id and ends like
 * any other session; until then it names its person by the old backend's own texts, which nothing here reads but byte for byte.
 *
 * Answers null for every other token, and throws `token_invalid` for one that names nobody who came from there, or nobody for sure.
 */
export async function adoptDjangoToken(
  core: Core,
  token: VerifiedToken,
  facts: RequestInfo,
): Promise<StoredCaller | null> {
  if (token.kind === "own") return null;
  const { sessionId, django } = token;
  const refreshHash = createRefreshToken(core.refreshKeys()[0], sessionId).hash;
  const adoption = { sessionId, django, refreshHash, expiresAt: findEnd(core, django), facts };
  await adopt(core, adoption);
  const caller = await core.readCaller(token);
  if (!caller) throw sessionEnded();
  return caller;
}

/**
 * What must hold of an adopted session at every call, with its own token and with those that it was exchanged for: it was opened by the rules
 * of today for the system that the settings name, and not for somebody who has rights, unless that is wanted.
 */
export async function requireGoodAdoption(core: Core, token: VerifiedToken, caller: StoredCaller): Promise<void> {
  const { adoptedFrom } = caller.session;
  if (adoptedFrom === null && token.kind === "own") return;
  // A refresh token that was adopted goes on by tokens of our own after the system is forgotten.
  if (token.kind !== "own" && adoptedFrom !== core.options.django?.source) throw refused("unknown_name");
  if (!mayAdoptStaff(core) && isStaff(caller.user, await findPermissions(core, caller.user))) throw refused("staff");
}

const mayAdoptStaff = (core: Core): boolean => core.options.django?.dangerouslyAcceptTokensOfStaff ?? false;

function isStaff(user: User, permissions: readonly string[]): boolean {
  return user.isStaff || user.isSuperuser || permissions.length > 0;
}

/** When the session ends: with its token, after the time that any session has, or when old tokens are no longer accepted. */
function findEnd({ options }: Core, django: DjangoToken): Date {
  const ends = [
    endOf(django).getTime(),
    django.issuedAt.getTime() + options.sessions.lifetime * 1000,
    options.django?.acceptTokensUntil?.getTime() ?? 0,
  ];
  return new Date(Math.min(...ends));
}
