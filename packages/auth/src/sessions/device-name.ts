import { z } from "zod";
import { withIssueCode } from "../errors.ts";
import { hasVisibleCharacter, isPlainLine } from "../free-text.ts";

/** In UTF-16 units of NFC, the form that is stored. */
const longestName = 100;

/**
 * What a program calls the device that it signs in with, such as `Ada's iPhone`. It is the program's own claim, and good for recognising
 * the device in a list, for nothing else.
 */
export const deviceName = z
  .string()
  .refine(isPlainLine, withIssueCode("invalid_characters", "holds characters that are not allowed"))
  .refine(hasVisibleCharacter, withIssueCode("invisible", "must hold a character that can be seen"))
  .normalize("NFC")
  .trim()
  .min(1, "must not be empty")
  .max(longestName, `must be at most ${longestName} characters`);
