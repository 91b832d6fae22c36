export type { ErrorData, ErrorShape } from "./error-shape.ts";
export type { Permission } from "./permissions.ts";
export type { AppRouter } from "./procedures.ts";
