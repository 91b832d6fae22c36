/** Verifies tokens by the keys at an address, one line of output each. */
import { createTokenVerifier, isAuthError } from "@latchkey/verify";

const [, , jwks, ...tokens] = process.argv;
const verify = createTokenVerifier({ issuer: "latchkey", audience: "latchkey", jwks });

for (const token of tokens) {
  try {
    const { sub } = await verify(token);
    console.log(`good: ${sub}`);
  } catch (error) {
    if (!isAuthError(error)) throw error;
    console.log(`refused: ${error.code}`);
  }
}
