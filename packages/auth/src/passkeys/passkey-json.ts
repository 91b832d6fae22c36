/** What a browser's `PublicKeyCredential.toJSON()` answers after `navigator.credentials.create`; what it holds besides is not read. */
export interface PasskeyRegistration {
  /** Base64url, like all that is binary. */
  readonly id: string;
  readonly response: {
    readonly clientDataJSON: string;
    readonly attestationObject: string;
    readonly transports?: readonly string[] | undefined;
  };
}

/** What it answers after `navigator.credentials.get`. */
export interface PasskeyAssertion {
  readonly id: string;
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
    /** Whose it is: there for a passkey that was found without a name. */
    readonly userHandle?: string | null | undefined;
  };
}

interface Described {
  readonly type: "public-key";
  readonly id: string;
  readonly transports: readonly string[];
}

/** For `PublicKeyCredential.parseCreationOptionsFromJSON` and `navigator.credentials.create`. */
export interface PasskeyCreationOptions {
  readonly rp: { readonly id: string; readonly name: string };
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly challenge: string;
  readonly pubKeyCredParams: readonly { readonly type: "public-key"; readonly alg: number }[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly excludeCredentials: readonly Described[];
  readonly authenticatorSelection: {
    readonly residentKey: "required";
    readonly requireResidentKey: true;
    readonly userVerification: "required";
  };
  readonly attestation: "none";
}

/** For `PublicKeyCredential.parseRequestOptionsFromJSON` and `navigator.credentials.get`. */
export interface PasskeyRequestOptions {
  readonly rpId: string;
  readonly challenge: string;
  readonly timeout: number;
  /** Those of the account; empty where nobody has said who they are, and the device shows which it has. */
  readonly allowCredentials: readonly Described[];
  readonly userVerification: "required" | "preferred";
}

/** What a browser is to be asked, and until when its answer is taken. */
export interface StartedPasskey<Options> {
  readonly options: Options;
  readonly expiresAt: Date;
}

/** EdDSA, ES256 and RS256: what every authenticator can do one of. */
export const passkeyAlgorithms = [-8, -7, -257];

/** Milliseconds that browsers give a person; the challenge is good for longer. */
const timeout = 300_000;

interface Credential {
  readonly credentialId: Buffer;
  readonly transports: readonly string[];
}

const describe = ({ credentialId, transports }: Credential): Described => ({
  type: "public-key",
  id: credentialId.toString("base64url"),
  transports,
});

interface NewCredential {
  readonly rp: PasskeyCreationOptions["rp"];
  readonly userId: string;
  /** What the device shows beside it. */
  readonly name: string;
  readonly challenge: string;
  /** What the account has: no device gets a second one. */
  readonly own: readonly Credential[];
}

/** A passkey that its owner can be found by, on a device that makes sure that it is them. */
export function toCreationOptions({ rp, userId, name, challenge, own }: NewCredential): PasskeyCreationOptions {
  return {
    rp,
    user: { id: toUserHandle(userId), name, displayName: name },
    challenge,
    pubKeyCredParams: passkeyAlgorithms.map((alg) => ({ type: "public-key", alg })),
    timeout,
    excludeCredentials: own.map(describe),
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    attestation: "none",
  };
}

interface WantedAssertion {
  readonly rpId: string;
  readonly challenge: string;
  readonly own: readonly Credential[];
  readonly isSecondFactor?: boolean;
}

export function toRequestOptions({ rpId, challenge, own, isSecondFactor }: WantedAssertion): PasskeyRequestOptions {
  const userVerification = isSecondFactor ? "preferred" : "required";
  return { rpId, challenge, timeout, allowCredentials: own.map(describe), userVerification };
}

/** What a device keeps of whose passkey it is: the bytes of the user's id, which say nothing to anybody else. */
export function toUserHandle(userId: string): string {
  return Buffer.from(userId.replaceAll("-", ""), "hex").toString("base64url");
}
