/** Somebody who is signed in already. */
export interface SignedIn {
  readonly token: string;
  readonly refreshToken: string;
}

/** What the visitors do, again and again, each over a connection of its own. */
export type Plan =
  | { readonly kind: "get"; readonly path: string; readonly tokens?: readonly string[] }
  | { readonly kind: "signIn"; readonly usernames: readonly string[]; readonly password: string }
  | { readonly kind: "refresh"; readonly people: readonly SignedIn[] }
  /** Batches of tokens that look like the one given and were never issued, or of sign-ins by names that nobody has. */
  | { readonly kind: "forge"; readonly calls: number; readonly token: string }
  | { readonly kind: "guess"; readonly calls: number }
  | {
      readonly kind: "mixed";
      readonly people: readonly SignedIn[];
      readonly usernames: readonly string[];
      readonly password: string;
    };

export interface Crowd {
  readonly url: string;
  readonly connections: number;
  readonly plan: Plan;
  /** Whether all of them come from one address. */
  readonly isTogether?: boolean;
}

/** How long they go on: for a time, or until so many calls have been answered. */
export type Stretch =
  | { readonly seconds: number; readonly warmUp: number }
  | { readonly calls: number }
  /** So many calls a second are begun whether or not others have been answered; one that finds no free connection is left out. */
  | { readonly perSecond: number; readonly seconds: number; readonly warmUp: number };

export interface Outcome {
  readonly calls: number;
  readonly perSecond: number;
  /** Milliseconds from the call to the end of its answer. */
  readonly median: number;
  readonly p99: number;
  /** How often each HTTP status was answered. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Calls that were due when no connection was free. */
  readonly leftOut: number;
}
