import { html } from "hono/html";
import { languages } from "./languages/language.ts";
import type { Visit } from "./visit.ts";

/** HTML in which every value was escaped. */
export type Html = ReturnType<typeof html>;

/** What a page shows. */
export interface View {
  readonly title: string;
  readonly main: Html;
  /** What stands in the document's head beside what every page has there. */
  readonly head?: Html;
  readonly status?: number;
  /** The page of the account that it is, for the list of them. */
  readonly place?: AccountPlace;
  /** Whether it holds many pages beside each other. */
  readonly isGallery?: boolean;
  /** Seconds, for the header `Retry-After`. */
  readonly retryAfter?: number | undefined;
}

export type AccountPlace =
  | "profile"
  | "contact"
  | "password"
  | "passkeys"
  | "app"
  | "recovery"
  | "devices"
  | "activity"
  | "data"
  | "delete";

const places: readonly AccountPlace[] = [
  "profile",
  "contact",
  "password",
  "passkeys",
  "app",
  "recovery",
  "devices",
  "activity",
  "data",
  "delete",
];

export const pathOfPlace = (place: AccountPlace): string => (place === "profile" ? "/account" : `/account/${place}`);

/** A whole document. */
export function layOut(visit: Visit, { title, main, place, isGallery, head = html``, status = 200 }: View): Html {
  const { language, base, serving } = visit;
  const { brand } = serving;
  const mark = brand.logo
    ? html`<img src="${base}${brand.logo.path}" alt="">`
    : html`<span class="mark" aria-hidden="true">${[...brand.name][0]?.toLocaleUpperCase(language.tag)}</span>`;
  const fault = status >= 400 ? `${visit.texts.errorTitle}: ` : "";
  return html`<!doctype html>
<html lang="${language.tag}" dir="${language.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${fault}${title} · ${brand.name}</title>
<link rel="stylesheet" href="${base}${brand.style.path}">
<link rel="icon" href="data:,">
<script src="${base}${brand.script.path}" defer></script>${head}
</head>
<body class="${isGallery ? "gallery" : place ? "account" : "entry"}">
<header class="top"><a class="brand" href="${base}/">${mark}<span>${brand.name}</span></a>${place ? showLeave(visit) : ""}</header>
<main>${place ? showPlaces(visit, place) : ""}${isGallery ? main : html`<div class="${place ? "" : "card "}stack">${main}</div>`}</main>
<footer class="foot"><nav class="tongues" aria-label="${visit.texts.language}">${showLanguages(visit)}</nav></footer>
</body>
</html>`;
}

const showLeave = (visit: Visit): Html =>
  form(visit, "/sign-out", html`<button class="leave">${visit.texts.signOut}</button>`);

function showPlaces(visit: Visit, here: AccountPlace): Html {
  const { base, texts, serving } = visit;
  const shown = places.filter((place) => place !== "passkeys" || serving.hasPasskeys);
  const names = shown.map((place) => {
    const current = place === here ? html` aria-current="page"` : "";
    return html`<li><a href="${base}${pathOfPlace(place)}"${current}>${texts[place]}</a></li>`;
  });
  // Closed on phones, where the list would be taller than the page; wider windows show it always.
  return html`<nav aria-label="${texts.account}"><details><summary>${texts[here]}</summary><ul>${names}</ul></details></nav>`;
}

function showLanguages({ language, url, base }: Visit): Html[] {
  return languages.map(({ tag, name, direction }) => {
    if (tag === language.tag) return html`<span lang="${tag}" dir="${direction}" aria-current="true">${name}</span>`;
    const query = new URLSearchParams(url.searchParams);
    query.set("language", tag);
    return html`<a href="${base}${pathOfPage(url.pathname)}?${query}" hreflang="${tag}" lang="${tag}" dir="${direction}">${name}</a>`;
  });
}

/** Forms go below `/cookie`, since the refresh token's cookie goes there alone; their pages are at the same path without it. */
export const pathOfPage = (path: string): string => path.replace(/^\/cookie(?=\/)/, "");

/** A form that is sent at most once. */
export function form(visit: Visit, path: string, content: Html | Html[], attributes: Html | string = ""): Html {
  return html`<form method="post" action="${visit.base}/cookie${path}${queryOf(visit)}"${attributes}><input type="hidden" name="form" value="${visit.newFormNumber()}">${content}</form>`;
}

/** A link that keeps where somebody wants to go. */
export function link(visit: Visit, path: string, text: string): Html {
  return html`<a class="inline" href="${visit.base}${path}${queryOf(visit)}">${text}</a>`;
}

/** A link that leaves the way through several pages behind on which somebody is. */
export function linkAnew(visit: Visit, path: string, text: string): Html {
  return html`<a class="inline" href="${visit.base}${path}${queryOf(visit, { step: "" })}">${text}</a>`;
}

