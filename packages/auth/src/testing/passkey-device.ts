import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import type {
  PasskeyAssertion,
  PasskeyCreationOptions,
  PasskeyRegistration,
  PasskeyRequestOptions,
} from "../passkeys/passkey-json.ts";

/** What a device, or whoever has one in hand, may do otherwise than it should. */
export interface DeviceWhims {
  /** The page's, by what its browser says. */
  readonly origin?: string;
  /** Of the host that it signs for. */
  readonly rpId?: string;
  /** Whether it made sure that it is its owner. */
  readonly isVerified?: boolean;
  readonly counter?: number;
  readonly userHandle?: string | null;
  readonly isFramed?: boolean;
  readonly challenge?: string;
}

/** A device that makes passkeys and signs with them as browsers and authenticators do (WebAuthn §6), with ES256 and without attestation. */
export interface PasskeyDevice {
  readonly credentialId: Buffer;
  create(options: PasskeyCreationOptions, whims?: DeviceWhims): PasskeyRegistration;
  get(options: PasskeyRequestOptions, whims?: DeviceWhims): PasskeyAssertion;
}

const [present, verified, attested] = [0x01, 0x04, 0x40];

export function createPasskeyDevice(defaultOrigin = "http://localhost:3000"): PasskeyDevice {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const credentialId = randomBytes(32);
  const id = credentialId.toString("base64url");
  let userHandle: string | undefined;
  const describeClient = (type: string, challenge: string, { origin = defaultOrigin, ...whims }: DeviceWhims) =>
    Buffer.from(
      JSON.stringify({
        ...{ type, challenge: whims.challenge ?? challenge, origin },
        crossOrigin: whims.isFramed ?? false,
      }),
    );
  return {
    credentialId,
    create({ rp, user, challenge }, whims = {}) {
      userHandle = user.id;
      const key = encodeKey(publicKey);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(credentialId.length);
      const attestedData = Buffer.concat([Buffer.alloc(16), length, credentialId, key]);
      const data = Buffer.concat([toAuthenticatorData(rp.id, whims, attested), attestedData]);
      const object = encodeMap([
        [encodeText("fmt"), encodeText("none")],
        [encodeText("attStmt"), encodeMap([])],
        [encodeText("authData"), encodeBytes(data)],
      ]);
      const client = describeClient("webauthn.create", challenge, whims);
      return {
        id,
        response: {
          clientDataJSON: client.toString("base64url"),
          attestationObject: object.toString("base64url"),
          transports: ["internal", "hybrid"],
        },
      };
    },
    get({ rpId, challenge }, whims = {}) {
      const data = toAuthenticatorData(rpId, whims, 0);
      const client = describeClient("webauthn.get", challenge, whims);
      const signature = sign("sha256", Buffer.concat([data, sha256(client)]), privateKey);
      const handle = whims.userHandle === undefined ? userHandle : whims.userHandle;
      return {
        id,
        response: {
          clientDataJSON: client.toString("base64url"),
          authenticatorData: data.toString("base64url"),
          signature: signature.toString("base64url"),
          userHandle: handle ?? null,
        },
      };
    },
  };
}

const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest();

function toAuthenticatorData(rpId: string, whims: DeviceWhims, more: number): Buffer {
  const { isVerified = true, counter = 0 } = whims;
  const tail = Buffer.alloc(5);
  tail.writeUInt8(present | (isVerified ? verified : 0) | more);
  tail.writeUInt32BE(counter, 1);
  return Buffer.concat([sha256(Buffer.from(whims.rpId ?? rpId)), tail]);
}

/** COSE (RFC 9053 §7.1.1): kty EC2, alg ES256, crv P-256, x and y. */
function encodeKey(publicKey: KeyObject): Buffer {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return encodeMap([
    [encodeInteger(1), encodeInteger(2)],
    [encodeInteger(3), encodeInteger(-7)],
    [encodeInteger(-1), encodeInteger(1)],
    [encodeInteger(-2), encodeBytes(Buffer.from(x, "base64url"))],
    [encodeInteger(-3), encodeBytes(Buffer.from(y, "base64url"))],
  ]);
}

/** As much of CBOR (RFC 8949 §3) as is needed: a type in three bits, and a length that is short. */
function encodeHead(type: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(type << 5) | length]);
  if (length < 256) return Buffer.from([(type << 5) | 24, length]);
  return Buffer.from([(type << 5) | 25, length >> 8, length & 0xff]);
}

const encodeInteger = (value: number) => (value < 0 ? encodeHead(1, -1 - value) : encodeHead(0, value));
const encodeBytes = (bytes: Buffer) => Buffer.concat([encodeHead(2, bytes.length), bytes]);
const encodeText = (text: string) => Buffer.concat([encodeHead(3, text.length), Buffer.from(text)]);
const encodeMap = (entries: readonly (readonly [Buffer, Buffer])[]) =>
  Buffer.concat([encodeHead(5, entries.length), ...entries.flat()]);
