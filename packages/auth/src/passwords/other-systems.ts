import { createCipheriv, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { type PasswordHasher, type StoredPassword, storedAs } from "./hasher.ts";
import { maximumIterations } from "./pbkdf2.ts";
import { deriveScrypt, isAffordableScrypt } from "./scrypt.ts";

const derivePbkdf2 = promisify(pbkdf2);

const base64 = "([A-Za-z0-9+/]+={0,2})";
const number = String.raw`([1-9]\d{0,9})`;
const [fewestBytes, mostBytes] = [16, 64];

/** A digest of which neither too little was kept to tell passwords apart, nor more than any system keeps. */
function readDigest(text: string): Buffer | null {
  const digest = Buffer.from(text, "base64");
  return digest.length >= fewestBytes && digest.length <= mostBytes ? digest : null;
}

const pbkdf2Format = new RegExp(String.raw`^pbkdf2_bytes\$(sha1|sha256|sha512),${number}\$${base64}\$${base64}$`);

/** `pbkdf2_bytes$sha512,210000$salt$digest`: PBKDF2 whose salt is bytes, as Keycloak and most libraries have it; Django's is a text. */
function readPbkdf2(encoded: string): StoredPassword | null {
  const [, hash = "", iterationText, saltText = "", digestText = ""] = pbkdf2Format.exec(encoded) ?? [];
  const [iterations, salt, digest] = [Number(iterationText), Buffer.from(saltText, "base64"), readDigest(digestText)];
  if (digest === null || !(iterations <= maximumIterations)) return null;
  return storedAs(digest, (password) => derivePbkdf2(password, salt, iterations, digest.length, hash));
}

const scryptCosts = `${number},${number},${number}`;
const scryptFormat = new RegExp(String.raw`^scrypt_bytes\$${scryptCosts}\$${base64}\$${base64}$`);

/** `scrypt_bytes$65536,8,1$salt$digest`: scrypt whose salt is bytes, as password hashes of the form `$scrypt$ln=…` have it. */
function readScrypt(encoded: string): StoredPassword | null {
  const [, N, r, p, saltText = "", digestText = ""] = scryptFormat.exec(encoded) ?? [];
  const [parameters, digest] = [{ N: Number(N), r: Number(r), p: Number(p) }, readDigest(digestText)];
  if (digest === null || !isAffordableScrypt(parameters)) return null;
  const salt = Buffer.from(saltText, "base64");
  return storedAs(digest, (password) => deriveScrypt(password, salt, parameters, digest.length));
}

const betterAuthFormat = new RegExp(String.raw`^scrypt_nfkc\$${scryptCosts}\$([^$]{1,128})\$${base64}$`);

/** `scrypt_nfkc$16384,16,1$salt$digest`: scrypt of the password's NFKC with a text as its salt, as better-auth has it. */
function readBetterAuth(encoded: string): StoredPassword | null {
  const [, N, r, p, salt = "", digestText = ""] = betterAuthFormat.exec(encoded) ?? [];
  const [parameters, digest] = [{ N: Number(N), r: Number(r), p: Number(p) }, readDigest(digestText)];
  if (digest === null || !isAffordableScrypt(parameters)) return null;
  return storedAs(digest, (password) => deriveScrypt(password.normalize("NFKC"), salt, parameters, digest.length));
}

const firebaseFormat = new RegExp(String.raw`^firebase_scrypt\$([1-9]\d?),${number}\$${base64}\$${base64}$`);

/**
 * `firebase_scrypt$14,8$salt$stream`: Firebase encrypts its project's signer key under a key that scrypt derives. What is kept here is the
 * key stream of that, which tells as much of a password and nothing of the signer key.
 */
function readFirebase(encoded: string): StoredPassword | null {
  const [, memory, r, saltText = "", streamText = ""] = firebaseFormat.exec(encoded) ?? [];
  const [parameters, stream] = [{ N: 2 ** Number(memory), r: Number(r), p: 1 }, readDigest(streamText)];
  if (stream === null || !isAffordableScrypt(parameters)) return null;
  const salt = Buffer.from(saltText, "base64");
  return storedAs(stream, async (password) => {
    const key = await deriveScrypt(password, salt, parameters, 32);
    return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(stream.length));
  });
}

/** Formats in which an import stores hashes of systems that are not Django. A salt comes after the costs, so that the beginning says what a check costs. */
export const hashersOfOthers: readonly PasswordHasher[] = [
  { algorithm: "pbkdf2_bytes", read: readPbkdf2 },
  { algorithm: "scrypt_bytes", read: readScrypt },
  { algorithm: "scrypt_nfkc", read: readBetterAuth },
  { algorithm: "firebase_scrypt", read: readFirebase },
];
