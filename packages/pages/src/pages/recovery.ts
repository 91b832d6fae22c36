import { html } from "hono/html";
import { fill } from "../languages/language.ts";
import { button, form, heading, notice, type View, withTime } from "../layout.ts";
import type { Page } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import type { Caller, Visit } from "../visit.ts";

/** Recovery codes: how many are left, and new ones, which are shown once. */
export const recoveryPage: Page = {
  path: "/account/recovery",
  isPrivate: true,
  show: (visit) => showRecovery(visit),
  async submit(visit, typed) {
    const { call, base } = visit;
    if (!typed.has("stop")) return layOutCodes(visit, await call.me.recoveryCodes.create());
    await call.me.recoveryCodes.stop();
    return { to: `${base}/account/recovery?done=stopped` };
  },
  refuse: (visit, _, refusal) => showRecovery(visit, refusal),
};

type Status = Awaited<ReturnType<Caller["me"]["recoveryCodes"]["status"]>>;

async function showRecovery(visit: Visit, refusal?: Refusal): Promise<View> {
  return layOutRecovery(visit, await visit.call.me.recoveryCodes.status(), refusal);
}

export function layOutRecovery(visit: Visit, status: Status, refusal?: Refusal): View {
  const { texts, url, language } = visit;
  const dones: Readonly<Record<string, string>> = { stopped: texts.recoveryStopped, confirmed: texts.confirmed };
  const done = refusal ? undefined : dones[url.searchParams.get("done") ?? ""];
  const count = new Intl.NumberFormat(language.tag).format(status?.left ?? 0);
  const left = status?.createdAt
    ? html`<p><strong>${fill(texts.recoveryLeft, { count })}</strong></p><p class="quiet small">${withTime(visit, texts.recoveryMade, status.createdAt)}</p>`
    : html`<p class="quiet">${texts.recoveryNone}</p>`;
  const stop = html`<input type="hidden" name="stop" value="yes">${button(texts.recoveryStop, "second slim")}`;
  const waiting = status?.nextGoodFrom
    ? html`<hr class="line"><p>${withTime(visit, texts.recoveryWaits, status.nextGoodFrom)}</p>${form(visit, "/account/recovery", stop)}`
    : "";
  const words = status ? texts.recoveryMakeAnew : texts.recoveryMake;
  return {
    ...{ title: texts.recovery, place: "recovery" },
    ...answerOf(refusal),
    main: html`${heading(texts.recovery, texts.recoveryLead)}${notice("bad", refusal?.message)}${notice("good", done)}<section class="panel stack"><div class="tight">${left}</div>${form(visit, "/account/recovery", button(words, status ? "second" : ""))}${waiting}</section>`,
  };
}

interface NewCodes {
  readonly codes: readonly string[];
  readonly goodFrom: Date | null;
}

/** @param next where to go on, for somebody who came for something else */
export function layOutCodes(visit: Visit, { codes, goodFrom }: NewCodes, next?: string): View {
  const { texts } = visit;
  const goOn = next === undefined ? "" : html`<p><a class="button wide" href="${next}">${texts.goOn}</a></p>`;
  const list = codes.map((code) => html`<li><code dir="ltr">${code}</code></li>\n`);
  const wait = goodFrom ? html`<p>${withTime(visit, texts.recoveryWaits, goodFrom)}</p>` : "";
  return {
    ...{ title: texts.recovery, place: "recovery" },
    main: html`${heading(texts.recovery, texts.recoveryShown)}<section class="panel stack"><ol class="codes" id="codes">${list}</ol>${wait}<div><button type="button" class="button second slim" data-copy="codes" data-copied="${texts.copied}" hidden>${texts.copy}</button></div></section>${goOn}`,
  };
}
