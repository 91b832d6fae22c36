import { html } from "hono/html";
import { button, checkbox, field, form, type Html, heading, notice, type View, withTime } from "../layout.ts";
import type { Answer, Page, Typed } from "../page.ts";
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
    if (typed.has("others")) return removeOthers(visit, typed);
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

/** What is not ticked goes; a passkey that was made since the page was shown is one that nobody has seen. */
async function removeOthers(visit: Visit, typed: Typed): Promise<Answer> {
  const own = await visit.call.me.passkeys.list();
  const keepPasskeys = own.map(({ id }) => id).filter((id) => typed.has(`keep-${id}`));
  // In cookie mode, so that this device goes on with the mark of its cookie.
  const input = { keepPasskeys, keepTotp: typed.has("keep-app") };
  const { recoveryCodes } = await visit.callWithCookies.me.factors.removeOthers(input);
  const next = `${visit.base}${path}?done=kept`;
  return recoveryCodes ? layOutCodes(visit, recoveryCodes, next) : { to: next };
}

async function showPasskeys(visit: Visit, refusal?: Refusal): Promise<View> {
  const { me } = visit.call;
  const [own, { since }] = await Promise.all([me.passkeys.list(), me.totp.get()]);
  return layOutPasskeys(visit, own, { appSince: since, refusal });
}

type OwnPasskey = Awaited<ReturnType<Caller["me"]["passkeys"]["list"]>>[number];

interface Shown {
  /** Since when there is an authenticator app besides; null where there is none. */
  readonly appSince?: Date | null;
  readonly refusal?: Refusal | undefined;
}

export function layOutPasskeys(
  visit: Visit,
  own: readonly OwnPasskey[],
  { appSince = null, refusal }: Shown = {},
): View {
  const { texts, url } = visit;
  const dones: Readonly<Record<string, string>> = {
    added: texts.passkeyAdded,
    renamed: texts.passkeyRenamed,
    removed: texts.passkeyRemoved,
    kept: texts.keptDone,
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
    main: html`${heading(texts.passkeys, texts.passkeysLead)}${notice("bad", refusal?.message)}${notice("good", done)}<section class="panel">${list}</section>${start}${own.length > 0 ? showKeeping(visit, own, appSince) : ""}`,
  };
}

/** For somebody in whose account another person was: all that they do not tick goes in one step. What was made last may be the other's, so that nothing is ticked beforehand. */
function showKeeping(visit: Visit, own: readonly OwnPasskey[], appSince: Date | null): Html {
  const { texts } = visit;
  const boxes = own.map(({ id, name, createdAt }) => {
    const made = html`<span class="quiet small">${withTime(visit, texts.recoveryMade, createdAt)}</span>`;
    return checkbox(`keep-${id}`, html`<bdi>${name}</bdi><br>${made}`, false);
  });
  const app = appSince ? checkbox("keep-app", texts.app, false) : "";
  const fields = html`<div class="stack"><input type="hidden" name="others" value="yes"><div class="tight">${boxes}${app}</div><div><button class="button danger">${texts.keepAct}</button></div></div>`;
  return html`<section class="panel stack"><div class="tight"><h2>${texts.keepTitle}</h2><p class="quiet">${texts.keepLead}</p></div>${form(visit, path, fields)}</section>`;
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
  const name = field(visit, {
    ...{ name: "name", label: `${texts.passkeyName} (${texts.optional})`, maximum: 100 },
  });
  return {
    ...{ title: texts.passkeyAdd, place: "passkeys" },
    ...answerOf(refusal),
    main: html`${heading(texts.passkeyAdd, texts.passkeyMakeLead)}<section class="panel stack">${passkeyForm(visit, { path, options, text: texts.passkeyMake, fields: name })}${showWithoutPasskeys(visit)}</section>`,
  };
}
