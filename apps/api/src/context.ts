import type { Auth, RequestFacts } from "@latchkey/auth";
import type { Logger } from "pino";
import type { CallCookies } from "./cookie-transport.ts";

/** Facts about a request. Nothing here has been verified. */
export interface Context {
  readonly auth: Auth;
  readonly facts: RequestFacts;
  /** The `Authorization` headers as they came. */
  readonly authorization: readonly string[];
  readonly log: Logger;
  /** In cookie mode: where the refresh token comes from, and where it goes. */
  readonly cookies?: CallCookies;
}
