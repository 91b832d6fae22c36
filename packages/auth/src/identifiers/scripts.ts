/** Scripts of living languages: UAX #31, tables "Recommended Scripts" and "Limited Use Scripts" (Unicode 17). */
const scriptsInUse = [
  "Latn Arab Armn Beng Bopo Cyrl Deva Ethi Geor Grek Gujr Guru Hang Hani Hebr Hira Kana Khmr Knda Laoo Mlym Mymr Orya Sinh Taml",
  "Telu Thaa Thai Tibt",
  "Adlm Bali Bamu Batk Cakm Cans Cham Cher Hmnp Java Kali Lana Lepc Limb Lisu Mand Mtei Newa Nkoo Olck Osge Plrd Rohg Saur Sund",
  "Sylo Syrc Tale Talu Tavt Tfng Vaii Wcho Yiii",
].flatMap((line) => line.split(" "));

/** UTS #39 §5.2, "Highly Restrictive": the writing systems of Japanese, Chinese and Korean, each with Latin. */
const scriptsUsedTogether = [
  ["Latn", "Hani", "Hira", "Kana"],
  ["Latn", "Hani", "Bopo"],
  ["Latn", "Hani", "Hang"],
];

function onlyOf(scripts: readonly string[]): RegExp {
  const classes = ["Zyyy", "Zinh", ...scripts].map((script) => String.raw`\p{Script_Extensions=${script}}`);
  return new RegExp(`^[${classes.join("")}]*$`, "u");
}

const writingSystems = [...scriptsInUse.map((script) => [script]), ...scriptsUsedTogether].map(onlyOf);

/**
 * Whether the text keeps to one writing system, so that a Cyrillic `а` cannot hide in a Latin name: one script of a living
 * language, or a mixture that Japanese, Chinese or Korean needs. Characters common to all scripts go with any.
 */
export function usesOneWritingSystem(text: string): boolean {
  return writingSystems.some((writingSystem) => writingSystem.test(text));
}
