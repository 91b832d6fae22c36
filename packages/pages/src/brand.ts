import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { StartError } from "@latchkey/auth";
import type { PagesConfig, PagesTexts } from "@latchkey/server";
import { type Accent, toAccent } from "./colour.ts";
import { type Catalogue, en } from "./languages/en.ts";
import { findLanguage, languages } from "./languages/language.ts";
import { script } from "./script.ts";
import { toStyle } from "./style.ts";

/** A file that the pages are made of, under a name that changes with its content. */
export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string | Uint8Array<ArrayBuffer>;
}

export interface Brand {
  readonly name: string;
  readonly home: string | undefined;
  readonly style: Asset;
  readonly script: Asset;
  readonly logo: Asset | null;
  textsOf(tag: string): Catalogue;
  /** What a field of the profile is called that a team declares. */
  labelOf(tag: string, field: string): string;
}

/** Below this path are the style sheet, the script and the logo. */
export const assetFolder = "/pages/";

const logoTypes: Readonly<Record<string, string>> = {
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
};
const largestLogo = 200_000;

/** @throws StartError for a logo that is not there, a colour that is none, or texts of a language that the pages do not have */
export function readBrand(config: PagesConfig): Brand {
  const { name = "Latchkey", colour = "#1f5f5b", texts = {}, logo, home } = config;
  const accent = toAccent(colour);
  if (!accent) throw new StartError(`pages.colour must be such as #1f5f5b, not ${colour}`);
  const stranger = Object.keys(texts).find((tag) => !findLanguage(tag));
  if (stranger !== undefined)
    throw new StartError(`pages.texts: ${stranger} is none of ${languages.map(({ tag }) => tag).join(", ")}`);
  if (home !== undefined && !/^\/(?![/\\])/.test(home)) throw new StartError("pages.home must be a path such as /app");
  const catalogues = new Map(languages.map(({ tag, texts: own }) => [tag, merge(own, texts[tag])]));
  return {
    ...{ name, home },
    ...assetsOf(accent),
    logo: logo === undefined ? null : readLogo(logo),
    textsOf: (tag) => catalogues.get(tag) ?? en,
    labelOf: (tag, field) => ownLabel(texts[tag], field) ?? ownLabel(texts.en, field) ?? spellOut(field),
  };
}

function assetsOf(accent: Accent): Pick<Brand, "style" | "script"> {
  return {
    style: toAsset("style", ".css", "text/css; charset=utf-8", toStyle(accent)),
    script: toAsset("script", ".js", "text/javascript; charset=utf-8", script),
  };
}

function toAsset(name: string, extension: string, type: string, body: Asset["body"]): Asset {
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 10);
  return { path: `${assetFolder}${name}.${digest}${extension}`, type, body };
}

function readLogo(path: string): Asset {
  const extension = extname(path).toLowerCase();
  const type = logoTypes[extension];
  if (type === undefined) throw new StartError(`pages.logo must be a file of SVG, PNG, JPEG or WebP, not ${path}`);
  const body = readFile(path);
  if (body.length > largestLogo) throw new StartError(`pages.logo: ${path} has more than ${largestLogo} bytes`);
  return toAsset("logo", extension, type, body);
}

function readFile(path: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(readFileSync(path));
  } catch (cause) {
    throw new StartError(`pages.logo: ${path} cannot be read`, { cause });
  }
}

function merge(texts: Catalogue, { fields: _, ...given }: PagesTexts = {}): Catalogue {
  const entries = Object.entries(given).map(([key, value]) => {
    const present = Object.hasOwn(texts, key) ? texts[key as keyof Catalogue] : undefined;
    if (present === undefined || typeof present !== typeof value)
      throw new StartError(`pages.texts: there is no such text as ${key}`);
    return [key, typeof value === "object" && typeof present === "object" ? { ...present, ...value } : value];
  });
  return { ...texts, ...(Object.fromEntries(entries) as object) };
}

function ownLabel(texts: PagesTexts | undefined, field: string): string | undefined {
  const fields = texts?.fields;
  return typeof fields === "object" && Object.hasOwn(fields, field) ? fields[field] : undefined;
}

/** `favouriteColour` as `Favourite colour`. */
function spellOut(name: string): string {
  const words = name.replace(/([A-Z]+)/g, (capitals) => ` ${capitals.toLowerCase()}`).trim();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
