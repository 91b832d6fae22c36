import { randomUUID } from "node:crypto";

/** A UUIDv7 (RFC 9562 §5.7): the milliseconds of the process's clock, and 74 random bits. Node.js makes these itself since 24.16 only. */
export function createUuid(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
