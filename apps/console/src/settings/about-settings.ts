export interface Setting {
  readonly name: string;
  readonly value: string | null;
  readonly isSet: boolean;
  readonly isSecret: boolean;
}

const isAbout = (line: string, name: string) => new RegExp(`(?<![A-Z_])${name}(?![A-Z_])`).test(line);

/** Those of some lines that name a setting, and not one whose name only holds it. */
export const findLinesAbout = (lines: readonly string[], name: string): readonly string[] =>
  lines.filter((line) => isAbout(line, name));

/** Those that name none. */
export const withoutSettings = (lines: readonly string[], settings: readonly Setting[]): readonly string[] =>
  lines.filter((line) => !settings.some(({ name }) => isAbout(line, name)));
