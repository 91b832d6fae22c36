import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { type Erasure, StartError } from "@latchkey/auth";
import { Command, InvalidArgumentError } from "commander";
import { print, withAuth } from "./with-auth.ts";

/** The first line of a file of erasures. */
const head = "# latchkey erasures 1";

/** `export-erasures`: who was deleted, without saying who that was, for after a backup from before was restored. */
export function exportErasuresCommand(): Command {
  return new Command("export-erasures")
    .description("Print a digest of the id of everybody who was deleted; keep it beside the backups")
    .option("--since <time>", "only what was deleted since then, such as 2026-11-01T00:00:00Z", toTime)
    .action(async ({ since }: { readonly since?: Date }) => {
      await withAuth(async (auth) => {
        await write(`${head}\n`);
        for await (const { digest, erasedAt } of auth.operator.exportErasures({ since }))
          await write(`${digest} ${erasedAt.toISOString()}\n`);
      });
    });
}

/** `replay-erasures`: deletes once more whom a backup has brought back. */
export function replayErasuresCommand(): Command {
  return new Command("replay-erasures")
    .description("Delete everybody once more who is in a file of export-erasures, after a backup was restored")
    .argument("<file>", "what export-erasures printed")
    .option("--json", "print the answer as JSON")
    .action(async (file: string, flags: { readonly json?: true }) => {
      // A file that is not whole is refused before anything is touched.
      for await (const _ of readErasures(file));
      await withAuth(async (auth) => {
        const replayed = await auth.operator.replayErasures(readErasures(file));
        const { added, deleted } = replayed;
        const ids = deleted.map((id) => `\n${id}`).join("");
        print(flags, replayed, `Deleted ${deleted.length} accounts once more; ${added} erasures were new.${ids}`);
      });
    });
}

async function* readErasures(file: string): AsyncGenerator<Erasure> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (number === 1 && line !== head) throw new StartError(`${file} was not printed by export-erasures.`);
    if (number > 1) yield readLine(file, number, line);
  }
  if (number === 0) throw new StartError(`${file} was not printed by export-erasures.`);
}

function readLine(file: string, number: number, line: string): Erasure {
  const [, digest, time = ""] = /^([0-9a-f]{64}) (\S+)$/.exec(line) ?? [];
  const erasedAt = new Date(time);
  if (digest !== undefined && !Number.isNaN(erasedAt.getTime())) return { digest, erasedAt };
  throw new StartError(`Line ${number} of ${file} is no erasure: the file was cut off or changed.`);
}

function toTime(text: string): Date {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError("It is a time such as 2026-11-01T00:00:00Z.");
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once("drain", resolve));
}
