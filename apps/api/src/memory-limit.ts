import type { Settings } from "./environment.ts";

const mebibyte = 1024 ** 2;

/** MiB that a process has without any hash: docs/deploy.md. */
const atRest = 200;

type Hashing = Pick<Settings, "PASSWORD_HASH" | "PASSWORD_MEMORY" | "WORKERS">;

/**
 * Why the system would end the service for its memory as soon as many people sign in at once, in one line; null where it has enough.
 *
 * @param hashesAtOnce of one process
 * @param limit bytes that all of its processes may have together; 0 where nobody has said
 */
export function findMemoryFault(
  { PASSWORD_HASH, PASSWORD_MEMORY, WORKERS }: Hashing,
  hashesAtOnce: number,
  limit: number = process.constrainedMemory(),
): string | null {
  if (PASSWORD_HASH !== "argon2id" || limit <= 0) return null;
  const needed = WORKERS * (atRest + PASSWORD_MEMORY * hashesAtOnce);
  if (needed * mebibyte <= limit) return null;
  const hashes = WORKERS * hashesAtOnce;
  return `PASSWORD_HASH=argon2id may take ${needed} MiB, for ${hashes} passwords at once, and no more than ${Math.floor(limit / mebibyte)} MiB are to be had: the service would be ended when many people sign in. Raise the limit of memory, lower PASSWORD_MEMORY, or set a limit of processors.`;
}
