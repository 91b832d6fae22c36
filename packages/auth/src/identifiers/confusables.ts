/**
 * Accents that letters are made with. The other marks that go with many scripts pass for one of these (`a\u0305` for `ā`, `a\u309a` for
 * `å`), strike letters out (`o\u0338` for `ø`) or are letters above letters (`a\u0366`).
 */
const accents = String.raw`\u0300-\u0304\u0306-\u030c\u030f\u0311\u0313\u0314\u031b\u0323-\u0328\u032d\u032e\u0330\u0331\u0342\u0345`;
const generalMarks = String.raw`\u0300-\u036f\u0485\u0486\u0951-\u0954\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ufe20-\ufe2f`;

const misleading = [
  `[[${generalMarks}]--[${accents}]]`,
  // Latin letters without a case are phonetic signs, and most of them small capitals and the like: `ᴀᴅᴍɪɴ`, `ǀ`.
  String.raw`[[\p{Script=Latin}&&\p{L}]--\p{CWCM}]`,
  // Latin letters of phonetics and of manuscripts that look like a common one.
  "[ɑɡɩɪʀʝƅƨƽƿȝȣỿↄꜳꜵꜷꜹꜻꜽꝋꝏꝛꝫꝯꞓꞙꞟꞵꭓ]",
  // Of the apostrophes, the two that languages are written with, which are one.
  String.raw`[[\u02b0-\u02ffꞌ]--[ʼʻ]]`,
  // Strokes that only lengthen a word: Arabic and N'Ko.
  String.raw`[\u0640\u07fa]`,
  // Hangul letters outside a syllable; each final one is the image of an initial.
  String.raw`[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]`,
  // Chinese zero and stroke beside letters and digits that they pass for, and what passes for a hyphen.
  String.raw`[\p{Script=Latin}\p{Script=Hangul}\p{Nd}].*[〇丨]|[〇丨].*[\p{Script=Latin}\p{Script=Hangul}\p{Nd}]`,
  String.raw`[\p{Script=Latin}\p{Nd}][一ー]`,
].map((source) => new RegExp(source, "v"));

/** Whether a name has a letter, mark or stroke in it that a reader would take for another one of the same writing system. */
export function hasMisleadingLetters(text: string): boolean {
  return misleading.some((pattern) => pattern.test(text));
}

/** Letters that look like the Latin one which stands first: UTS #39's data for the scripts that can write whole words like this. */
const images = [
  "aΑαАаᎪꓮ bƀƁƂƃɓΒБВЬѢѣҌҍᏏᏴꓐ cƇȼСсҪҫᏟꓚꮯ dÐĐđƉƊƌɖɗԁᎠᏧꓒꓓ eɆɇΕЕеҽҿᎬꓰ fƑƒϜքꓝ gƓǤǥɠԌցᏀᏳꓖ hĦħɦΗНћҢһӇӉհᎻᏂᏲⱧꓧꚕ iıɨιіӏᎥꙇꭵ",
  "jɈɉͿϳЈјᎫꓙ kƘƙΚКҚҞᏦⱩꓗꝀ lŁłƗƚɫΙІӀᏞꓡꓲ mΜϺМӍᎷꓟ nƝƞΝηոռꓠ oØøƟɵΘΟθοσОоѲѳӨөՕօᎤᎾᏫꓳꭴꮎꮻ pƤƥΡρРрᏢᵽꓑ qԛգզ rɍɽгґғᎡᏒᴦꓣꮁ",
  "sʂЅѕՏᏕᏚꓢꮪ tŦŧƬƭƮȾΤТҬᎢꓔ uɄʋυՍսᏌꓴꮜ vνѴѵᏙꓦꮩ wɯѡѽԜԝաᎳᏔꓪꝡꮃ xΧХхҲꓫ yƳƴɎɏɣΥγУуҮүҰұᎩᎽꓬ zƵƶȤȥΖᏃꓜꮓ",
].flatMap((line) => line.split(" "));

const latinOf = new Map(images.flatMap(([latin = "", ...others]) => others.map((other) => [other, latin])));

/**
 * How a name looks to somebody who reads it as Latin and not closely: without accents and `_ - .`, with `i`, `I` and `1` for `l`, and
 * so on. For comparing with another image, and for nothing else.
 */
export function toLatinImage(text: string): string {
  const letters = [...text.normalize("NFD").replace(/[\p{M}_.-]/gu, "")].map((letter) => latinOf.get(letter) ?? letter);
  const image = letters.join("").replaceAll("I", "l").toLowerCase();
  return image.replace(/[i1]/g, "l").replaceAll("0", "o").replaceAll("rn", "m").replaceAll("vv", "w");
}
