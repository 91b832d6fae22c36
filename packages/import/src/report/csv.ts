/** A cell that no spreadsheet takes for a formula, quoted where it must be. */
export function toCell(value: string | null): string {
  if (value === null) return "";
  // An apostrophe is what spreadsheets themselves write in front of text.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function toCsvLine(values: readonly (string | null)[]): string {
  return `${values.map(toCell).join(",")}\n`;
}

/** What {@link toCell} was given. */
export function fromCell(text: string): string {
  return /^'[=+\-@\t\r]/.test(text) ? text.slice(1) : text;
}
