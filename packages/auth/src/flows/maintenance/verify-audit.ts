import {
  digestOf,
  type Entry,
  erasedDigestOf,
  isGenuine,
  noSeal,
  readEntries,
  type Seal,
  type SealableEvent,
  type SealingKey,
} from "../../audit/seal.ts";
import { findDeletedUntil, findUnsealed, listSealable, listSeals } from "../../audit/seal-store.ts";
import { equalInConstantTime } from "../../secrets.ts";
import { listExistingIds } from "../../users/user-store.ts";
import type { Core } from "../steps/core.ts";

/** What is wrong with a range of the audit trail. */
export type AuditFault =
  /** A seal is not what was sealed, or there is one that was never made here. */
  | "seal_changed"
  /** Seals are missing before this one. */
  | "seal_missing"
  /** Events are not as they were written. */
  | "event_changed"
  | "event_removed"
  | "event_inserted"
  /** Addresses are missing, and the person is there. */
  | "event_erased";

/** Where the trail was touched first. */
export interface BrokenRange {
  readonly fault: AuditFault;
  /** The number of the seal. */
  readonly seal: string;
  readonly firstPosition: string;
  readonly lastPosition: string;
  /** Positions of the events in question, some of them where there are many. */
  readonly positions: readonly string[];
}

export interface AuditVerification {
  /** `unknown` where a key is missing with which some of it was sealed, and all else is intact. */
  readonly verdict: "intact" | "broken" | "unknown";
  readonly seals: number;
  /** Events that are as they were sealed. */
  readonly events: number;
  /** Of those, events whose person was deleted, and with them where they called from. */
  readonly erased: number;
  /** Events that were deleted as too old, as a seal says. */
  readonly expired: number;
  /** Seals whose key there is no more: of their events it cannot be told. */
  readonly unknownSeals: number;
  /** Events that are not sealed yet. */
  readonly unsealed: number;
  /** The last seal. Kept elsewhere, it shows later that nothing was cut off behind it. */
  readonly head: string | null;
  readonly broken: BrokenRange | null;
}

export interface VerifyAuditInput {
  /** A head of an earlier verification: the chain has to go through it. */
  readonly expectedHead?: string | undefined;
}

/** Seals that are read at a time. */
const sealsAtOnce = 20;

/** Positions that are named. */
const mostPositions = 10;

/** Unsealed events that are counted. */
const mostUnsealed = 100_000;

interface Found {
  seals: number;
  events: number;
  erased: number;
  expired: number;
  unknownSeals: number;
}

/**
 * Reads the whole audit trail and compares it with its seals. It stops at the first range that is not as it was sealed. Whoever has the keys
 * of this installation can seal anything: against them only a head that was kept elsewhere helps.
 */
export async function verifyAudit(core: Core, input: VerifyAuditInput = {}): Promise<AuditVerification> {
  await core.sealer.seal();
  await core.secretKeys.reread();
  // As it all is at one moment: events are written and deleted meanwhile.
  const transaction = core.db.transaction().setIsolationLevel("repeatable read");
  return transaction.execute((db) => readChain({ ...core, db }, input));
}

async function readChain(core: Core, { expectedHead }: VerifyAuditInput): Promise<AuditVerification> {
  const found: Found = { seals: 0, events: 0, erased: 0, expired: 0, unknownSeals: 0 };
  const deletedUntil = await findDeletedUntil(core.db);
  let [first, last]: [Seal | null, Seal | null] = [null, null];
  let mayBeginAt = 1n;
  let isHeadSeen = expectedHead === undefined;
  for await (const seal of readSeals(core)) {
    const broken = await checkSeal(core, { seal, last, deletedUntil, found });
    if (broken) return answer(core, { found, last, broken });
    first ??= seal;
    last = seal;
    isHeadSeen ||= headOf(seal) === expectedHead;
    if (seal.chainStart !== null && BigInt(seal.chainStart) > mayBeginAt) mayBeginAt = BigInt(seal.chainStart);
  }
  // Seals at the beginning may be missing as far as one that is there says so.
  const isCutOff = first !== null && BigInt(first.number) > mayBeginAt;
  const broken = isCutOff ? toBroken("seal_missing", first as Seal) : isHeadSeen ? null : missing(expectedHead, last);
  return answer(core, { found, last, broken });
}

async function* readSeals({ db }: Core): AsyncGenerator<Seal> {
  let after = "0";
  for (;;) {
    const seals = await listSeals(db, { after, atMost: sealsAtOnce });
    yield* seals;
    const end = seals.at(-1);
    if (!end || seals.length < sealsAtOnce) return;
    after = end.number;
  }
}

interface Answer {
  readonly found: Found;
  readonly last: Seal | null;
  readonly broken: BrokenRange | null;
}

async function answer({ db }: Core, { found, last, broken }: Answer): Promise<AuditVerification> {
  const unsealed = (await findUnsealed(db, mostUnsealed)).count;
  const verdict = broken ? "broken" : found.unknownSeals > 0 ? "unknown" : "intact";
  return { verdict, ...found, unsealed, head: last && headOf(last), broken };
}

