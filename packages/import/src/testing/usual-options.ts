import type { ImportOptions } from "../import-people.ts";

/** What a test says of an import unless it is about that. */
export const usual = {
  apply: true,
  accept: [],
  skipsUndecided: false,
  phoneCountry: "TR",
  timezone: "UTC",
  map: {},
  drop: [],
  allowRaising: false,
  passwordCost: 4,
  onProgress: () => {},
} satisfies Partial<ImportOptions>;
