import type { SettingNames } from "@latchkey/server";

/** Notices name the variables that the service is told by. */
export const settingNames: SettingNames = {
  corsOrigins: "CORS_ORIGINS",
  corsOriginsOf: (origins) => `CORS_ORIGINS=${origins.join(",")}`,
  forwardedSecrets: "FORWARDED_SECRET",
};
