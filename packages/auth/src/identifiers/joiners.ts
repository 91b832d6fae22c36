// Where a script needs an invisible joiner or non-joiner inside a word: UAX #31 §2.3, rules A1, A2 and B, which are those of IDNA
// (RFC 5892, appendix A.1 and A.2).

/** Canonical combining class 9. JavaScript has no property for it. */
const viramas =
  "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u0e3a\u0eba\u0f84\u1039\u103a\u1714\u1715\u1734\u17d2" +
  "\u1a60\u1b44\u1baa\u1bab\u1bf2\u1bf3\u2d7f\ua806\ua82c\ua8c4\ua953\ua9c0\uaaf6\uabed";
/** Letters of Arabic that join to the one before only, or to none: nothing follows them that a non-joiner could part. */
const withoutJoinBehind =
  "\u0621-\u0625\u0627\u0629\u062f-\u0632\u0648\u0671-\u0677\u0688-\u0699\u06c0\u06c3-\u06cb\u06cd\u06cf\u06d2\u06d3\u06d5\u06ee\u06ef" +
  "\u0759-\u075b\u076b\u076c\u0771\u0773\u0774\u0778\u0779";
const arabic = String.raw`[\p{Script=Arabic}&&\p{L}]`;

const neededJoiners = [
  String.raw`(?<=[${arabic}--[${withoutJoinBehind}]]\p{M}*)\u200c(?=\p{M}*[${arabic}--\u0621])`,
  String.raw`(?<=\p{L}\p{M}*[${viramas}]\p{M}*)\u200c(?=\p{L})`,
  String.raw`(?<=\p{L}\p{M}*[${viramas}]\p{M}*)\u200d(?!\p{M})`,
].join("|");
const needed = new RegExp(neededJoiners, "gv");

/** Text without the joiners and non-joiners that its script needs; others stay, for the grammar of names to refuse. */
export function withoutNeededJoiners(text: string): string {
  return text.replace(needed, "");
}
