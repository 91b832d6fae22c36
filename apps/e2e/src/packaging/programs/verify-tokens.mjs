/** Verifies tokens by the keys at an address, one line of output each. */
import { AuthError, createTokenVerifier } from "@latchkey/auth/verify";

const [, , jwks, ...tokens] = process.argv;
const verify = createTokenVerifier({ issuer: "latchkey", audience: "latchkey", jwks });

for (const token of tokens) {
  try {
    const { sub } = await verify(token);
    console.log(`good: ${sub}`);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    console.log(`refused: ${error.code}`);
  }
}
