import { ar } from "./ar.ts";
import { type Catalogue, en } from "./en.ts";
import { es } from "./es.ts";
import { fr } from "./fr.ts";
import { hi } from "./hi.ts";
import { id } from "./id.ts";
import { ptBR } from "./pt-br.ts";
import { tr } from "./tr.ts";

export interface Language {
  /** As BCP 47 has it, such as `pt-BR`. */
  readonly tag: string;
  /** In the language itself. */
  readonly name: string;
  readonly direction: "ltr" | "rtl";
  readonly texts: Catalogue;
}

const english: Language = { tag: "en", name: "English", direction: "ltr", texts: en };

/** Every language of the pages, in the order in which they are offered. */
export const languages: readonly Language[] = [
  english,
  { tag: "tr", name: "Türkçe", direction: "ltr", texts: tr },
  { tag: "ar", name: "العربية", direction: "rtl", texts: ar },
  { tag: "es", name: "Español", direction: "ltr", texts: es },
  { tag: "pt-BR", name: "Português", direction: "ltr", texts: ptBR },
  { tag: "hi", name: "हिन्दी", direction: "ltr", texts: hi },
  { tag: "id", name: "Bahasa Indonesia", direction: "ltr", texts: id },
  { tag: "fr", name: "Français", direction: "ltr", texts: fr },
];

export const findLanguage = (tag: string | null | undefined): Language | undefined =>
  languages.find((language) => language.tag === tag);

/** The first language of the pages that a browser asks for by `Accept-Language` (RFC 9110 §12.5.4); English otherwise. */
export function negotiateLanguage(header: string | null): Language {
  const asked = (header ?? "")
    .slice(0, 500)
    .split(",")
    .map((part) => {
      const [tag = "", ...parameters] = part.trim().split(";");
      const quality = parameters.map((parameter) => /^\s*q=([\d.]+)$/.exec(parameter)?.[1]).find(Boolean);
      return { tag: tag.toLowerCase(), quality: Number(quality ?? 1) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((one, other) => other.quality - one.quality);
  for (const { tag } of asked) {
    const [primary] = tag.split("-");
    const found = languages.find((language) => language.tag.toLowerCase().split("-")[0] === primary);
    if (found) return found;
  }
  return english;
}

/** Puts values into a text: `fill("Last used {time}", { time })`. */
export const fill = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
