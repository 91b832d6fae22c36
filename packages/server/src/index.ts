export type { CorePermission as Permission, Group, OthersRevoked } from "@latchkey/auth";
export { findChallenge, HookRefusal, indexed } from "@latchkey/auth";
export { defineLatchkeyConfig, type LatchkeyConfig } from "./config.ts";
export { createLatchkey, type Latchkey, type LatchkeyOptions, type RouterToServe } from "./create-latchkey.ts";
export {
  createAddressReader,
  createProxyCheck,
  isTrustedProxy,
  type ReadAddress,
  type TrustedProxy,
} from "./http/client-address.ts";
export { type CookieTransport, cookiePath, createCookieTransport } from "./http/cookie-transport.ts";
export {
  type CallFailure,
  type ConnectionInfo,
  createFetchHandler,
  type FetchHandler,
  type FetchHandlerOptions,
  type HttpOptions,
  type PagesHandler,
} from "./http/fetch-handler.ts";
export { type ResponseMetaInput, responseMeta, safeHeaders, toAnswerHeaders } from "./http/headers.ts";
export { jwksPath } from "./http/jwks.ts";
export { type LimitedRequest, limitBody } from "./http/limit-body.ts";
export { requestLimits } from "./http/limits.ts";
export { createOriginRules, findOriginFault, isLoopback, type TellOperator } from "./http/origins.ts";
export { type PasskeyPlace, readPasskeys, relatedOriginsPath } from "./http/passkeys.ts";
export { answerPublicDocument, type PublicDocument, toPublicDocument } from "./http/public-document.ts";
export { type PublicUrl, parsePublicUrl } from "./http/public-url.ts";
export {
  createReceiptsHandler,
  type ReadReceipts,
  type ReceiptInfo,
  type ReceiptsHandler,
  type ReceiptsOptions,
  receiptsPath,
  type SentReceipt,
} from "./http/receipts.ts";
export { refuse, refuseFailure, refuseMethod } from "./http/refusals.ts";
export { guard, type RequestToRefuse, refuseRequest } from "./http/refuse-request.ts";
export { type FailureReport, findReport } from "./http/report-failure.ts";
export { createRequestAddressReader, type ReadRequestAddress } from "./http/request-address.ts";
export type { SettingNames } from "./http/setting-names.ts";
export { withoutValues } from "./http/without-values.ts";
export { type MaintenanceOptions, type MaintenanceTask, startMaintenance } from "./maintenance.ts";
export {
  listRelatedSchemas,
  migrateOwn,
  type OwnMigration,
  type OwnMigrations,
  readMigrations,
  requireOwnMigrated,
} from "./own-migrations.ts";
export type { PagesConfig, PagesTexts } from "./pages-config.ts";
export { allowsRedirect, findRedirectFault, type RedirectClient, readRedirectClients } from "./redirect-clients.ts";
export {
  type Builders,
  createBuilders,
  type FormattedErrors,
  type ModelOf,
  type ModelProcedures,
  type ProcedureBuilder,
  type SignedIn,
} from "./trpc/builders.ts";
export {
  createContext,
  type LatchkeyCall,
  type LatchkeyContext,
  type RequestHeaders,
  type RequestInput,
} from "./trpc/context.ts";
export type { CallCookies, HiddenTokens, ProcedureAccess, ProcedureMeta } from "./trpc/cookie-mode.ts";
export { findAuthError, refusalReasons, toFailure, toTrpcError } from "./trpc/error-map.ts";
export type { ErrorData, ErrorShape } from "./trpc/error-shape.ts";
export { describeError, formatError } from "./trpc/format-error.ts";
export {
  cursorText,
  identifierText,
  type ProcedureTypes,
  pageLimit,
  passkeyAssertion,
  passkeyRegistration,
  passwordText,
  text,
} from "./trpc/inputs.ts";
export { type AppRouter, createProcedures, type Procedures } from "./trpc/procedures.ts";
export type { SettingReport, SettingsReport } from "./trpc/settings-report.ts";
export type { EndedCall, TellCall } from "./trpc/tell-call.ts";
export { createTraceContinuation, traceRequest, traceWork } from "./trpc/tracing.ts";
