export type { CorePermission as Permission, Group, OthersRevoked } from "@latchkey/auth";
export { HookRefusal, indexed } from "@latchkey/auth";
export { defineLatchkeyConfig, type LatchkeyConfig } from "./config.ts";
export { createLatchkey, type Latchkey, type LatchkeyOptions, type RouterToServe } from "./create-latchkey.ts";
export type { TrustedProxy } from "./http/client-address.ts";
export type {
  CallFailure,
  ConnectionInfo,
  FetchHandler,
  FetchHandlerOptions,
  HttpOptions,
  PagesHandler,
} from "./http/fetch-handler.ts";
export { type ResponseMetaInput, responseMeta } from "./http/headers.ts";
export type { LimitedRequest } from "./http/limit-body.ts";
export type { TellOperator } from "./http/origins.ts";
export type { PublicUrl } from "./http/public-url.ts";
export type { ReadReceipts, ReceiptInfo, ReceiptsHandler, ReceiptsOptions, SentReceipt } from "./http/receipts.ts";
export { guard, type RequestToRefuse, refuseRequest } from "./http/refuse-request.ts";
export { type FailureReport, findReport } from "./http/report-failure.ts";
export type { SettingNames } from "./http/setting-names.ts";
export { withoutValues } from "./http/without-values.ts";
export { migrateOwn, type OwnMigration, type OwnMigrations, readMigrations } from "./own-migrations.ts";
export type { PagesConfig, PagesTexts } from "./pages-config.ts";
export type { RedirectClient } from "./redirect-clients.ts";
export type { Builders, ModelOf, ModelProcedures, ProcedureBuilder, SignedIn } from "./trpc/builders.ts";
export type { LatchkeyCall, LatchkeyContext, RequestHeaders, RequestInput } from "./trpc/context.ts";
export type { CallCookies, HiddenTokens, ProcedureAccess, ProcedureMeta } from "./trpc/cookie-mode.ts";
export type { ErrorData, ErrorShape } from "./trpc/error-shape.ts";
export type { ProcedureTypes } from "./trpc/inputs.ts";
export type { AppRouter, Procedures } from "./trpc/procedures.ts";
export type { SettingReport, SettingsReport } from "./trpc/settings-report.ts";
export type { EndedCall, TellCall } from "./trpc/tell-call.ts";
