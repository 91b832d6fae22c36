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
import type { ResolvedOptions } from "../../options.ts";
import { insertAdoptedSession } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import { clockLeeway } from "../../tokens/access-token.ts";
import type { DjangoToken, NumberedToken } from "../../tokens/django-token.ts";
import type { User } from "../../users/user.ts";
import { lockUser, mayHaveOldTokens } from "../../users/user-store.ts";
import type { Core, RequestInfo } from "./core.ts";
import { askGate, readGateAccount } from "./gate.ts";
import { endSurplus } from "./open-session.ts";
import { sessionEnded } from "./session-ended.ts";
import { stopDeletion } from "./stop-deletion.ts";

export interface Adoption {
  /** The session that this token, and no other one, can have. */
  readonly sessionId: string;
  readonly django: DjangoToken;
  readonly refreshHash: Buffer;
  /** When its session ends whatever happens. */
  readonly expiresAt: Date;
  readonly facts: RequestInfo;
}

/**
 * Opens the session of a token of the old backend, unless it was opened before, whatever became of it. Calls with one token wait for one
 * transaction, those of one address for each other, and who is refused takes no lock: a token that is not adopted comes again and again.
 *
 * @param check what else must hold, at the end of the transaction
 * @throws AuthError `token_invalid`, with the reason as its cause, for a token that names nobody who came from there, or nobody for sure
 */
export function adopt(
  core: Core,
  adoption: Adoption,
  check: (transaction: Queries) => Promise<void> = async () => {},
): Promise<void> {
  const { sessionId, django, facts } = adoption;
  return core.adoptionLanes.run(sessionId, toNetwork(facts.address), async () => {
    await requireAdoptable(core, core.db, django);
    if (adoption.expiresAt <= core.options.clock.now()) throw sessionEnded();
    await core.db.transaction().execute(async (transaction) => {
      await openAdoptedSession(core, transaction, adoption);
      await check(transaction);
    });
  });
}

async function openAdoptedSession(core: Core, transaction: Queries, adoption: Adoption): Promise<void> {
  const { sessionId, django, refreshHash, expiresAt, facts } = adoption;
  const user = await lockNamed(core, transaction, django);
  const isOpened = await insertAdoptedSession(transaction, {
    id: sessionId,
    userId: user.id,
    refreshHash,
    adoptedFrom: sourceOf(core),
    expiresAt,
    keptUntil: endOf(django),
    address: facts.address,
    userAgent: facts.userAgent,
  });
  if (!isOpened) return;
  await stopDeletion(core, transaction, { userId: user.id, by: "sign_in", actorId: user.id, facts });
  await recordEvent(transaction, { event: "legacy_token_adopted" }, { ...facts, actorId: user.id, subjectId: user.id });
  await endSurplus(core, transaction, { user, facts });
}

/**
 * The user whom an old token names, and who cannot change until the transaction ends. The order of the locks is that of a deletion:
 * source, user, and then what is said of them.
 */
async function lockNamed(core: Core, transaction: Queries, django: DjangoToken): Promise<User> {
  await holdSource(transaction, sourceOf(core));
  const user = await lockUser(transaction, await findPerson(core, transaction, django));
  // Deleted or linked to another account while this waited for the lock.
  if (!user || (await requireAdoptable(core, transaction, django)) !== user.id) throw refused("no_account");
  return user;
}

/** The id of the user whom an old token names, if nothing speaks against its adoption at this moment. */
async function requireAdoptable(core: Core, db: Queries, django: DjangoToken): Promise<string> {
  const userId = await findPerson(core, db, django);
  const account = await readGateAccount(core, db, userId);
  if (!account) throw refused("no_account");
  if (!account.state.isActive) throw new AuthError("account_disabled", "The account is disabled");
  if (!(await mayHaveOldTokens(db, userId))) throw refused("old_tokens_ended");
  if (account.state.hasSecondFactor) throw refused("second_factor");
  if (askGate(core, account, ["old_token"], "adopt_old_token").opens !== "session") throw refused("staff");
  return userId;
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

/**
 * Old tokens end on a date.
 *
 * @throws AuthError `token_invalid`
 */
export function requireOldTokensAccepted({ django, clock }: Pick<ResolvedOptions, "django" | "clock">): void {
  const until = django?.acceptTokensUntil;
  if (!until || clock.now() >= until)
    throw new AuthError("token_invalid", "Tokens of this kind are no longer accepted");
}

/** The system whose tokens are adopted. */
export const sourceOf = (core: Core): string => core.options.django?.source ?? "";

/** Until when the old backend would take it, and the leeway. */
export const endOf = ({ expiresAt }: DjangoToken) => new Date(expiresAt.getTime() + clockLeeway * 1000);

/** The caller is told nothing; why stands in the cause, for the log. */
export function refused(because: AdoptionRefusal): AuthError {
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
