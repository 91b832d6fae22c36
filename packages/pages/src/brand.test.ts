import { expect, test } from "vitest";
import { readBrand } from "./brand.ts";
import { toAccent } from "./colour.ts";
import { languages, negotiateLanguage } from "./languages/language.ts";

const luminance = (hex: string) => {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [r = 0, g = 0, b = 0] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a: string, b: string) => {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
};

test("any colour of a team's can be read, as a button and as a link, on light ground and on dark", () => {
  const steps = ["00", "33", "66", "99", "cc", "ff"];
  const colours = steps.flatMap((r) => steps.flatMap((g) => steps.map((b) => `#${r}${g}${b}`)));
  for (const colour of colours) {
    const { fill, onFill, onLight, onDark } = toAccent(colour) ?? expect.fail(colour);
    expect(contrast(fill, onFill), colour).toBeGreaterThanOrEqual(4.5);
    for (const ground of ["#ffffff", "#f3f1ec"]) expect(contrast(onLight, ground), colour).toBeGreaterThanOrEqual(4.4);
    for (const ground of ["#1e1e1b", "#141412"]) expect(contrast(onDark, ground), colour).toBeGreaterThanOrEqual(4.4);
  }
});

test.each([
  [{ colour: "teal" }, "pages.colour must be such as #1f5f5b, not teal"],
  [{ colour: "#fff}body{display:none" }, "pages.colour must be such as"],
  [{ logo: "logo.exe" }, "pages.logo must be a file of SVG"],
  [{ logo: "not-there.svg" }, "pages.logo: not-there.svg cannot be read"],
  [{ home: "https://evil.example" }, "pages.home must be a path"],
  [{ home: "//evil.example" }, "pages.home must be a path"],
  [{ texts: { xx: {} } }, "pages.texts: xx is none of en, tr, ar"],
  [{ texts: { en: { singIn: "x" } } }, "there is no such text as singIn"],
  [{ texts: { en: { toString: "x" } } }, "there is no such text as toString"],
])("%j is refused when the service starts", (config, message) => {
  expect(() => readBrand(config)).toThrow(message);
});

test("own texts stand in place of ours, and own fields have the names that are given or can be read from theirs", () => {
  const brand = readBrand({ texts: { tr: { signIn: "Gir", fields: { nickname: "Takma ad" } } } });
  expect(brand.textsOf("tr")).toMatchObject({ signIn: "Gir", password: "Parola" });
  expect(brand.textsOf("en").signIn).toBe("Sign in");
  expect(brand.labelOf("tr", "nickname")).toBe("Takma ad");
  expect(brand.labelOf("fr", "favouriteColour")).toBe("Favourite colour");
});

test.each([
  ["tr-TR,tr;q=0.9,en;q=0.8", "tr"],
  ["de, pt;q=0.5, fr;q=0.7", "fr"],
  ["pt-PT", "pt-BR"],
  ["en;q=0, ar", "ar"],
  ["*", "en"],
  [";;;q=x,,", "en"],
  [`${"a,".repeat(10_000)}tr`, "en"],
  [null, "en"],
])("a browser that asks for %j reads %s", (header, tag) => {
  expect(negotiateLanguage(header).tag).toBe(tag);
});

test("every language has every placeholder of the English texts, and none besides", () => {
  const [english] = languages;
  const placeholdersOf = (texts: object): string[] =>
    Object.entries(texts).flatMap(([key, text]) =>
      typeof text === "object"
        ? placeholdersOf(text)
        : [...String(text).matchAll(/\{\w+\}/g)].map(([found]) => key + found),
    );
  for (const { tag, texts } of languages) {
    expect(placeholdersOf(texts), tag).toEqual(placeholdersOf(english?.texts ?? {}));
  }
});
