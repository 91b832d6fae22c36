import { readFile } from "node:fs/promises";
import { CsvError, parse } from "csv-parse/sync";
import { SourceError } from "../old-row.ts";
import type { Decision } from "../run/plan.ts";
import { fromCell } from "./csv.ts";

/** The columns of `decisions.csv`, of which a person fills the last. */
export const decisionColumns = ["old_id", "code", "field", "value", "other", "proposal", "decision"] as const;

const decisionFormat = /^(keep|drop|skip|alias|accept|rename:.+|set:.+|map:[A-Za-z][A-Za-z0-9]*)$/su;

type Cells = Partial<Record<string, string>>;

/** Reads what a person has decided; rows without a decision are left undecided. `accept` is the proposal of its row. */
export async function readDecisions(path: string): Promise<Decision[]> {
  const rows = parseRows(await readText(path), path);
  const lines = new Map<string, { decision: string; line: number }>();
  return rows.flatMap((row, index) => {
    const cell = (name: (typeof decisionColumns)[number]) => fromCell(row[name] ?? "").trim();
    // Some spreadsheets begin each cell with a capital letter.
    const written = cell("decision").replace(/^[a-z]+(?=:|$)/i, (word) => word.toLowerCase());
    const decision = written === "accept" ? cell("proposal") : written;
    if (decision === "") return [];
    if (!decisionFormat.test(decision))
      throw new SourceError(
        `${path}, row ${index + 2}: "${decision}" is no decision. There are keep, drop, skip, alias, accept, rename:NEW, set:VALUE, map:FIELD.`,
      );
    const decided = { oldId: fromCell(row.old_id ?? ""), code: cell("code"), field: cell("field"), decision };
    const key = JSON.stringify([decided.oldId, decided.code, decided.field]);
    const before = lines.get(key);
    if (before !== undefined && before.decision !== decision)
      throw new SourceError(
        `${path}, rows ${before.line} and ${index + 2} decide the same otherwise: "${before.decision}" and "${decision}". Leave one of them.`,
      );
    lines.set(key, { decision, line: index + 2 });
    return before === undefined ? [decided] : [];
  });
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof TypeError && !("syscall" in error))
      throw new SourceError(`${path} is not in UTF-8: save it as that ("CSV UTF-8" in a spreadsheet).`);
    throw new SourceError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function parseRows(text: string, path: string): Cells[] {
  const [head = ""] = text.split(/[\r\n]/, 1);
  // A spreadsheet writes semicolons where a comma is part of numbers, and tabs in files of text.
  const delimiter = [";", "\t"].find((one) => head.split(one).length > head.split(",").length) ?? ",";
  try {
    const rows: Cells[] = parse(text, { bom: true, columns: true, delimiter, skip_empty_lines: true });
    const [first] = rows;
    if (first && !["decision", "old_id", "code", "field"].every((name) => name in first))
      throw new SourceError(`${path} has not the columns of decisions.csv: ${decisionColumns.join(", ")}.`);
    return rows;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new SourceError(`${path} is no whole CSV file: ${error.message.split("\n", 1)[0]}`);
  }
}
