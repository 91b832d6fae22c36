/** A UUIDv7 (RFC 9562 §5.7): the milliseconds of the process's clock, and 74 random bits. Node.js makes these itself since 24.16 only. */
export function createUuid(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
}

const pattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether it is the id of a row as the database writes it, in lower case. */
export const isUuid = (value: unknown): value is string => typeof value === "string" && pattern.test(value);
