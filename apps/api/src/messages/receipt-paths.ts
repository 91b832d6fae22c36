/** Below it providers tell what became of messages. */
export const receiptsPath = "/messages/receipts";

/** Where a provider tells what became of messages; null while nothing says where the service is reached. */
export function receiptUrl(publicUrl: string | undefined, provider: string): string | null {
  return publicUrl === undefined ? null : `${publicUrl.replace(/\/$/, "")}${receiptsPath}/${provider}`;
}
