export type { AppRouter } from "./router.ts";
export type { ErrorData, ErrorShape } from "./trpc.ts";
