import { html } from "hono/html";
import { button, field, form, type Html, heading, notice, type View, withTime } from "../layout.ts";
import type { Answer, Page } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import type { Caller, Visit } from "../visit.ts";
import {
  notAPasskey,
  ofPasskey,
  type PasskeyToMake,
  passkeyForm,
  readNewPasskey,
  showWithoutPasskeys,
} from "./passkey-form.ts";
import { layOutCodes } from "./recovery.ts";

const path = "/account/passkeys";

/** The passkeys of an account: adding, renaming and removing them. */
export const passkeysPage: Page = {
  path,
  isPrivate: true,
  show: (visit) => showPasskeys(visit),
  async submit(visit, typed) {
    const { call, base } = visit;
    const id = typed.get("id");
    if (typed.has("remove")) {
      await call.me.passkeys.remove({ id });
      return { to: `${base}${path}?done=removed` };
    }
    if (typed.has("id")) {
      await call.me.passkeys.rename({ id, name: typed.get("name") });
      return { to: `${base}${path}?done=renamed` };
    }
    if (!typed.has("passkey")) return layOutMaking(visit, (await call.me.passkeys.start()).options);
    return add(visit, readNewPasskey(typed), typed.get("name").trim());
  },
  refuse(visit, typed, refusal) {
    const isNew = typed.has("passkey");
    return showPasskeys(visit, isNew ? ofPasskey(visit, refusal, visit.texts.passkeyNotAdded) : refusal);
  },
};

async function add(visit: Visit, passkey: ReturnType<typeof readNewPasskey>, name: string): Promise<Answer> {
  const { call, base, texts } = visit;
  if (!passkey) return showPasskeys(visit, notAPasskey(visit, texts.passkeyNotAdded));
  const { recoveryCodes } = await call.me.passkeys.add({ passkey, ...(name !== "" && { name }) });
  return recoveryCodes ? layOutCodes(visit, recoveryCodes) : { to: `${base}${path}?done=added` };
}

async function showPasskeys(visit: Visit, refusal?: Refusal): Promise<View> {
  return layOutPasskeys(visit, await visit.call.me.passkeys.list(), refusal);
}

type OwnPasskey = Awaited<ReturnType<Caller["me"]["passkeys"]["list"]>>[number];

export function layOutPasskeys(visit: Visit, own: readonly OwnPasskey[], refusal?: Refusal): View {
  const { texts, url } = visit;
  const dones: Readonly<Record<string, string>> = {
    added: texts.passkeyAdded,
    renamed: texts.passkeyRenamed,
    removed: texts.passkeyRemoved,
    confirmed: texts.confirmed,
  };
  const done = refusal ? undefined : dones[url.searchParams.get("done") ?? ""];
  const list =
    own.length > 0
      ? html`<ul class="rows">${own.map((passkey) => showPasskey(visit, passkey))}</ul>`
      : html`<p class="quiet">${texts.passkeyNone}</p>`;
  // The script says whether this browser can.
  const start = html`<div data-with-passkeys hidden>${form(visit, path, button(texts.passkeyAdd, own.length > 0 ? "second" : ""))}</div>${showWithoutPasskeys(visit)}`;
  return {
    ...{ title: texts.passkeys, place: "passkeys" },
    ...answerOf(refusal),
    main: html`${heading(texts.passkeys, texts.passkeysLead)}${notice("bad", refusal?.message)}${notice("good", done)}<section class="panel">${list}</section>${start}`,
  };
}

function showPasskey(visit: Visit, { id, name, createdAt, lastUsedAt }: OwnPasskey): Html {
  const { texts } = visit;
  const hidden = html`<input type="hidden" name="id" value="${id}">`;
  const used = lastUsedAt ? html`<p class="quiet small">${withTime(visit, texts.lastUsed, lastUsedAt)}</p>` : "";
  const rename = html`${hidden}<div class="row">${field(visit, {
    ...{ name: "name", id: `name-${id}`, label: texts.passkeyName, value: name, isRequired: true, maximum: 100 },
  })}<button class="button second slim" aria-label="${texts.passkeyRename}: ${name}">${texts.passkeyRename}</button></div>`;
  const remove = html`${hidden}<input type="hidden" name="remove" value="yes"><button class="button danger slim" aria-label="${texts.removeIt}: ${name}">${texts.removeIt}</button>`;
  return html`<li><div><strong><bdi>${name}</bdi></strong><p class="quiet small">${withTime(visit, texts.recoveryMade, createdAt)}</p>${used}${form(visit, path, rename)}</div>${form(visit, path, remove)}</li>`;
}

/** A device asks for a click of its own, so that this is a page of its own. */
export function layOutMaking(visit: Visit, options: PasskeyToMake, refusal?: Refusal): View {
  const { texts } = visit;
  const name = html`<div class="stack">${field(visit, {
    ...{ name: "name", label: `${texts.passkeyName} (${texts.optional})`, maximum: 100 },
  })}</div>`;
  return {
    ...{ title: texts.passkeyAdd, place: "passkeys" },
    ...answerOf(refusal),
    main: html`${heading(texts.passkeyAdd, texts.passkeyMakeLead)}<section class="panel stack">${passkeyForm(visit, { path, options, text: texts.passkeyMake, fields: name })}${showWithoutPasskeys(visit)}</section>`,
  };
}
