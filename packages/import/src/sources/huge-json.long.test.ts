import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { openJson } from "./files.ts";

const pieces = Number(process.env.LATCHKEY_PIECES ?? 400);

test(`${pieces} MB of JSON in one line are read in memory that does not grow with them`, async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-huge-"));
  const path = join(folder, "users.json");
  const person = (id: number) => `{"id":${id},"username":"person_${id}","city":"${"İzmir ".repeat(20)}"}`;
  const perPiece = 6_000;
  function* write() {
    yield "[";
    for (let piece = 0; piece < pieces; piece += 1)
      yield (piece === 0 ? "" : ",") +
        Array.from({ length: perPiece }, (_, index) => person(piece * perPiece + index)).join(",");
    yield "]";
  }
  await pipeline(Readable.from(write()), createWriteStream(path));
  const source = await openJson(path);
  let [read, greatest, early] = [0, 0, 0];
  for await (const rows of source.read()) {
    read += rows.length;
    greatest = Math.max(greatest, process.memoryUsage().rss);
    // By then everything that is held is held.
    if (read < perPiece * 40) early = greatest;
  }
  await source.close();
  expect(read).toBe(pieces * perPiece);
  expect(greatest - early).toBeLessThan(150 * 1024 ** 2);
  await rm(folder, { recursive: true });
});
