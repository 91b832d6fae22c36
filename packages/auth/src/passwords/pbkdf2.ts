import { pbkdf2, randomInt } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(pbkdf2);

/** Four times what Django 6 uses; about two seconds. */
export const maximumIterations = 5_000_000;

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** As Django draws them: 131 random bits. */
const makeSalt = () => Array.from({ length: 22 }, () => letters[randomInt(letters.length)]).join("");

/** Iterations of PBKDF2-HMAC-SHA256 at a cost of bcrypt's: 600,000 at 12, which OWASP asks for, and twice as many with each step. */
export function iterationsOf(cost: number): number {
  return Math.round(600_000 * 2 ** (cost - 12));
}

/** `pbkdf2_sha256$600000$…` of a password exactly as it is given, which every Django reads. */
export async function hashPbkdf2Sha256(password: string, iterations: number): Promise<string> {
  const salt = makeSalt();
  const hash = await derive(password, salt, iterations, 32, "sha256");
  return `${pbkdf2Sha256Kind(iterations)}$${salt}$${hash.toString("base64")}`;
}

/** The kind of every {@link hashPbkdf2Sha256} with so many iterations. */
export function pbkdf2Sha256Kind(iterations: number): string {
  return `pbkdf2_sha256$${iterations}`;
}

/** A hash of that kind which is made up, so that nothing fits it: by it the cost of a check is measured. */
export function unmatchedPbkdf2Sha256(iterations: number): string {
  return `${pbkdf2Sha256Kind(iterations)}$salt$${Buffer.alloc(32).toString("base64")}`;
}
