/** Scripts of living languages: UAX #31, tables "Recommended Scripts" and "Limited Use Scripts" (Unicode 17). */
const scriptsInUse = [
  "Latn Arab Armn Beng Bopo Cyrl Deva Ethi Geor Grek Gujr Guru Hang Hani Hebr Hira Kana Khmr Knda Laoo Mlym Mymr Orya Sinh Taml",
  "Telu Thaa Thai Tibt",
  "Adlm Bali Bamu Batk Cakm Cans Cham Cher Hmnp Java Kali Lana Lepc Limb Lisu Mand Mtei Newa Nkoo Olck Osge Plrd Rohg Saur Sund",
  "Sylo Syrc Tale Talu Tavt Tfng Vaii Wcho Yiii",
].flatMap((line) => line.split(" "));

/** UTS #39 §5.2, "Highly Restrictive": the writing systems of Japanese, Chinese and Korean, each with Latin where that is usual. */
const scriptsUsedTogether = [
  ["Latn", "Hani", "Hira", "Kana"],
  ["Hani", "Bopo"],
  ["Latn", "Hani", "Hang"],
];

/** Of what no script calls its own, digits and `_ - .` only: the rest are apostrophes, circled numbers and notes that pass for them. */
const ofEveryScript = String.raw`0-9_.\-\p{Script_Extensions=Zinh}`;

function onlyOf(scripts: readonly string[]): RegExp {
  const classes = scripts.map((script) => String.raw`\p{Script_Extensions=${script}}`);
  return new RegExp(`^[${ofEveryScript}${classes.join("")}]*$`, "u");
}

const writingSystems = [...scriptsInUse.map((script) => [script]), ...scriptsUsedTogether].map(onlyOf);

/**
 * Whether the text keeps to one writing system, so that a Cyrillic `а` cannot hide in a Latin name: one script of a living
 * language, or a mixture that Japanese, Chinese or Korean needs. Digits and `_ - .` go with any.
 */
export function usesOneWritingSystem(text: string): boolean {
  return writingSystems.some((writingSystem) => writingSystem.test(text));
}
