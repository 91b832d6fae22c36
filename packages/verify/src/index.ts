export type {
  AccessTokenClaims,
  AuthErrorCode,
  AuthErrorDetails,
  Clock,
  InputIssue,
  InputIssueCode,
  SharedSecretVerifierOptions,
} from "@latchkey/auth/verify";
export { AuthError, isAuthError, readBearerToken } from "@latchkey/auth/verify";
export type { Transformer } from "./online-check.ts";
export {
  type AskedAuthentication,
  createTokenVerifier,
  type OnlineOptions,
  type TokenVerifierOptions,
  type VerifyToken,
} from "./token-verifier.ts";
