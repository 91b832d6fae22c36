import type { AppRouter, ErrorData, Permission } from "@latchkey/api";
import type { inferRouterOutputs } from "@trpc/server";

// The one file that takes types from the service; all others take them from here.
export type { AppRouter, ErrorData, Permission };

type Answers = inferRouterOutputs<AppRouter>;

/** What the service answers at every refresh, and at sign-in with the device's mark beside it. */
export type SessionAnswer = Answers["token"]["refresh"] & Partial<Answers["token"]["obtain"]>;
/** The person who is signed in. */
export type User = Answers["me"]["get"];
