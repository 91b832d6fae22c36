import { parsePublicUrl, readPasskeys } from "@latchkey/server/internal";
import { isDevelopment } from "./development.ts";
import type { Settings } from "./environment.ts";

type PasskeySettings = Pick<
  Settings,
  "isProduction" | "HOST" | "PUBLIC_URL" | "CORS_ORIGINS" | "TRUSTED_PROXIES" | "PASSKEY_RP_ID" | "PASSKEY_ORIGINS"
>;

/** Whom passkeys are made for, or what is wrong with that; null where there are none. */
export function findPasskeys(settings: PasskeySettings) {
  return readPasskeys({
    publicUrl: (settings.PUBLIC_URL && parsePublicUrl(settings.PUBLIC_URL)) || undefined,
    corsOrigins: settings.CORS_ORIGINS,
    isDevelopment: isDevelopment(settings),
    rpId: settings.PASSKEY_RP_ID,
    origins: settings.PASSKEY_ORIGINS,
  });
}

export function findPasskeyContradictions(settings: PasskeySettings): string[] {
  const found = findPasskeys(settings);
  if (!found || !("fault" in found)) return [];
  return [`${settings.PASSKEY_RP_ID === undefined ? "PASSKEY_ORIGINS" : "PASSKEY_RP_ID"} ${found.fault}`];
}
