import { z } from "zod";

/** In UTF-16 units of NFC, the form that is stored. */
const longestName = 100;

/** Control characters, line breaks, half surrogate pairs, and what makes text run the other way: a list of devices shows each on one line. */
const unshowable = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/**
 * What a program calls the device that it signs in with, such as `Ada's iPhone`. It is the program's own claim, and good for recognising
 * the device in a list, for nothing else.
 */
export const deviceName = z
  .string()
  .refine((name) => !unshowable.test(name), "holds characters that are not allowed")
  .normalize("NFC")
  .trim()
  .min(1, "must not be empty")
  .max(longestName, `must be at most ${longestName} characters`);
