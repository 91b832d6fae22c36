import { z } from "zod";
import { withIssueCode } from "../errors.ts";
import { isPlainLine } from "../free-text.ts";

/** One line of text that a person tells about themselves, measured in NFC, the form that is stored: it can be longer than what was typed. */
export const profileText = (maximum: number) =>
  z
    .string()
    .refine(isPlainLine, withIssueCode("invalid_characters", "holds characters that cannot be stored"))
    .transform((value) => value.normalize("NFC"))
    .pipe(z.string().max(maximum, `must be at most ${maximum} characters`));
