import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import {
  type AdoptionRefusal,
  isFrozenBy,
  judgeNumberedToken,
  judgeOldToken,
} from "../../imported-users/imported-user.ts";
import { findByOldId, findNamed } from "../../imported-users/imported-user-store.ts";
import { holdSource } from "../../imported-users/round-store.ts";
import { createRefreshToken } from "../../sessions/refresh-token.ts";
import { insertAdoptedSession } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { clockLeeway } from "../../tokens/access-token.ts";
import type { DjangoToken, NumberedToken } from "../../tokens/django-token.ts";
import type { DjangoBearer, VerifiedToken } from "../../tokens/verified-tokens.ts";
import type { User } from "../../users/user.ts";
import { lockUser, mayHaveOldTokens } from "../../users/user-store.ts";
import type { Core, RequestInfo, StoredCaller } from "../steps/core.ts";
import { askGate, readGateAccount } from "../steps/gate.ts";
import { findPermissions } from "../steps/held-permissions.ts";
import { endSurplus } from "../steps/open-session.ts";

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
  await core.db.transaction().execute((transaction) => openAdoptedSession(core, transaction, { token, facts }));
  const caller = await core.readCaller(token);
  if (!caller) throw sessionEnded();
  return caller;
}

/**
 * What must hold of an adopted session at every call: it was opened by the rules of today for the system that the settings name, and
 * not for somebody who has rights, unless that is wanted.
 */
export async function requireGoodAdoption(core: Core, token: VerifiedToken, caller: StoredCaller): Promise<void> {
  if (token.kind === "own") return;
  if (caller.session.adoptedFrom !== core.options.django?.source) throw refused("unknown_name");
  if (!mayAdoptStaff(core) && isStaff(caller.user, await findPermissions(core, caller.user))) throw refused("staff");
}

interface Adoption {
  readonly token: DjangoBearer;
  readonly facts: RequestInfo;
}

async function openAdoptedSession(core: Core, transaction: Queries, { token, facts }: Adoption): Promise<void> {
  const { sessionId, django } = token;
  const user = await lockNamed(core, transaction, django);
  const expiresAt = requireTimeLeft(core, django);
  const isOpened = await insertAdoptedSession(transaction, {
    id: sessionId,
    userId: user.id,
    refreshHash: createRefreshToken(core.refreshKeys()[0], sessionId).hash,
    adoptedFrom: sourceOf(core),
    expiresAt,
    keptUntil: endOf(django),
    address: facts.address,
    userAgent: facts.userAgent,
  });
  if (!isOpened) return;
  await recordEvent(transaction, { event: "legacy_token_adopted" }, { ...facts, actorId: user.id, subjectId: user.id });
  await endSurplus(core, transaction, { user, facts });
}

/**
 * The user whom an old token names, and who cannot change until the transaction ends. The order of the locks is that of a deletion:
 * source, user, and then what is said of them.
 */
async function lockNamed(core: Core, transaction: Queries, django: DjangoToken): Promise<User> {
  await holdSource(transaction, sourceOf(core));
  const userId = await findPerson(core, transaction, django);
  const user = await lockUser(transaction, userId);
  // Deleted or linked to another account while this waited for the lock.
  if (!user || (await findPerson(core, transaction, django)) !== userId) throw refused("no_account");
  if (!user.isActive) throw new AuthError("account_disabled", "The account is disabled");
  if (!(await mayHaveOldTokens(transaction, userId))) throw refused("old_tokens_ended");
  const account = await readGateAccount(core, transaction, userId);
  if (!account || askGate(core, account, ["old_token"], "adopt_old_token").opens !== "session") throw refused("staff");
  return user;
}

async function findPerson(core: Core, transaction: Queries, django: DjangoToken): Promise<string> {
  if (django.kind === "id") return findNumbered(core, transaction, django);
  const found = await findNamed(transaction, sourceOf(core), django.userIdentifier);
  const isFrozen = isFrozenBy(found?.seenAt ?? null, core.options.django?.frozenAt);
  const judged = judgeOldToken(found, django, { isFrozen });
  if ("refusal" in judged) throw refused(judged.refusal);
  return judged.userId;
}

async function findNumbered(core: Core, transaction: Queries, token: NumberedToken): Promise<string> {
  const found = await findByOldId(transaction, { source: sourceOf(core), oldId: token.oldId });
  const isFrozen = isFrozenBy(found?.seenAt ?? null, core.options.django?.frozenAt);
  const judged = judgeNumberedToken(found, token, { isFrozen });
  if ("refusal" in judged) throw refused(judged.refusal);
  return judged.userId;
}

const sourceOf = (core: Core): string => core.options.django?.source ?? "";

const mayAdoptStaff = (core: Core): boolean => core.options.django?.dangerouslyAcceptTokensOfStaff ?? false;

function isStaff(user: User, permissions: readonly string[]): boolean {
  return user.isStaff || user.isSuperuser || permissions.length > 0;
}

/** Until when the old backend would take it, and the leeway. */
const endOf = ({ expiresAt }: DjangoToken) => new Date(expiresAt.getTime() + clockLeeway * 1000);

/** When the session ends: with its token, after the time that any session has, or when old tokens are no longer accepted. */
function requireTimeLeft({ options }: Core, django: DjangoToken): Date {
  const ends = [
    endOf(django).getTime(),
    django.issuedAt.getTime() + options.sessions.lifetime * 1000,
    options.django?.acceptTokensUntil?.getTime() ?? 0,
  ];
  const end = new Date(Math.min(...ends));
  if (end > options.clock.now()) return end;
  throw sessionEnded();
}

function sessionEnded(): AuthError {
  return new AuthError("session_ended", "The session has ended: sign in again");
}

/** The caller is told nothing; why stands in the cause, for the log. */
function refused(because: AdoptionRefusal): AuthError {
  return new AuthError("token_invalid", "The token is not valid", { cause: new OldTokenRefused(because) });
}

/** Why a genuine token of the old backend was not adopted. */
export class OldTokenRefused extends Error {
  override readonly name = "OldTokenRefused";
  readonly because: AdoptionRefusal;

  constructor(because: AdoptionRefusal) {
    super(`an old token was not adopted: ${because}`);
    this.because = because;
  }
}
