const decimalDigit = /\p{Nd}/u;
const decimalDigits = /\p{Nd}/gu;
const otherDigits = /[\p{Nd}--[0-9]]/gv;
const asciiZero = 0x30;

function isDecimalDigit(codePoint: number): boolean {
  return decimalDigit.test(String.fromCodePoint(codePoint));
}

/** Unicode encodes every set of decimal digits as ten code points in ascending order; some sets lie end to end. */
function zeroOf(codePoint: number): number {
  if (codePoint < 0x80) return asciiZero;
  let start = codePoint;
  while (start > 0 && isDecimalDigit(start - 1)) start -= 1;
  return codePoint - ((codePoint - start) % 10);
}

function codePointOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** `٠٥٣٢` → `0532`: the decimal digits of every script as ASCII ones, all else as it was. */
export function toAsciiDigits(text: string): string {
  return text.replace(otherDigits, (digit) => String(codePointOf(digit) - zeroOf(codePointOf(digit))));
}

/** Whether all decimal digits in the text come from one set, so that `1` is never beside `١` or `१`. */
export function usesOneSetOfDigits(text: string): boolean {
  const zeros = (text.match(decimalDigits) ?? []).map((digit) => zeroOf(codePointOf(digit)));
  return new Set(zeros).size <= 1;
}
