/** Uses all that the verifier exports. It is compiled, not run. */
import {
  type AccessTokenClaims,
  AuthError,
  type AuthErrorCode,
  type AuthErrorDetails,
  type Clock,
  createTokenVerifier,
  type InputIssue,
  isAuthError,
  type OnlineOptions,
  readBearerToken,
  type SharedSecretVerifierOptions,
  type TokenVerifierOptions,
  type Transformer,
  type VerifyToken,
} from "@latchkey/verify";

const options: TokenVerifierOptions = { issuer: "latchkey", audience: "latchkey", jwks: { keys: [] } };
const clock: Clock = { now: () => new Date() };
const transformer: Transformer = {
  serialize: (value) => ({ json: value }),
  deserialize: (value: { json: unknown }) => value.json,
};
const online: OnlineOptions = {
  online: true,
  service: "https://api.example.com/trpc",
  path: "auth",
  transformer,
  rememberFor: 5,
};
const shared: SharedSecretVerifierOptions = { issuer: "latchkey", sharedSecret: "x".repeat(32) };
const verify: VerifyToken = createTokenVerifier({
  ...options,
  ...online,
  jwks: new URL("https://auth.example.com/.well-known/jwks.json"),
  clock,
});
const simple: (token: string) => Promise<AccessTokenClaims> = createTokenVerifier(shared);
// @ts-expect-error a permission is a text
verify("token", { permission: 7 });
const details: AuthErrorDetails = { issues: [] satisfies InputIssue[] };
export const refusal = new AuthError("token_missing", "There is no token", details);
// @ts-expect-error the issuer is needed
createTokenVerifier({ audience: "latchkey", jwks: "https://auth.example.com/.well-known/jwks.json" });

export async function findUserId(token: string): Promise<string | AuthErrorCode> {
  try {
    const { sub, sid, exp } = await verify(readBearerToken([`Bearer ${token}`]) ?? "", {
      permission: "shop.view_order",
    });
    await simple(token);
    return exp.toFixed() + sub + sid;
  } catch (error) {
    if (!isAuthError(error)) throw error;
    // @ts-expect-error there is no such code
    if (error.code === "token_expird") return "";
    return error.retryAfter ? `${error.code}: wait ${error.retryAfter.toFixed()} seconds` : error.code;
  }
}
