/** What notices call the settings that they tell to change. */
export interface SettingNames {
  /** How origins are named whose pages may call. */
  readonly corsOrigins: string;
  /** The same, with these for a value. */
  corsOriginsOf(origins: readonly string[]): string;
  readonly forwardedSecrets: string;
}

/** The options of `createLatchkey`. */
export const optionNames: SettingNames = {
  corsOrigins: "http.corsOrigins",
  corsOriginsOf: (origins) => `http.corsOrigins to ${JSON.stringify(origins)}`,
  forwardedSecrets: "http.forwardedSecrets",
};
