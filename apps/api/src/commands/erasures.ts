import { Command, InvalidArgumentError } from "commander";
import { readErasures, writeErasures, writeErasuresFile } from "../backup/erasures-file.ts";
import { print, withAuth, writeOut } from "./with-auth.ts";

/** `export-erasures`: who was deleted, without saying who that was, for after a backup from before was restored. */
export function exportErasuresCommand(): Command {
  return new Command("export-erasures")
    .description("Write a digest of the id of everybody who was deleted; keep it beside the backups")
    .argument("[file]", "the file, in the place of the list before once it is whole; printed without one")
    .option("--since <time>", "only what was deleted since then, such as 2026-11-01T00:00:00Z", toTime)
    .action(async (file: string | undefined, { since }: { readonly since?: Date }) => {
      await withAuth(async (auth) => {
        const erasures = auth.operator.exportErasures({ since });
        if (file !== undefined) await writeErasuresFile(file, erasures);
        else for await (const text of writeErasures(erasures)) await writeOut(text);
      });
    });
}

/** `replay-erasures`: deletes once more whom a backup has brought back. */
export function replayErasuresCommand(): Command {
  return new Command("replay-erasures")
    .description("Delete everybody once more who is in a file of export-erasures, after a backup was restored")
    .argument("<file>", "what export-erasures has written")
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

function toTime(text: string): Date {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError("It is a time such as 2026-11-01T00:00:00Z.");
}
