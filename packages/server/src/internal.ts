// What the service and the pages of Latchkey take beside the public entry. They have the same version; it may change in each.

export { findChallenge } from "@latchkey/auth/internal";
export { createAddressReader, createProxyCheck, isTrustedProxy, type ReadAddress } from "./http/client-address.ts";
export { type CookieTransport, cookiePath, createCookieTransport } from "./http/cookie-transport.ts";
export { createFetchHandler } from "./http/fetch-handler.ts";
export { safeHeaders, toAnswerHeaders } from "./http/headers.ts";
export { jwksPath } from "./http/jwks.ts";
export { limitBody } from "./http/limit-body.ts";
export { requestLimits } from "./http/limits.ts";
export { createOriginRules, findOriginFault, isLoopback } from "./http/origins.ts";
export { type PasskeyPlace, readPasskeys, relatedOriginsPath } from "./http/passkeys.ts";
export { answerPublicDocument, type PublicDocument, toPublicDocument } from "./http/public-document.ts";
export { parsePublicUrl } from "./http/public-url.ts";
export { createReceiptsHandler, receiptsPath } from "./http/receipts.ts";
export { refuse, refuseFailure, refuseMethod } from "./http/refusals.ts";
export { createRequestAddressReader, type ReadRequestAddress } from "./http/request-address.ts";
export { type MaintenanceOptions, type MaintenanceTask, startMaintenance } from "./maintenance.ts";
export { listRelatedSchemas, requireOwnMigrated } from "./own-migrations.ts";
export { allowsRedirect, findRedirectFault, readRedirectClients } from "./redirect-clients.ts";
export { createBuilders, type FormattedErrors } from "./trpc/builders.ts";
export { createContext } from "./trpc/context.ts";
export { findAuthError, refusalReasons, toFailure, toTrpcError } from "./trpc/error-map.ts";
export { describeError, formatError } from "./trpc/format-error.ts";
export {
  cursorText,
  identifierText,
  pageLimit,
  passkeyAssertion,
  passkeyRegistration,
  passwordText,
  text,
} from "./trpc/inputs.ts";
export { createProcedures } from "./trpc/procedures.ts";
export { createTraceContinuation, traceRequest, traceWork } from "./trpc/tracing.ts";
