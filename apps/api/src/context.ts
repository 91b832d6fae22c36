import type { Auth, Config, RequestFacts } from "@latchkey/auth";
import type { Logger } from "pino";

/** Facts about a request. Nothing here has been verified. */
export interface Context {
  readonly auth: Auth<Config>;
  readonly facts: RequestFacts;
  /** The `Authorization` headers as they came. */
  readonly authorization: readonly string[];
  readonly log: Logger;
}
