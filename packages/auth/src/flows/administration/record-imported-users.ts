import { randomUUID } from "node:crypto";
import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError, type InputIssue } from "../../errors.ts";
import { comparedForms } from "../../identifiers/compared-forms.ts";
import type { ImportedKey, ImportedPerson } from "../../imported-users/imported-user.ts";
import { linkUser, listWithoutAccount } from "../../imported-users/imported-user-store.ts";
import {
  type ImportRound,
  insertRead,
  insertRound,
  lockRound,
  type RoundChanges,
  type RoundUnderWay,
  sealRound,
  updateKnown,
} from "../../imported-users/round-store.ts";
import { endAdoptedSessions } from "../../sessions/session-store.ts";
import { clockLeeway } from "../../tokens/access-token.ts";
import { isUuid } from "../../uuid.ts";
import { getUserOrThrow } from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";

export interface StartRoundInput {
  /** A name for the other system: a lower-case letter, then letters, digits, `-` and `_`; `LEGACY_SOURCE` for its tokens. */
  readonly source: string;
  /**
   * The source's own clock, read inside the snapshot in which everybody is read: `select now()` as the first statement of a transaction
   * that is `repeatable read`. For a file, when it was written.
   */
  readonly startedAt: Date;
  /** A UUID of one's own for the round; a random one unless given. */
  readonly id?: string | undefined;
}

const atImport = { actorId: null, subjectId: null, address: null, requestId: null };

/**
 * Begins a reading of everybody in another system. Nothing of it counts until {@link completeImportRound}. One that is under way
 * for the same source is given up.
 *
 * @throws AuthError `invalid_input`
 */
export async function startImportRound(
  core: Core,
  { source, startedAt, id = randomUUID() }: StartRoundInput,
): Promise<ImportRound> {
  if (!/^[a-z][a-z0-9_-]{0,62}$/.test(source)) {
    throw invalid("source", "is not a lower-case letter followed by at most 62 letters, digits, - and _");
  }
  if (Number.isNaN(startedAt.getTime())) throw invalid("startedAt", "is not a time");
  if (!isUuid(id)) throw invalid("id", "is not a UUID in lower case");
  const round = { id, source };
  if (await insertRound(core.db, round, { startedAt, leeway: clockLeeway })) return round;
  throw invalid("startedAt", "is earlier than the last complete round's, or ahead of the database's clock");
}

/**
 * Tells of some people whom a round has read, in any order; once more is no harm. Tell of everybody, those whom you do not bring over
 * among them: a name that is not told of can be taken here by somebody else.
 *
 * @throws AuthError `invalid_input`, `not_found` when another round of the source has begun since
 */
export async function recordImportedUsers(
  core: Core,
  round: ImportRound,
  people: readonly ImportedPerson[],
): Promise<void> {
  const issues = people.flatMap(findIssues);
  if (issues.length > 0) throw new AuthError("invalid_input", "The input is not valid", { issues });
  const read = [...new Map(people.map((person) => [person.oldId, person])).values()].map((person) => ({
    ...person,
    usernameForms: person.username === null ? [] : comparedForms(person.username),
    phoneForms: person.phoneNumber === null ? [] : comparedForms(person.phoneNumber),
  }));
  if (!(await insertRead(core.db, round, read))) throw overtaken();
}

/** PostgreSQL stores neither NUL nor half a surrogate pair, and what it would make of them is another name. */
function findIssues({ oldId, username, phoneNumber }: ImportedPerson, index: number): InputIssue[] {
  const isGood = (text: string | null) =>
    text === null || (text.length <= 1_000 && text.isWellFormed() && !text.includes("\0"));
  const issue = (field: string, message: string) => ({
    path: ["people", index, field],
    code: "invalid_format" as const,
    message,
  });
  return [
    ...(oldId !== "" && isGood(oldId)
      ? []
      : [issue("oldId", "is empty, longer than 1,000 characters, or cannot be stored")]),
    ...(isGood(username) ? [] : [issue("username", "is longer than 1,000 characters or cannot be stored")]),
    ...(isGood(phoneNumber) ? [] : [issue("phoneNumber", "is longer than 1,000 characters or cannot be stored")]),
  ];
}

