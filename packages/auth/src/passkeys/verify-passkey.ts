import { type PasskeyAssertion, type PasskeyRegistration, passkeyAlgorithms } from "./passkey-json.ts";
import type { StoredPasskey } from "./passkey-store.ts";
import { hashOfRp, isOwnOrigin, type RelyingParty } from "./relying-party.ts";

/** Why what a device answered is not taken. Its owner is told the same in every case. */
export type PasskeyFault = "wrong_origin" | "wrong_rp" | "not_verified" | "wrong_signature";

/** What every answer of a browser is looked at for. */
interface Expected {
  readonly relyingParty: RelyingParty;
  /** Which the caller has judged already. */
  readonly challenge: string;
}

interface ExpectedAssertion extends Expected {
  readonly passkey: Pick<StoredPasskey, "credentialId" | "publicKey" | "transports">;
  /** Whether the device must have made sure that it is its owner, by a finger, a face or a PIN. */
  readonly requiresUserVerification: boolean;
}

/** What a device has shown. */
export interface CheckedAssertion {
  readonly counter: number;
  readonly isBackedUp: boolean;
}

/** What a device has made. */
export interface CheckedRegistration extends CheckedAssertion {
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
  readonly transports: string[];
}

type Library = typeof import("@simplewebauthn/server");
let library: Promise<Library> | undefined;

/** Loaded by the first passkey that is shown: it takes 27 MB, and most processes never need it. */
async function load(): Promise<Library> {
  library ??= import("@simplewebauthn/server");
  return library;
}

/** What a browser says of where it was asked. */
export interface ClientData {
  readonly challenge: string;
  readonly origin: string;
  /** Whether a page of another site held the one that asked. */
  readonly isFramed: boolean;
}

/** Reads it; null for what is none. Nothing in it is signed for yet. */
export function readClientData(clientDataJSON: string): ClientData | null {
  try {
    const data: unknown = JSON.parse(Buffer.from(clientDataJSON, "base64url").toString());
    if (typeof data !== "object" || data === null || !("challenge" in data) || !("origin" in data)) return null;
    const { challenge, origin } = data;
    if (typeof challenge !== "string" || typeof origin !== "string") return null;
    return { challenge, origin, isFramed: "crossOrigin" in data && data.crossOrigin === true };
  } catch {
    return null;
  }
}

/** The origin of the page that asked, where it may; null for every other. */
function readOwnOrigin(clientDataJSON: string, relyingParty: RelyingParty): string | null {
  const data = readClientData(clientDataJSON);
  return data && !data.isFramed && isOwnOrigin(relyingParty, data.origin) ? data.origin : null;
}

/** The key types that the library names; what a browser calls otherwise is left out. */
const transports = ["ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"] as const;
const readTransports = (named: readonly string[] = []) => transports.filter((transport) => named.includes(transport));

const [present, verified] = [0x01, 0x04];

/** Checks the answer to `navigator.credentials.get` of a passkey that is known. */
export async function verifyAssertion(
  { id, response }: PasskeyAssertion,
  { relyingParty, challenge, passkey, requiresUserVerification }: ExpectedAssertion,
): Promise<CheckedAssertion | PasskeyFault> {
  const { clientDataJSON, authenticatorData, signature, userHandle } = response;
  const origin = readOwnOrigin(clientDataJSON, relyingParty);
  if (origin === null) return "wrong_origin";
  const fault = findFault(Buffer.from(authenticatorData, "base64url"), { relyingParty, requiresUserVerification });
  if (fault) return fault;
  const { verifyAuthenticationResponse } = await load();
  const credential = {
    id: passkey.credentialId.toString("base64url"),
    publicKey: Uint8Array.from(passkey.publicKey),
    // Judged by the row itself, so that two at once are.
    counter: 0,
    transports: readTransports(passkey.transports),
  };
  try {
    const { verified: isRight, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        ...{ id, rawId: id, type: "public-key", clientExtensionResults: {} },
        response: { clientDataJSON, authenticatorData, signature, ...(userHandle && { userHandle }) },
      },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: relyingParty.rpId,
      credential,
      requireUserVerification: requiresUserVerification,
    });
    if (!isRight) return "wrong_signature";
    return { counter: authenticationInfo.newCounter, isBackedUp: authenticationInfo.credentialBackedUp };
  } catch {
    return "wrong_signature";
  }
}

/** Checks the answer to `navigator.credentials.create`. Who made the device is not asked. */
export async function verifyRegistration(
  { id, response }: PasskeyRegistration,
  { relyingParty, challenge }: Expected,
): Promise<CheckedRegistration | PasskeyFault> {
  const { clientDataJSON, attestationObject, transports: named } = response;
  const origin = readOwnOrigin(clientDataJSON, relyingParty);
  if (origin === null) return "wrong_origin";
  const { verifyRegistrationResponse } = await load();
  try {
    const { verified: isRight, registrationInfo } = await verifyRegistrationResponse({
      response: {
        ...{ id, rawId: id, type: "public-key", clientExtensionResults: {} },
        response: { clientDataJSON, attestationObject },
      },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: relyingParty.rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: passkeyAlgorithms,
    });
    if (!isRight || !registrationInfo) return "wrong_signature";
    const { credential, credentialBackedUp: isBackedUp } = registrationInfo;
    return {
      credentialId: Buffer.from(credential.id, "base64url"),
      publicKey: Buffer.from(credential.publicKey),
      counter: credential.counter,
      transports: readTransports(named),
      isBackedUp,
    };
  } catch {
    return "wrong_signature";
  }
}

type Place = Pick<ExpectedAssertion, "relyingParty" | "requiresUserVerification">;

/** What the library would refuse as well, told apart for the audit trail. */
function findFault(data: Buffer, { relyingParty, requiresUserVerification }: Place): PasskeyFault | null {
  if (data.length < 37 || !data.subarray(0, 32).equals(hashOfRp(relyingParty))) return "wrong_rp";
  const flags = data[32] ?? 0;
  const wanted = requiresUserVerification ? present | verified : present;
  return (flags & wanted) === wanted ? null : "not_verified";
}
