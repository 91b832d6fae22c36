import type { ErrorData, Group, OthersRevoked, Permission, AppRouter as ServiceRouter } from "@latchkey/server";
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";

// The one file that takes types from the service; all others take them from here.
// Answers that the compiler calls by their names in declarations of those who export them.
export type { ErrorData, Group, OthersRevoked, Permission };

/**
 * All procedures of the service. An interface has a name of its own: what a program exports is declared by that name, and not by
 * all that is in it.
 */
export interface AppRouter extends ServiceRouter {}

type Inputs = inferRouterInputs<AppRouter>;
type Answers = inferRouterOutputs<AppRouter>;

/** What a tree of procedures has at a name such as `me.phone.start`; `never` where it has nothing. */
type At<Tree, Name extends string> = Name extends `${infer Group}.${infer Rest}`
  ? Group extends keyof Tree
    ? At<Tree[Group], Rest>
    : never
  : Name extends keyof Tree
    ? Tree[Name]
    : never;

/** What a procedure of the service answers, by its name. */
export type AnswerOf<Name extends string> = At<Answers, Name>;

/** Calls a mutation of the service by its name, wherever in a router it is. */
export type Call = <Name extends string>(
  procedure: Name,
  input: At<Inputs, Name>,
  given?: { readonly signal: AbortSignal },
) => Promise<AnswerOf<Name>>;

/** What the service answers at every refresh, and at sign-in with the device's mark beside it. */
export type TokenResponse = Answers["token"]["refresh"] & Partial<Answers["token"]["obtain"]>;
/** The person who is signed in. */
export type User = Answers["token"]["refresh"]["user"];

/**
 * The name of a permission: one of the service's own, which are all known, or one that an app of yours declares. `auth` is never the
 * name of such an app, so that a misspelt one of the service does not compile.
 */
export type PermissionName<Name extends string> = Name & (Name extends `auth.${string}` ? Permission : unknown);
