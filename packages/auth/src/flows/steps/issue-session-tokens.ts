import { toNumericDate } from "../../clock.ts";
import type { RefreshToken } from "../../sessions/refresh-token.ts";
import type { Session } from "../../sessions/session.ts";
import type { User } from "../../users/user.ts";
import type { Core } from "./core.ts";
import { issueToken } from "./issue-token.ts";
import { markDevice } from "./known-device.ts";

/** What a person gets at sign-in and at every refresh: the token for every call, and the one that renews it. */
export interface TokenResponse<Person extends User = User> {
  /** The access token, for `Authorization: Bearer`. */
  readonly token: string;
  readonly tokenType: "Bearer";
  readonly expiresAt: Date;
  /** Good until it is used; keep it as safe as a password. */
  readonly refreshToken: string;
  readonly refreshExpiresAt: Date;
  readonly user: Person;
}

/** What a person gets at sign-in. */
export interface SignInAnswer<Person extends User = User> extends TokenResponse<Person> {
  /** For the next sign-in with this device: keeps strangers who guess from keeping its owner out. Lets nobody in by itself. */
  readonly deviceMark: string;
  /** The account was to be deleted, and stays because of this sign-in; absent where it was not. */
  readonly deletionStopped?: true;
}

export interface AnsweredSession {
  readonly user: User;
  readonly session: Pick<Session, "id" | "expiresAt" | "acr" | "amr" | "authTime">;
  /** What its access tokens are for, where that is not the service itself. */
  readonly audience?: string | null;
  readonly idleExpiresAt: Date;
  readonly rotation: number;
  readonly refreshToken: RefreshToken;
  /** Whether the account was to be deleted, and stays because of this sign-in. */
  readonly isDeletionStopped?: boolean;
}

/** Issues the tokens of a session. */
export async function issueSessionTokens(
  core: Core,
  { user, session, audience, idleExpiresAt, rotation, refreshToken }: AnsweredSession,
): Promise<TokenResponse> {
  const notAfter = toNumericDate(session.expiresAt);
  const { token, expiresAt } = await issueToken(core, { user, session, audience, rotation, notAfter });
  return {
    token,
    tokenType: "Bearer",
    expiresAt,
    refreshToken: refreshToken.text,
    refreshExpiresAt: idleExpiresAt,
    user,
  };
}

export interface SignedInDevice {
  /** Of a device that its owner has signed in with before; null for every other. */
  readonly deviceId: string | null;
  /** How often the account's devices were forgotten. */
  readonly deviceEpoch: number;
}

/** Issues the tokens of a session that was just opened, and the mark of its device. */
export async function answerSignIn(
  core: Core,
  opened: AnsweredSession,
  { deviceId, deviceEpoch }: SignedInDevice,
): Promise<SignInAnswer> {
  const deviceMark = markDevice(core, { id: opened.user.id, deviceEpoch }, deviceId);
  const tokens = await issueSessionTokens(core, opened);
  return { ...tokens, deviceMark, ...(opened.isDeletionStopped && { deletionStopped: true }) };
}
