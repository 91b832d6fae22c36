import { isLoopback } from "@latchkey/server/internal";
import type { Settings } from "./environment.ts";

/**
 * Whether the service is tried out on the machine of whoever builds with it: nothing says that it is meant for others, and nobody else
 * reaches it.
 */
export function isDevelopment(
  settings: Pick<Settings, "isProduction" | "HOST" | "PUBLIC_URL" | "CORS_ORIGINS" | "TRUSTED_PROXIES">,
): boolean {
  const { isProduction, HOST, PUBLIC_URL, CORS_ORIGINS, TRUSTED_PROXIES } = settings;
  const isForOthers = isProduction || PUBLIC_URL !== undefined || CORS_ORIGINS.length + TRUSTED_PROXIES.length > 0;
  return !isForOthers && isLoopback(`http://${HOST.includes(":") ? `[${HOST}]` : HOST}`);
}
