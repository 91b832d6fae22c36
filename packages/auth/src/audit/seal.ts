import { equalInConstantTime, hmacSha256, sha256 } from "../secrets.ts";

/** A key that seals, and what it is called. */
export interface SealingKey {
  readonly id: string;
  readonly key: Uint8Array;
}

/** An event as it is sealed: as the database has it, and nothing of it rounded. */
export interface SealableEvent {
  readonly id: string;
  readonly position: string;
  /** To the microsecond, in UTC. */
  readonly time: string;
  /** The same in milliseconds since 1970. */
  readonly occurredAt: Date;
  readonly event: string;
  readonly actorId: string | null;
  readonly subjectId: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * What a seal says: of the events of a range of positions (`events`), or that those of a time and before were deleted (`retention`). Each
 * says which one was before it.
 */
export interface SealContent {
  readonly number: string;
  readonly kind: "events" | "retention";
  readonly firstPosition: string;
  readonly lastPosition: string;
  readonly events: number;
  /** One for each event: {@link toEntry}. */
  readonly entries: Buffer;
  /** When the newest of the events occurred. */
  readonly newestAt: Date | null;
  /** Events until this time may be missing. */
  readonly deletedUntil: Date | null;
  /** The number of the first seal that is still needed: those before it may be missing. */
  readonly chainStart: string | null;
  /** The authentication code of the seal before; zeros for the first. */
  readonly previous: Buffer;
  readonly sealedAt: Date;
}

export interface Seal extends SealContent {
  readonly keyId: string;
  readonly mac: Buffer;
}

export const noSeal = Buffer.alloc(32);

/** What is told of an event by its entry in a seal. */
export interface Entry {
  readonly position: string;
  readonly occurredAt: Date;
  /** Of all that stays when its person is deleted. */
  readonly digest: Buffer;
  /** Of what goes then: addresses and the device. */
  readonly personal: Buffer;
}

const digestBytes = 16;
const entryBytes = 4 + 6 + 2 * digestBytes;

/** What is taken out of an event when its person is deleted. */
const personalDetails = ["previousAddress", "device"];

/** Digests are keyed, so that nothing that was erased can be found by trying addresses. */
export function digestOf({ key }: SealingKey, event: SealableEvent): Pick<Entry, "digest" | "personal"> {
  const { id, position, time, event: name, actorId, subjectId, address, requestId, detail } = event;
  const isPersonal = ([name]: [string, unknown]) => personalDetails.includes(name);
  const details = Object.entries(detail).sort(([a], [b]) => (a < b ? -1 : 1));
  const lasting = [id, position, time, name, actorId, subjectId, requestId, details.filter((one) => !isPersonal(one))];
  return {
    digest: shortMac(key, ["event", ...lasting]),
    personal: shortMac(key, ["personal", id, address, details.filter(isPersonal)]),
  };
}

/** What an event's second digest is once its person was deleted. */
export function erasedDigestOf(key: SealingKey, event: SealableEvent): Buffer {
  return digestOf(key, { ...event, address: null, detail: {} }).personal;
}

const shortMac = (key: Uint8Array, parts: readonly unknown[]) =>
  hmacSha256(key, JSON.stringify(parts, sortKeys)).subarray(0, digestBytes);

/** Keys of nested objects in one order, whatever the database writes them in. */
function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The entry of an event in a seal whose range begins at a position. */
export function toEntry(key: SealingKey, firstPosition: string, event: SealableEvent): Buffer {
  const { digest, personal } = digestOf(key, event);
  const head = Buffer.alloc(10);
  head.writeUInt32BE(Number(BigInt(event.position) - BigInt(firstPosition)), 0);
  head.writeUIntBE(Math.max(0, event.occurredAt.getTime()), 4, 6);
  return Buffer.concat([head, digest, personal]);
}

/** The entries of a seal; null where they are none. */
export function readEntries({ entries, events, firstPosition }: SealContent): readonly Entry[] | null {
  if (entries.length !== events * entryBytes) return null;
  return Array.from({ length: events }, (_, index) => {
    const entry = entries.subarray(index * entryBytes, (index + 1) * entryBytes);
    return {
      position: String(BigInt(firstPosition) + BigInt(entry.readUInt32BE(0))),
      occurredAt: new Date(entry.readUIntBE(4, 6)),
      digest: entry.subarray(10, 10 + digestBytes),
      personal: entry.subarray(10 + digestBytes),
    };
  });
}

/** Positions that one seal is about at most, so that an entry has room for each. */
export const largestRange = 2 ** 32 - 1;

export function sealContent(key: SealingKey, content: SealContent): Seal {
  return { ...content, keyId: key.id, mac: macOf(key, content) };
}

/** Whether a seal says what was sealed with this key. */
export function isGenuine(key: SealingKey, seal: Seal): boolean {
  const mac = macOf(key, seal);
  return mac.length === seal.mac.length && equalInConstantTime(mac, seal.mac);
}

function macOf({ id, key }: SealingKey, content: SealContent): Buffer {
  const { number, kind, firstPosition, lastPosition, events, entries, newestAt, deletedUntil, chainStart } = content;
  const { previous, sealedAt } = content;
  const parts = [
    "seal 1",
    ...[id, number, kind, firstPosition, lastPosition, events, sha256(entries).toString("hex")],
    ...[newestAt, deletedUntil, sealedAt].map((time) => time?.getTime() ?? null),
    chainStart,
    previous.toString("hex"),
  ];
  return hmacSha256(key, JSON.stringify(parts));
}
