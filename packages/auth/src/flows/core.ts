import type { Clock } from "../clock.ts";
import type { ResolvedOptions } from "../options.ts";
import type { Passwords } from "../passwords/passwords.ts";
import type { Use } from "../sessions/session-store.ts";
import type { Queries } from "../storage/database.ts";
import type { Throttle } from "../throttling/throttle.ts";
import type { KeyRing, SigningKey } from "../tokens/key-ring.ts";
import type { VerifiedToken } from "../tokens/verified-tokens.ts";
import type { PermissionReader } from "./authorize.ts";
import type { CallerReader } from "./read-caller.ts";

/** What every flow is handed: the rooms, opened, and the options. */
export interface Core {
  readonly db: Queries;
  readonly clock: Clock;
  readonly options: ResolvedOptions;
  readonly passwords: Passwords;
  readonly keyRing: KeyRing;
  readonly refreshKey: Uint8Array;
  readonly deviceKey: Uint8Array;
  readonly throttle: Throttle;
  /** The key that signs tokens now: the ring's newest, or the old backend's in the profile `django`. */
  readonly findSigningKey: () => Promise<Pick<SigningKey, "kid" | "algorithm" | "privateKey">>;
  /** Verifies a bearer token, or remembers that it did. */
  readonly verifyToken: (token: string) => Promise<VerifiedToken>;
  /** Reads a session and its user as they are now. */
  readonly readCaller: CallerReader;
  /** Reads what a user was granted, as it is now. */
  readonly readPermissions: PermissionReader;
  /** Notes that a session is in use; nobody waits for it, and a note that is lost is made a minute later. */
  readonly touchSession: (id: string) => void;
  /** Notes that an access token of a rotation was accepted. A call is answered only after that, once a rotation. */
  readonly noteUse: (use: Use) => Promise<void>;
}

/** Where a call comes from; facts for the audit trail and the list of devices, trusted for nothing. */
export interface RequestFacts {
  readonly requestId: string | null;
  readonly address: string | null;
  readonly userAgent: string | null;
}
