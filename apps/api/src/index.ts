export type { ErrorData, ErrorShape } from "./error-shape.ts";
export type { AppRouter } from "./procedures.ts";
