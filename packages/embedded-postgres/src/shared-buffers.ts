import { totalmem } from "node:os";

const mebibyte = 1024 ** 2;

/** Memory of the machine, or of the container where it may use less of it; in bytes. */
function readMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/**
 * MiB in which a new server keeps pages of its tables and indexes (`shared_buffers`): an eighth of the memory, since others run beside it, from
 * PostgreSQL's own 128 on, and no more than a large installation for one machine needs. What is not in use takes none.
 */
export function sharedBuffers(memory = readMemory()): number {
  return Math.min(1_024, Math.max(128, Math.floor(memory / mebibyte / 8)));
}
