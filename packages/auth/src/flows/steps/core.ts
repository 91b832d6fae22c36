import type { AuditWorker } from "../../audit/audit-worker.ts";
import type { Denials } from "../../audit/denials.ts";
import type { Sealer } from "../../audit/sealer.ts";
import type { Challenges } from "../../challenges/challenges.ts";
import type { Clock } from "../../clock.ts";
import type { Firewall } from "../../messages/firewall.ts";
import type { Outbox } from "../../messages/outbox.ts";
import type { ResolvedOptions } from "../../options.ts";
import type { Passwords } from "../../passwords/passwords.ts";
import type { SecretKeys } from "../../secret-keys/secret-keys.ts";
import type { RefreshKeys } from "../../sessions/refresh-chain.ts";
import type { Session } from "../../sessions/session.ts";
import type { Use } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { CallLimiter } from "../../throttling/call-budgets.ts";
import type { Lanes, SharedLanes } from "../../throttling/lanes.ts";
import type { RefusalDelay } from "../../throttling/refusal-delay.ts";
import type { Throttle } from "../../throttling/throttle.ts";
import type { KeyRing } from "../../tokens/key-ring.ts";
import type { SigningKey } from "../../tokens/signing-key.ts";
import type { VerifiedToken } from "../../tokens/verified-tokens.ts";
import type { ProfileDefinition } from "../../users/profile.ts";
import type { User } from "../../users/user.ts";
import type { Webhooks } from "../../webhooks/webhooks.ts";
import type { CallerColumns } from "./caller-row.ts";

/** Who is calling. */
export interface Principal<Person extends User = User> {
  readonly user: Person;
  readonly session: Session;
  /** Whether it is time to offer them to prove their phone number anew, before it is trusted no more. */
  readonly isPhoneProofDue?: boolean;
}

/** What every flow is handed: the rooms, opened, and the options. */
export interface Core {
  readonly db: Queries;
  readonly clock: Clock;
  readonly options: ResolvedOptions;
  /** What people tell about themselves. */
  readonly profile: ProfileDefinition;
  readonly callerColumns: CallerColumns;
  readonly passwords: Passwords;
  readonly keyRing: KeyRing;
  readonly secretKeys: SecretKeys;
  /** The key that new refresh tokens are made with comes first, then those of older ones. */
  readonly refreshKeys: () => RefreshKeys;
  /** The same for the marks of devices. */
  readonly deviceKeys: () => RefreshKeys;
  /** Seals the secrets of authenticator apps. */
  readonly secondFactorKey: () => Uint8Array;
  /** Seal the challenges of passkeys. */
  readonly passkeyKeys: () => RefreshKeys;
  /** Seals what changes that wait are to do. */
  readonly pendingKey: () => Uint8Array;
  /** Derives what stands for refresh tokens of another system. It stays the same, or a token would be told from itself. */
  readonly adoptedKey: () => Uint8Array;
  readonly throttle: Throttle;
  /** Codes that are sent, from asking to use. */
  readonly challenges: Challenges;
  /** Refuses messages before they are asked for: before a challenge starts, and before each resend that is due. */
  readonly firewall: Firewall;
  /** Sends what the challenges say is due, while the core is open. */
  readonly outbox: Outbox;
  /** Tells programs of a team's own what has happened, while the core is open. */
  readonly webhooks: Webhooks;
  /** Refusals of people who are signed in, for the audit trail. */
  readonly denials: Denials;
  /** Seals the audit trail, so that it shows when somebody has changed it. */
  readonly sealer: Sealer;
  readonly auditWorker: AuditWorker;
  /** How much the calls of people who are signed in may cost. */
  readonly callLimiter: CallLimiter;
  /** How much later it is answered that a limit is reached. */
  readonly refusalDelay: RefusalDelay;
  /** The key that signs tokens now: the ring's newest, or the old backend's in the profile `django`. */
  readonly findSigningKey: () => Promise<Pick<SigningKey, "kid" | "algorithm" | "privateKey">>;
  /** Where sign-ins from one address wait for each other until they have been counted. */
  readonly signInLanes: Lanes;
  /** Where refresh tokens of one session wait for each other, as they would for its row, which they would do on a connection each. */
  readonly rotationLanes: Lanes;
  /** Where refresh tokens of one address wait for each other, but for those that are exchanged as usual. */
  readonly refreshLanes: Lanes;
  /** Where tokens of another system wait that have no session, by the one that each could have: those of one address for each other. */
  readonly adoptionLanes: SharedLanes;
  /** Verifies a bearer token, or remembers that it did; what comes from one network waits for itself. */
  readonly verifyToken: (token: string, network: string | null) => Promise<VerifiedToken>;
  /** Reads a session and its user as they are now. */
  readonly readCaller: CallerReader;
  /** Reads what a user was granted, as it is now. */
  readonly readPermissions: PermissionReader;
  /** Notes that a session is in use; nobody waits for it, and a note that is lost is made a minute later. */
  readonly touchSession: (id: string) => void;
  /** Notes that an access token of a rotation was accepted. A call is answered only after that, once a rotation. */
  readonly noteUse: (use: Use) => Promise<void>;
}

/** A session and its user as the database has them at this moment. */
export interface StoredCaller {
  readonly session: Session;
  readonly user: User;
  /** Whether it has not ended, and shows as many factors as its account needs. */
  readonly isLive: boolean;
  /** Whether the key that signed the token is still accepted. */
  readonly isKeyAccepted: boolean;
  /** Whether its last use was noted long enough ago to be noted again. */
  readonly isTouchDue: boolean;
  /** Whether the account has a number whose last proof is old, or that was never proved. */
  readonly isPhoneProofDue: boolean;
  /** The rotation whose answers have not been used yet, as far as is known; null once they have. */
  readonly unusedRotation: number | null;
}

export interface CallerKey {
  readonly sessionId: string;
  /** The key of the database that signed the token; null for one from the settings. */
  readonly kid: string | null;
}

export type CallerReader = (key: CallerKey) => Promise<StoredCaller | null>;

export type PermissionReader = (userId: string) => Promise<readonly string[]>;

/** Where a call comes from; facts for the audit trail and the list of devices, trusted for nothing. */
export interface RequestInfo {
  readonly requestId: string | null;
  readonly address: string | null;
  readonly userAgent: string | null;
  /** The language that the caller's program asks for (BCP 47), where it says one. */
  readonly locale?: string | null;
}
