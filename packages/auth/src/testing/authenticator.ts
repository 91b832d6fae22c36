import { Secret, TOTP } from "otpauth";

/** What of a test's database it needs. */
interface Clocked {
  readonly database: { query(text: string): Promise<readonly object[]> };
}

/** The one-time password that an authenticator app shows now, by the database's clock, which a secret in base32 was given to. */
export async function showTotp({ database }: Clocked, secret: string): Promise<string> {
  const [row] = (await database.query("select latchkey.now() as now")) as readonly { readonly now: Date }[];
  return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: row?.now.getTime() ?? 0 });
}
