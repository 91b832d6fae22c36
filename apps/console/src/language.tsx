import { createContext, type ReactElement, type ReactNode, useContext, useMemo } from "react";
import { I18nProvider } from "react-aria-components";
import { en, type Texts } from "./languages/en.ts";
import type { Plural } from "./languages/plural.ts";
import { readRemembered, remember } from "./parts/remembered.ts";
import { createStore, useStore } from "./store.ts";

interface Language {
  /** As BCP 47 has it. */
  readonly tag: string;
  /** In the language itself. */
  readonly name: string;
  readonly direction: "ltr" | "rtl";
  load(): Promise<Texts>;
}

const english: Language = { tag: "en", name: "English", direction: "ltr", load: async () => en };

/** Every language of the console, in the order in which they are offered. */
export const languages: readonly Language[] = [
  english,
  { tag: "tr", name: "Türkçe", direction: "ltr", load: async () => (await import("./languages/tr.ts")).tr },
  { tag: "ar", name: "العربية", direction: "rtl", load: async () => (await import("./languages/ar.ts")).ar },
  { tag: "es", name: "Español", direction: "ltr", load: async () => (await import("./languages/es.ts")).es },
  {
    tag: "pt-BR",
    name: "Português (Brasil)",
    direction: "ltr",
    load: async () => (await import("./languages/pt-br.ts")).ptBR,
  },
  { tag: "hi", name: "हिन्दी", direction: "ltr", load: async () => (await import("./languages/hi.ts")).hi },
  { tag: "id", name: "Bahasa Indonesia", direction: "ltr", load: async () => (await import("./languages/id.ts")).id },
  { tag: "fr", name: "Français", direction: "ltr", load: async () => (await import("./languages/fr.ts")).fr },
];

const key = "latchkey-console-language";
const stored = () => readRemembered(key);

/** The language that was chosen here, or the first of the browser's that there is; English otherwise. */
function chooseLanguage(): Language {
  const wanted = [stored(), ...navigator.languages].flatMap((tag) => (tag === null ? [] : [primaryOf(tag)]));
  const found = wanted.map((tag) => languages.find((language) => primaryOf(language.tag) === tag)).find(Boolean);
  return found ?? english;
}

const primaryOf = (tag: string) => tag.split("-")[0]?.toLowerCase() ?? "";

interface Spoken {
  readonly language: Language;
  readonly texts: Texts;
}

const spoken = createStore<Spoken>({ language: english, texts: en });

/** Loads the language and says so to the document: what reads it aloud, and which way it runs. */
async function speak(language: Language): Promise<void> {
  spoken.set({ language, texts: await language.load() });
  document.documentElement.lang = language.tag;
  document.documentElement.dir = language.direction;
}

/** Before anything is shown. A language that cannot be loaded is English. */
export const startLanguage = (): Promise<void> => speak(chooseLanguage()).catch(() => speak(english));

export function setLanguage(tag: string): void {
  const language = languages.find((one) => one.tag === tag) ?? english;
  remember(key, language.tag);
  void speak(language);
}

const Spoken = createContext<Spoken>({ language: english, texts: en });

export function LanguageProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const value = useStore(spoken);
  return (
    <I18nProvider locale={value.language.tag}>
      <Spoken.Provider value={value}>{children}</Spoken.Provider>
    </I18nProvider>
  );
}

export const useTexts = (): Texts => useContext(Spoken).texts;
export const useLanguage = (): Language => useContext(Spoken).language;

/** Puts values into a text: `fill("Last used {time}", { time })`. */
export const fill = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

/** The same for a text that is another one for one thing than for several. */
export function fillCount(forms: Plural, count: number, { tag }: Pick<Texts, "tag">): string {
  const form = forms[new Intl.PluralRules(tag).select(count)] ?? forms.other;
  return fill(form, { count: new Intl.NumberFormat(tag).format(count) });
}

export interface Formats {
  /** To the minute, in the reader's zone. */
  moment(value: Date | string): string;
  /** To the second, with the zone. */
  exact(value: Date | string): string;
  day(value: Date | string): string;
  hour(value: Date | string): string;
  /** The hour and the minute. */
  time(value: Date | string): string;
  /** The day without its year. */
  date(value: Date | string): string;
  /** Milliseconds, in the largest unit that they fill. */
  duration(value: number): string;
  number(value: number): string;
  country(code: string): string;
  /** How long ago something was, in the largest unit that it fills; by a clock that is behind the service's, it was just now. */
  ago(value: Date | string): string;
}

const units = [["day", 86_400_000] as const, ["hour", 3_600_000] as const, ["minute", 60_000] as const];

/** How times and numbers are written in the language that is spoken. */
export function useFormats(): Formats {
  const { tag } = useLanguage();
  return useMemo(() => {
    const format = (options: Intl.DateTimeFormatOptions) => {
      const formatter = new Intl.DateTimeFormat(tag, options);
      return (value: Date | string) => formatter.format(new Date(value));
    };
    const numbers = new Intl.NumberFormat(tag);
    const relative = new Intl.RelativeTimeFormat(tag, { numeric: "auto" });
    const countries = new Intl.DisplayNames(tag, { type: "region" });
    return {
      moment: format({ dateStyle: "medium", timeStyle: "short" }),
      exact: format({ dateStyle: "full", timeStyle: "long" }),
      day: format({ dateStyle: "medium" }),
      hour: format({ hour: "numeric" }),
      time: format({ timeStyle: "short" }),
      date: format({ month: "short", day: "numeric" }),
      duration(value) {
        const [unit, size] = [...units, ["second", 1_000] as const].find(([, size]) => value >= size) ?? [
          "second",
          1_000,
        ];
        const style = { style: "unit", unit, unitDisplay: "long" } as const;
        return new Intl.NumberFormat(tag, style).format(Math.floor(value / size));
      },
      number: (value) => numbers.format(value),
      country: (code) => (/^[A-Z]{2}$/.test(code) ? (countries.of(code) ?? code) : code),
      ago(value) {
        const passed = Math.max(0, Date.now() - new Date(value).getTime());
        const [unit, size] = units.find(([, size]) => passed >= size) ?? ["minute", 60_000];
        return relative.format(-Math.floor(passed / size), unit);
      },
    };
  }, [tag]);
}
