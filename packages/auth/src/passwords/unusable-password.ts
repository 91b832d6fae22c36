import { randomBytes } from "node:crypto";

/** What is stored where there is no password: Django's mark, and random text, so that no two are the same. */
export function createUnusablePassword(): string {
  return `!${randomBytes(30).toString("base64url")}`;
}

/** Whether what is stored is no password of anybody's. One of a format that is not known here may be one elsewhere. */
export function isUnusablePassword(encoded: string): boolean {
  return encoded === "" || encoded.startsWith("!");
}
