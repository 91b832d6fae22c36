import { receiptsPath } from "@latchkey/server/internal";

export { receiptsPath };

/** A path as it may be logged: what comes after the provider's name is a secret. */
export const toLoggedPath = (path: string): string =>
  path.startsWith(`${receiptsPath}/`) ? path.split("/").slice(0, 4).join("/") : path;

/** Where a provider tells what became of messages; null while nothing says where the service is reached. */
export function receiptUrl(publicUrl: string | undefined, provider: string): string | null {
  return publicUrl === undefined ? null : `${publicUrl.replace(/\/$/, "")}${receiptsPath}/${provider}`;
}
