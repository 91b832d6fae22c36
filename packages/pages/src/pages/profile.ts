import { html } from "hono/html";
import {
  button,
  checkbox,
  field,
  form,
  type Html,
  heading,
  notice,
  pathOfPlace,
  select,
  type View,
} from "../layout.ts";
import type { Page, Typed } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import type { Caller, Visit } from "../visit.ts";
import { describeFields, type ProfileField, readFields } from "./profile-fields.ts";

/** What somebody tells about themselves, with the fields that a team declares. */
export const profilePage: Page = {
  path: "/account",
  isPrivate: true,
  show: (visit) => showProfile(visit),
  async submit(visit, typed) {
    const fields = describeFields(visit.serving.auth.profile);
    await visit.call.me.update(readFields(fields, typed));
    return { to: `${visit.base}${pathOfPlace("profile")}?done=saved` };
  },
  refuse: (visit, typed, refusal) => showProfile(visit, typed, refusal),
};

async function showProfile(visit: Visit, typed?: Typed, refusal?: Refusal): Promise<View> {
  return layOutProfile(visit, await visit.call.me.get(), { typed, refusal });
}

type OwnUser = Awaited<ReturnType<Caller["me"]["get"]>>;

interface Tried {
  readonly typed?: Typed | undefined;
  readonly refusal?: Refusal | undefined;
}

export function layOutProfile(visit: Visit, user: OwnUser, { typed, refusal }: Tried = {}): View {
  const { texts, url, serving } = visit;
  const valuesOf = new Map<string, unknown>(Object.entries(user));
  const show = (one: ProfileField) =>
    showField(visit, one, typed ? readTyped(one, typed) : valuesOf.get(one.name), refusal);
  const fields = describeFields(serving.auth.profile);
  const inputs = fields.filter(({ kind }) => kind !== "yes").map(show);
  const boxes = fields.filter(({ kind }) => kind === "yes").map(show);
  const done = url.searchParams.get("done") === "saved" && !refusal ? texts.saved : undefined;
  const fact = (name: string, value: string | null) =>
    html`<div><dt>${name}</dt><dd>${value === null ? html`<span class="quiet">${texts.none}</span>` : html`<bdi>${value}</bdi>`}</dd></div>`;
  return {
    ...{ title: texts.profile, place: "profile" },
    ...answerOf(refusal),
    main: html`${heading(texts.profile, texts.profileLead)}${notice("bad", refusal?.message)}${notice("good", done)}
<section class="panel stack"><h2>${texts.names}</h2><dl class="facts">${fact(texts.username, user.username)}${fact(texts.phoneNumber, user.phoneNumber)}${fact(texts.email, user.email)}</dl></section>
<section class="panel">${form(visit, "/account", html`<div class="stack"><div class="pair">${inputs}</div><div>${boxes}</div><div>${button(texts.save, "")}</div></div>`)}</section>`,
  };
}

const readTyped = (one: ProfileField, typed: Typed) => (one.kind === "yes" ? typed.has(one.name) : typed.get(one.name));

const autocompletes: Readonly<Record<string, string>> = {
  firstName: "given-name",
  lastName: "family-name",
  country: "country-name",
  city: "address-level2",
  state: "address-level1",
};

function showField(visit: Visit, one: ProfileField, value: unknown, refusal?: Refusal): Html {
  const { name, kind, choices, isNullable, maximum } = one;
  const label = labelOf(visit, name);
  if (kind === "yes") return checkbox(name, label, value === true);
  if (kind === "choice") {
    const named = choices.map((choice) => ({ value: choice, label: labelOfChoice(visit, name, choice) }));
    const unsaid = isNullable ? [{ value: "", label: visit.texts.unsaid }] : [];
    return select(name, label, [...unsaid, ...named], String(value ?? ""));
  }
  const autocomplete = autocompletes[name] ?? "off";
  const fault = refusal?.faults[name];
  return field(visit, { name, label, maximum, value: String(value ?? ""), fault, autocomplete });
}

function labelOf({ texts, serving, language }: Visit, name: string): string {
  const { firstName, lastName, gender, country, city, state, inTouch } = texts;
  const known: Record<string, string> = {
    firstName,
    lastName,
    gender,
    country,
    city,
    state,
    isApprovedToBeInTouch: inTouch,
  };
  return known[name] ?? serving.brand.labelOf(language.tag, name);
}

function labelOfChoice({ texts, serving, language }: Visit, name: string, choice: string): string {
  if (name === "gender") return choice === "Female" ? texts.female : texts.male;
  return serving.brand.labelOf(language.tag, choice);
}
