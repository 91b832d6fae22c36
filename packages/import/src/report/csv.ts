/** Where a spreadsheet reads a formula: at a cell's beginning, also of one that it makes by a separator of its own. */
const formula = /(?<=^|[;\t\r\n])(?='*[=+\-@\t\r])/g;
const guarded = /(?<=^|[;\t\r\n])'(?='*[=+\-@\t\r])/g;

/** A cell that no spreadsheet takes for a formula, quoted where it must be. */
export function toCell(value: string | null): string {
  if (value === null) return "";
  // An apostrophe is what spreadsheets themselves write in front of text.
  const safe = value.replace(formula, "'");
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function toCsvLine(values: readonly (string | null)[]): string {
  return `${values.map(toCell).join(",")}\n`;
}

/** What {@link toCell} was given. */
export const fromCell = (text: string): string => text.replace(guarded, "");
