import { profileFields } from "@latchkey/auth";
import { z } from "zod";

/** Any of the profile's fields, and nothing else. */
export const profileChangesSchema = z.strictObject(profileFields).partial();

/**
 * Text from outside. Its length is bounded before anything else looks at it; NUL and half surrogate pairs, which the database
 * cannot keep, are refused.
 */
export const text = (maximum: number) =>
  z
    .string()
    .min(1, "must not be empty")
    .max(maximum, `must be at most ${maximum} characters`)
    .refine((value) => !value.includes("\0") && value.isWellFormed(), "holds characters that are not allowed");

/** A name at sign-in: longer than any username, phone number or e-mail address can be. */
export const identifierText = text(320);

/** A password as it is typed, in UTF-16 units; the policy counts code points. */
export const passwordText = text(1_024);

/** An access or refresh token. Longer texts are refused by what reads them. */
export const tokenText = text(8_192);

/** How many rows a page has. */
export const pageLimit = z.int().min(1).max(100).default(25);

/** `nextCursor` of the page before. */
export const cursorText = text(1_024);

/** Permissions by name; whether there are such is the core's to say. */
export const permissionList = z.array(text(150)).max(500);
