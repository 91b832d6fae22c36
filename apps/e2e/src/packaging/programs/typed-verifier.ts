/** Uses all that the verifier exports. It is compiled, not run. */
import {
  type AccessTokenClaims,
  AuthError,
  type AuthErrorCode,
  createTokenVerifier,
  type TokenVerifierOptions,
} from "@latchkey/auth/verify";

const options: TokenVerifierOptions = { issuer: "latchkey", audience: "latchkey", jwks: { keys: [] } };
const verify: (token: string) => Promise<AccessTokenClaims> = createTokenVerifier({
  ...options,
  jwks: new URL("https://auth.example.com/.well-known/jwks.json"),
  clock: { now: () => new Date() },
});
// @ts-expect-error the issuer is needed
createTokenVerifier({ audience: "latchkey", jwks: "https://auth.example.com/.well-known/jwks.json" });

export async function findUserId(token: string): Promise<string | AuthErrorCode> {
  try {
    const { sub, sid, exp } = await verify(token);
    return exp.toFixed() + sub + sid;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    // @ts-expect-error there is no such code
    if (error.code === "token_expird") return "";
    return error.retryAfter ? `${error.code}: wait ${error.retryAfter.toFixed()} seconds` : error.code;
  }
}
