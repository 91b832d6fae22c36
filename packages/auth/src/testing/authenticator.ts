import { Secret, TOTP } from "otpauth";
import type { TestDatabase } from "./index.ts";

/** The one-time password that an authenticator app shows now, by the database's clock, which a secret in base32 was given to. */
export async function showTotp({ database }: { readonly database: TestDatabase }, secret: string): Promise<string> {
  const [row] = await database.query<{ now: Date }>("select latchkey.now() as now");
  return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: row?.now.getTime() ?? 0 });
}
