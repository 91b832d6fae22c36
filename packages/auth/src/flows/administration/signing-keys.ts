import type { TokenAlgorithm } from "../../tokens/access-token.ts";
import { listSigningKeys as listStoredKeys, type StoredSigningKey } from "../../tokens/signing-key-store.ts";
import type { Core } from "../steps/core.ts";

/** A key that is accepted at this moment; no part of it that is secret. */
export interface ListedSigningKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly createdAt: Date;
  /** When it begins to sign, or began to; until then it is only published. */
  readonly signsFrom: Date;
  /** When its last token has run out and it is refused; null while it is the newest. */
  readonly acceptedUntil: Date | null;
  readonly state: "waiting" | "signing" | "accepted";
}

export interface SigningKeys {
  /** The one that signs first. */
  readonly keys: readonly ListedSigningKey[];
  /** Whether the secret of an earlier system signs in their place, as the token profiles for one have it. */
  readonly isSecretShared: boolean;
  /** When a new one is made by itself; null where that is off. */
  readonly nextRotationAt: Date | null;
}

/** The keys that are accepted, how old they are, and when the next one is made. */
export async function listSigningKeys(core: Core): Promise<SigningKeys> {
  const { keyLifetime, profile } = core.options.tokens;
  const stored = await listStoredKeys(core.db);
  const newest = stored.find(({ verifiesUntil }) => verifiesUntil === null);
  const isSecretShared = profile !== "standard";
  const isDue = newest !== undefined && keyLifetime !== "off" && !isSecretShared;
  return {
    keys: stored.map((key, index) => toListed(key, index === 0)),
    isSecretShared,
    nextRotationAt: isDue ? new Date(newest.createdAt.getTime() + keyLifetime * 1_000) : null,
  };
}

function toListed(key: StoredSigningKey, isSigning: boolean): ListedSigningKey {
  const { kid, algorithm, createdAt, signsFrom, verifiesUntil, maySign } = key;
  const state = isSigning ? "signing" : maySign ? "accepted" : "waiting";
  return { kid, algorithm, createdAt, signsFrom, acceptedUntil: verifiesUntil, state };
}
