export type { CorePermission as Permission } from "@latchkey/auth";
export { HookRefusal, indexed } from "@latchkey/auth";
export { createLatchkey, type Latchkey, type LatchkeyOptions } from "./create-latchkey.ts";
export { type MaintenanceOptions, startMaintenance } from "./maintenance.ts";
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
export { findAuthError, findChallenge, toTrpcError } from "./trpc/error-map.ts";
export type { ErrorData, ErrorShape } from "./trpc/error-shape.ts";
export { formatError } from "./trpc/format-error.ts";
export { cursorText, identifierText, type ProcedureTypes, pageLimit, passwordText, text } from "./trpc/inputs.ts";
export { type AppRouter, createProcedures, type Procedures } from "./trpc/procedures.ts";