/**
 * Makes what a round has read the present state of its source. A person who has another name there than before, or is there no more, keeps
 * the account here and loses the sessions that old tokens opened.
 *
 * `people` is the source's own count, so that a reading that broke off is never taken for whole; `isKnownUpdated` says that
 * {@link updateKnownUsers} has done the first half.
 *
 * @throws AuthError `invalid_input`, `not_found` when another round of the source has begun since
 */
export async function completeImportRound(
  core: Core,
  round: ImportRound,
  { people, isKnownUpdated = false }: ReadCount & { readonly isKnownUpdated?: boolean | undefined },
): Promise<RoundChanges> {
  return onRound(core, round, { people }, async (transaction, underWay) => {
    const known = isKnownUpdated ? nothing : await follow(transaction, round, underWay);
    return { ...known, added: await sealRound(transaction, round, underWay) };
  });
}

/**
 * The first half of {@link completeImportRound}, for who records new people together with their accounts: what the round has read of people known
 * before; who is new is not added, nor counted. Until the round is complete, it counts for no old token and no claim.
 *
 * @throws AuthError `invalid_input`, `not_found` when another round of the source has begun since
 */
export async function updateKnownUsers(core: Core, round: ImportRound, { people }: ReadCount): Promise<RoundChanges> {
  return onRound(core, round, { people }, async (transaction, underWay) => ({
    ...(await follow(transaction, round, underWay)),
    added: 0,
  }));
}

export interface ReadCount {
  /** How many people the source has, by its own count. */
  readonly people: number;
}

type Changed = Omit<RoundChanges, "people">;

const nothing = { changed: 0, gone: 0 };

/** Follows a round for the people known before. */
async function follow(transaction: Core["db"], round: ImportRound, underWay: RoundUnderWay) {
  const { userIds, ...known } = await updateKnown(transaction, round, underWay);
  await endAdoptedSessions(transaction, { userIds, adoptedFrom: round.source, reason: "old_name_changed" });
  return known;
}

async function onRound(
  core: Core,
  round: ImportRound,
  { people }: ReadCount,
  work: (transaction: Core["db"], underWay: RoundUnderWay) => Promise<Changed>,
): Promise<RoundChanges> {
  return core.db.transaction().execute(async (transaction) => {
    const underWay = await lockRound(transaction, round);
    if (!underWay) throw overtaken();
    if (underWay.people !== people) throw invalid("people", `is not the ${underWay.people} that the round has read`);
    if (underWay.repeated > 0) throw invalid("people", "has two people of one username");
    const { added, changed, gone } = await work(transaction, underWay);
    if (added + changed + gone > 0) {
      const happened = { event: "imported_users_recorded", source: round.source, added, changed, gone } as const;
      await recordEvent(transaction, happened, atImport);
    }
    return { people, added, changed, gone };
  });
}

/**
 * Says that an account which came over before its system was recorded here is a person of that system. Never say it of an account that
 * was made here: old tokens of that person open it from then on.
 *
 * @throws AuthError `not_found`, `identifier_taken`
 */
export async function linkImportedUser(core: Core, key: ImportedKey, userId: string): Promise<void> {
  await core.db.transaction().execute(async (transaction) => {
    await getUserOrThrow({ db: transaction, profile: core.profile }, userId);
    await requireLinked(transaction, key, userId);
    const happened = { event: "imported_user_linked", source: key.source } as const;
    await recordEvent(transaction, happened, { ...atImport, subjectId: userId });
  });
}

/** @throws AuthError `not_found` */
export async function requireLinked(transaction: Core["db"], key: ImportedKey, userId: string): Promise<void> {
  if (await linkUser(transaction, key, userId)) return;
  throw new AuthError(
    "not_found",
    `No complete round of ${key.source} has seen that old id, or its person has an account here, or had one that was deleted`,
  );
}

/** The old ids of the people of a source who can still be brought over. */
export async function listPeopleWithoutAccount(core: Core, source: string): Promise<readonly string[]> {
  return listWithoutAccount(core.db, source);
}

function invalid(field: string, message: string): AuthError {
  return new AuthError("invalid_input", "The input is not valid", {
    issues: [{ path: [field], code: "invalid_value", message }],
  });
}

function overtaken(): AuthError {
  return new AuthError("not_found", "The round is over: it is complete, or another one of its source has begun");
}
