import type { InputIssueCode } from "../errors.ts";
import { hasMisleadingLetters } from "./confusables.ts";
import { toAsciiDigits, usesOneSetOfDigits } from "./digits.ts";
import { maximumUsernameLength, type Username } from "./grammar.ts";
import { type InputText, readInput } from "./input-text.ts";
import { withoutNeededJoiners } from "./joiners.ts";
import { toOneKeyboard } from "./keyboards.ts";
import { usesOneWritingSystem } from "./unicode-scripts.ts";

/** A username to be stored: as the person writes it, and the key under which it is unique. Or why not, fit for the person. */
export type UsernameResult =
  | { readonly ok: true; readonly username: string; readonly key: Username }
  | UsernameRejection;

export interface UsernameRejection {
  readonly ok: false;
  readonly code: InputIssueCode;
  readonly reason: string;
}

const startOfUsername = /^[[\p{L}_]--\p{DI}]/v;
const charactersOfUsername = /^[[\p{L}\p{M}\p{N}_.\-]--\p{DI}]+$/v;
const letterOrNumber = /[\p{L}\p{N}]/u;
/** UTS #39 §5.4: marks that pile up or hide one another. */
const piledMarks = /\p{Me}|(\p{Mn})\1|\p{Mn}{5}/u;

/**
 * Full case folding over NFKC, the same in every locale, with digits of every script as ASCII ones, since those of two scripts can be
 * the same to the eye (`١` and `۱`). Lower, upper, lower is what folding needs (`ẞ` → `ß` → `SS` → `ss`);
 * the sigmas are made one, because lower-casing depends on the neighbours only there. Beyond Unicode's folding, the four
 * Turkish letters `I ı İ i` are one, so that a name is found whichever keyboard upper-cased it; and so are other letters of one
 * script that keyboards write differently.
 */
function fold(text: string): string {
  return toOneKeyboard(foldCase(text));
}

/** What no normalisation changes, and no folding but that of its letters' case. */
const isAscii = (text: string) => /^[\0-\x7f]*$/.test(text);

/** Folding as it was before keyboards were told apart, in which older names are stored. */
function foldCase(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  const folded = toAsciiDigits(text.normalize("NFKC")).toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ");
  return withoutDotsOverI(folded.normalize("NFD")).normalize("NFKC");
}

/** `İ` is `I` and a dot, which need not stand next to each other once decomposed. */
function withoutDotsOverI(decomposed: string): string {
  return decomposed.replace(/i\p{M}+/gu, (letter) => letter.replaceAll("\u0307", ""));
}

function isUsernameText(text: string): boolean {
  return isShortEnough(text) && startOfUsername.test(text) && charactersOfUsername.test(text);
}

function isShortEnough(text: string): boolean {
  return [...text].length <= maximumUsernameLength;
}

/** Whether the string is a username's key already: of the grammar, and folded. */
export function isUsername(value: string): value is Username {
  return isUsernameText(value) && fold(value) === value;
}

/**
 * The key of what may be someone's username, for signing in. Looser than {@link parseUsername}: scripts are judged when a name
 * is chosen only, because their tables change with Unicode, and a name in use must not stop working then.
 */
export function findUsername(text: InputText): Username | null {
  const bare = withoutNeededJoiners(text);
  if (!isUsernameText(bare) || !isShortEnough(text)) return null;
  const key = fold(bare);
  return isUsername(key) ? key : null;
}

/**
 * The keys under which a name may be stored: as the keyboard that typed it wrote it before all were read as one, and its present key. In
 * this order, because in two accounts that differ in their keyboards only each is found by its own.
 */
export function storedKeysOf(key: Username, written: string): readonly string[] {
  const text = readInput(written);
  const earlier = text === null ? key : foldCase(withoutNeededJoiners(text));
  return [...new Set([earlier, key])];
}

/**
 * Parses a username to be stored: 1 to 150 letters, marks, numbers, `_`, `-`, `.`, of one writing system, a letter or
 * underscore first, with joiners and non-joiners where the script needs them. Outer white space is dropped. Reserved names pass: ask `isReservedUsername` where they must not.
 *
 * @example
 * parseUsername("ＡLİCE"); // { ok: true, username: "ALİCE", key: "alice" }
 */
export function parseUsername(input: string): UsernameResult {
  const username = readInput(input);
  if (username === null) return reject("invalid_format", "A username is 1 to 150 letters, numbers and _ - .");
  const key = findUsername(username);
  if (key === null) return judgeGrammar(username);
  // Uzbek's apostrophe counts as the one that is of Latin script.
  const visible = withoutNeededJoiners(username).replaceAll("\u02bb", "\u02bc");
  return judgeChoice(visible) ?? judgeChoice(key) ?? { ok: true, username, key };
}

const reject = (code: InputIssueCode, reason: string): UsernameRejection => ({ ok: false, code, reason });

function judgeGrammar(written: InputText): UsernameRejection {
  const username = withoutNeededJoiners(written);
  if (username.includes("@"))
    return reject("invalid_characters", "A username cannot contain @: an e-mail address has its own field");
  if (!startOfUsername.test(username))
    return reject("invalid_start", "A username starts with a letter or an underscore");
  if (!charactersOfUsername.test(username))
    return reject("invalid_characters", "A username has letters, numbers and _ - . only");
  return reject("too_long", `A username has at most ${maximumUsernameLength} characters`);
}

function judgeChoice(username: string): UsernameRejection | null {
  if (!letterOrNumber.test(username)) return reject("invalid_format", "A username has at least one letter or number");
  if (!usesOneWritingSystem(username)) return reject("mixed_scripts", "A username keeps to one alphabet");
  if (!usesOneSetOfDigits(username)) return reject("mixed_scripts", "A username keeps to one kind of digits");
  if (hasMisleadingLetters(username))
    return reject("misleading", "A username cannot have letters that pass for others");
  if (piledMarks.test(username.normalize("NFD"))) return reject("misleading", "A username cannot pile up accents");
  return null;
}