/** A seal in a text: its number and its authentication code. */
const headOf = ({ number, mac }: Seal) => `${number}:${mac.toString("hex")}`;

interface Checking {
  readonly seal: Seal;
  readonly last: Seal | null;
  readonly deletedUntil: Date | null;
  readonly found: Found;
}

async function checkSeal(core: Core, { seal, last, deletedUntil, found }: Checking): Promise<BrokenRange | null> {
  found.seals += 1;
  const link = findBrokenLink(seal, last);
  if (link) return toBroken(link, seal);
  const key = core.secretKeys.keysOf("audit-seals").find(({ id }) => id === seal.keyId);
  if (!key) {
    found.unknownSeals += 1;
    return null;
  }
  const entries = isGenuine(key, seal) ? readEntries(seal) : null;
  if (!entries) return toBroken("seal_changed", seal);
  if (!last) {
    const before = await listSealable(core.db, { from: "0", to: minusOne(seal.firstPosition), atMost: mostPositions });
    if (before.length > 0) return toBroken("event_inserted", seal, before);
  }
  return seal.kind === "events" ? checkEvents(core, { seal, key, entries, deletedUntil, found }) : null;
}

/** The first seal that is left may have had others before it; that a seal says so is looked at when all were read. */
function findBrokenLink(seal: Seal, last: Seal | null): AuditFault | null {
  if (!last) return seal.number === "1" && !equalInConstantTime(seal.previous, noSeal) ? "seal_changed" : null;
  if (BigInt(seal.number) !== BigInt(last.number) + 1n) return "seal_missing";
  const isNext = BigInt(seal.firstPosition) === BigInt(last.lastPosition) + 1n;
  return isNext && seal.previous.equals(last.mac) ? null : "seal_changed";
}

interface CheckingEvents {
  readonly seal: Seal;
  readonly key: SealingKey;
  readonly entries: readonly Entry[];
  readonly deletedUntil: Date | null;
  readonly found: Found;
}

async function checkEvents(core: Core, checking: CheckingEvents): Promise<BrokenRange | null> {
  const { seal, key, entries, deletedUntil, found } = checking;
  // One more than there may be.
  const range = { from: seal.firstPosition, to: seal.lastPosition, atMost: entries.length + mostPositions };
  const events = await listSealable(core.db, range);
  const byPosition = new Map(events.map((event) => [event.position, event]));
  const sealed = new Set(entries.map(({ position }) => position));
  const inserted = events.filter(({ position }) => !sealed.has(position));
  const missing = entries.filter(({ position }) => !byPosition.has(position));
  const removed = missing.filter(({ occurredAt }) => deletedUntil === null || occurredAt > deletedUntil);
  const compared = entries.flatMap((entry) => {
    const event = byPosition.get(entry.position);
    return event ? [{ position: entry.position, event, became: compare(key, entry, event) }] : [];
  });
  const changed = compared.filter(({ became }) => became === "changed");
  const erased = compared.filter(({ became }) => became === "erased");
  const unexplained = await findUnexplained(core, erased);
  if (changed.length > 0) return toBroken("event_changed", seal, changed);
  if (removed.length > 0) return toBroken("event_removed", seal, removed);
  if (inserted.length > 0) return toBroken("event_inserted", seal, inserted);
  if (unexplained.length > 0) return toBroken("event_erased", seal, unexplained);
  found.events += compared.length;
  found.erased += erased.length;
  found.expired += missing.length;
  return null;
}

function compare(key: SealingKey, entry: Entry, event: SealableEvent): "same" | "erased" | "changed" {
  const { digest, personal } = digestOf(key, event);
  if (!equalInConstantTime(digest, entry.digest)) return "changed";
  if (equalInConstantTime(personal, entry.personal)) return "same";
  return equalInConstantTime(personal, erasedDigestOf(key, event)) ? "erased" : "changed";
}

interface Erased {
  readonly position: string;
  readonly event: SealableEvent;
}

/** Addresses go with the person who called, or whose account somebody unknown was at. */
async function findUnexplained(core: Core, erased: readonly Erased[]): Promise<readonly Erased[]> {
  const personOf = ({ event: { actorId, subjectId } }: Erased) => actorId ?? subjectId;
  const persons = erased.flatMap((one) => personOf(one) ?? []);
  const existing = await listExistingIds(core.db, [...new Set(persons)]);
  return erased.filter((one) => {
    const person = personOf(one);
    return person === null || existing.has(person);
  });
}

function missing(expectedHead: string | undefined, last: Seal | null): BrokenRange {
  const [seal = "0"] = (expectedHead ?? "").split(":");
  const position = last?.lastPosition ?? "0";
  return { fault: "seal_missing", seal, firstPosition: position, lastPosition: position, positions: [] };
}

function toBroken(
  fault: AuditFault,
  { number, firstPosition, lastPosition }: Seal,
  events: readonly { readonly position: string }[] = [],
): BrokenRange {
  const positions = events.slice(0, mostPositions).map(({ position }) => position);
  return { fault, seal: number, firstPosition, lastPosition, positions };
}

const minusOne = (position: string) => String(BigInt(position) - 1n);
