import { html } from "hono/html";
import { button, field, form, heading, linkAnew, notice, queryOf, refused, type View, withTime } from "../layout.ts";
import type { Page, Redirect, Typed } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import type { Visit } from "../visit.ts";

/**
 * What the owner of an account does without a session, on a device that has signed in to it before: hold a reset of its password by a code, with the
 * password from before, or let it go on; and stop what waits. Of accounts that do not fit nothing is told.
 */
export const notMePage: Page = {
  path: "/not-me",
  show: (visit) => showForm(visit),
  async submit(visit, typed) {
    const username = typed.get("username");
    if (typed.has("stop")) {
      await visit.callWithCookies.account.stopChanges({ username });
      return toDone(visit, "stopped");
    }
    const input = { username, password: typed.get("password"), release: typed.has("release") };
    const { heldUntil } = await visit.callWithCookies.account.holdReset(input);
    return heldUntil ? layOutHeld(visit, heldUntil) : toDone(visit, "released");
  },
  refuse: (visit, typed, refusal) => showForm(visit, typed, refusal),
};

const toDone = (visit: Visit, done: "stopped" | "released"): Redirect => ({
  to: `${visit.base}/not-me${queryOf(visit, { done })}`,
});

export function showForm(visit: Visit, typed?: Typed, refusal?: Refusal): View {
  const { texts } = visit;
  const ofStop = typed?.has("stop") ? refusal : undefined;
  return {
    title: texts.notMe,
    ...answerOf(refusal),
    main: html`${heading(texts.notMe, texts.notMeLead)}${showDone(visit, refusal)}${showHold(visit, typed, ofStop ? undefined : refusal)}<hr class="line">${showStop(visit, typed, ofStop)}<hr class="line"><p class="aside">${linkAnew(visit, "/reset", texts.reset)}${linkAnew(visit, "/recover", texts.recoverTitle)}</p>`,
  };
}

function showHold(visit: Visit, typed?: Typed, refusal?: Refusal) {
  const { texts } = visit;
  const { username, password } = refusal?.faults ?? {};
  const message = refusal?.reason === "invalid_credentials" ? texts.holdRefused : refusal?.message;
  const fields = html`<div class="stack"><h2>${texts.hold}</h2><p class="hint">${texts.holdLead}</p>${refused(message, username, password)}
${field(visit, {
  ...{ name: "username", label: texts.nameLabel, value: typed?.get("username"), fault: username },
  ...{ autocomplete: "username", isRequired: true, isFirst: !typed, isLatin: true },
})}
${field(visit, {
  ...{ name: "password", label: texts.passwordBefore, type: "password", fault: password },
  ...{ autocomplete: "current-password", isRequired: true },
})}
${button(texts.holdIt)}<button class="button second wide" name="release" value="yes">${texts.holdRelease}</button></div>`;
  return form(visit, "/not-me", fields);
}

function showStop(visit: Visit, typed?: Typed, refusal?: Refusal) {
  const { texts } = visit;
  const fault = refusal?.faults.username;
  const fields = html`<div class="stack"><h2>${texts.waiting}</h2><p class="hint">${texts.stopWaitingLead}</p>${refused(refusal?.message, fault)}
${field(visit, {
  ...{ name: "username", id: "stop-username", label: texts.nameLabel, value: typed?.get("username"), fault },
  ...{ autocomplete: "username", isRequired: true, isLatin: true },
})}
<button class="button second wide" name="stop" value="yes">${texts.stopIt}</button></div>`;
  return form(visit, "/not-me", fields);
}

/** It says the same of every name. */
function showDone({ texts, url }: Visit, refusal?: Refusal) {
  const done = refusal ? null : url.searchParams.get("done");
  return notice("good", done === "stopped" ? texts.waitingStopped : done === "released" ? texts.released : undefined);
}

export function layOutHeld(visit: Visit, until: Date): View {
  const { texts, base } = visit;
  const query = queryOf(visit);
  return {
    title: texts.held,
    main: html`${heading(texts.held, withTime(visit, texts.heldUntil, until))}<p>${texts.heldNext}</p><div class="stack"><a class="button wide" href="${base}/reset${query}">${texts.reset}</a><a class="button second wide" href="${base}/recover${query}">${texts.recoverTitle}</a></div>`,
  };
}
