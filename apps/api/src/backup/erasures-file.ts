import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Erasure, StartError } from "@latchkey/auth";
import { cannotWrite, isSystemError, syncFolder, toDraftName } from "./backup-file.ts";

/** The first line of a list of erasures. The last says how many there are between, and their SHA-256: a list that was cut off has none. */
const head = "# latchkey erasures 1";
const endPattern = /^# end (\d+) ([0-9a-f]{64})$/;

/** A list of erasures, a line at a time. */
export async function* writeErasures(erasures: AsyncIterable<Erasure>): AsyncGenerator<string> {
  const digest = createHash("sha256");
  let count = 0;
  yield `${head}\n`;
  for await (const { digest: of, erasedAt } of erasures) {
    const line = `${of} ${erasedAt.toISOString()}\n`;
    digest.update(line);
    count += 1;
    yield line;
  }
  yield `# end ${count} ${digest.digest("hex")}\n`;
}

/**
 * Puts a list in the place of the one before, which stays until the new one is whole; its owner alone may read it.
 *
 * @throws StartError when it cannot be written
 */
export async function writeErasuresFile(path: string, erasures: AsyncIterable<Erasure>): Promise<void> {
  const draft = toDraftName(path, process.pid);
  try {
    const file = createWriteStream(draft, { flags: "wx", mode: 0o600, flush: true });
    await pipeline(Readable.from(writeErasures(erasures)), file).catch(cannotWrite(path));
    await rename(draft, path).catch(cannotWrite(path));
    await syncFolder(dirname(path));
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Reads a list. Whether it is whole is known at its end alone: read it once before anything is done with it.
 *
 * @throws StartError in one line with the file's path
 */
export async function* readErasures(path: string): AsyncGenerator<Erasure> {
  const digest = createHash("sha256");
  let [count, isWhole] = [-1, false];
  for await (const line of readLines(path)) {
    if (isWhole) throw new StartError(`${path} goes on behind its end: it was changed.`);
    count += 1;
    if (count === 0) {
      if (line !== head) throw noList(path);
      continue;
    }
    const [, total, of] = endPattern.exec(line) ?? [];
    if (total !== undefined) {
      isWhole = Number(total) === count - 1 && of === digest.digest("hex");
      if (!isWhole) throw new StartError(`${path} was changed: it is not what export-erasures has written.`);
      continue;
    }
    digest.update(`${line}\n`);
    yield readLine(path, count + 1, line);
  }
  if (count === -1) throw noList(path);
  if (!isWhole)
    throw new StartError(`${path} was cut off: its last line, which says how many erasures it has, is missing.`);
}

const noList = (path: string) => new StartError(`${path} was not written by export-erasures.`);

async function* readLines(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  try {
    const { promise: failed, reject } = Promise.withResolvers<never>();
    failed.catch(() => {});
    file.on("error", reject);
    await Promise.race([new Promise((resolve) => file.once("open", resolve)), failed]);
    yield* createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (cause) {
    if (isSystemError(cause)) throw new StartError(`${path} cannot be read (${cause.code})`, { cause });
    throw cause;
  } finally {
    file.destroy();
  }
}

function readLine(path: string, number: number, line: string): Erasure {
  const [, digest, time = ""] = /^([0-9a-f]{64}) (\S+)$/.exec(line) ?? [];
  const erasedAt = new Date(time);
  if (digest !== undefined && !Number.isNaN(erasedAt.getTime())) return { digest, erasedAt };
  throw new StartError(`Line ${number} of ${path} is no erasure: the file was cut off or changed.`);
}