/** Keeps where somebody wants to go, and on which way they are. */
export function queryOf({ url }: Visit, more: Readonly<Record<string, string>> = {}): string {
  const kept = ["return_to", "step"].flatMap((name) => {
    const value = url.searchParams.get(name);
    return value ? [[name, value] as const] : [];
  });
  const query = new URLSearchParams({ ...Object.fromEntries(kept), ...more });
  if (query.get("step") === "") query.delete("step");
  return query.size > 0 ? `?${query}` : "";
}

export interface Field {
  readonly name: string;
  /** In the document, where one name is there twice; its name otherwise. */
  readonly id?: string;
  readonly label: string;
  readonly type?: "text" | "password" | "tel" | "number";
  readonly value?: string | undefined;
  readonly hint?: string;
  readonly fault?: string | undefined;
  readonly autocomplete?: string;
  readonly isRequired?: boolean;
  /** Where the cursor is when the page opens. */
  readonly isFirst?: boolean;
  /** What is shown and sent, and is not changed here. */
  readonly isFixed?: boolean;
  /** For codes, numbers and names, which are written from left to right everywhere. */
  readonly isLatin?: boolean;
  readonly maximum?: number | undefined;
  readonly kind?: "code";
}

/** A label, what helps, the field, and what is wrong with it. */
export function field({ texts }: Visit, options: Field): Html {
  const {
    name,
    id = name,
    label,
    type = "text",
    value = "",
    hint,
    fault,
    autocomplete,
    isRequired,
    isFirst,
    isLatin,
  } = options;
  const described = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  const attributes = [
    autocomplete && html` autocomplete="${autocomplete}"`,
    isRequired && html` required`,
    isFirst && html` autofocus`,
    isLatin && html` dir="ltr"`,
    options.isFixed && html` readonly`,
    isLatin && type === "text" && html` autocapitalize="none" autocorrect="off" spellcheck="false"`,
    options.maximum !== undefined && html` maxlength="${String(options.maximum)}"`,
    options.kind === "code" && html` class="code" inputmode="numeric"`,
    type === "password" && html` data-peek="${texts.show}|${texts.hide}"`,
    fault && html` aria-invalid="true"`,
    described && html` aria-describedby="${described}"`,
  ].filter(Boolean);
  return html`<div class="field"><label for="${id}">${label}</label>${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : ""}<input id="${id}" name="${name}" type="${type}" value="${type === "password" ? "" : value}"${attributes}>${fault ? html`<p class="fault" id="${id}-fault">${fault}</p>` : ""}</div>`;
}

/** Where somebody chooses a password. */
export function newPasswordField(
  visit: Visit,
  options: Pick<Field, "name" | "fault" | "isFirst" | "isRequired"> & { readonly label?: string },
): Html {
  const { texts } = visit;
  return field(visit, {
    ...{ label: texts.newPassword, hint: texts.newPasswordHint, type: "password", autocomplete: "new-password" },
    ...{ isRequired: true, ...options },
  });
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export function select(name: string, label: string, choices: readonly Choice[], chosen: string): Html {
  const options = choices.map(
    (choice) =>
      html`<option value="${choice.value}"${choice.value === chosen ? html` selected` : ""}>${choice.label}</option>`,
  );
  return html`<div class="field"><label for="${name}">${label}</label><select id="${name}" name="${name}">${options}</select></div>`;
}

/** @param id in the document, where one name is there twice */
export function checkbox(name: string, label: string | Html, isChecked: boolean, id = name): Html {
  return html`<div class="check"><input type="checkbox" id="${id}" name="${name}" value="yes"${isChecked ? html` checked` : ""}><label for="${id}">${label}</label></div>`;
}

export const button = (text: string, kind = "wide"): Html => html`<button class="button ${kind}">${text}</button>`;

export function notice(kind: "good" | "bad", text: string | undefined): Html | string {
  return text ? html`<p class="notice ${kind}" role="${kind === "bad" ? "alert" : "status"}">${text}</p>` : "";
}

/** Why nothing was done, unless it is told at a field. */
export const refused = (message: string | undefined, ...faults: readonly (string | undefined)[]): Html | string =>
  faults.some((fault) => fault !== undefined) ? "" : notice("bad", message);

export const heading = (title: string | Html, lead?: string | Html): Html =>
  html`<div class="tight"><h1>${title}</h1>${lead ? html`<p class="lead">${lead}</p>` : ""}</div>`;

/** The day and the time, in the reader's language. The zone is said, since the server does not know the reader's. */
export function showTime({ language }: Visit, time: Date): Html {
  const text = new Intl.DateTimeFormat(language.tag, {
    dateStyle: "medium",
    timeStyle: "short",
    timeZone: "UTC",
  }).format(time);
  return html`<time datetime="${time.toISOString()}">${text} UTC</time>`;
}

/** A text with a time in it. */
export function withTime(visit: Visit, text: string, time: Date): Html {
  const [before = "", after = ""] = text.split("{time}");
  return html`${before}${showTime(visit, time)}${after}`;
}
