import type { KeptRecord } from "@latchkey/auth";
import { html } from "hono/html";
import { fill } from "../languages/language.ts";
import { button, form, type Html, heading, notice, type View, withTime } from "../layout.ts";
import type { Page } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import { endEveryStep } from "../step.ts";
import type { Caller, Visit } from "../visit.ts";
import { afterSignIn } from "./after-sign-in.ts";

/** Deletes the account after a wait; and says to whoever has signed in meanwhile that it stays. */
export const deletePage: Page = {
  path: "/account/delete",
  isPrivate: true,
  show: (visit) => layOutDelete(visit),
  async submit(visit) {
    const deletion = await visit.callWithCookies.me.delete();
    visit.pageCookies.forgetAccess();
    endEveryStep(visit);
    return layOutDeleted(visit, deletion);
  },
  refuse: (visit, _, refusal) => layOutDelete(visit, refusal),
};

export function layOutDelete(visit: Visit, refusal?: Refusal): View {
  const { texts, url } = visit;
  const done = refusal ? "" : url.searchParams.get("done");
  if (done === "kept") return layOutKept(visit);
  const goes = [texts.deleteSignsOut, texts.deleteWaits, texts.deleteGoes, texts.deleteStays];
  const send = html`<button class="button danger">${texts.deleteIt}</button>`;
  return {
    ...{ title: texts.delete, place: "delete" },
    ...answerOf(refusal),
    main: html`${heading(texts.delete, texts.deleteLead)}${notice("bad", refusal?.message)}${notice("good", done === "confirmed" ? texts.confirmed : undefined)}<section class="panel stack"><ul class="plain">${goes.map((text) => html`<li>${text}</li>`)}</ul><p><a class="inline" href="${visit.base}/account/data">${texts.download}</a></p>${form(visit, "/account/delete", send)}</section>`,
  };
}

/** For somebody who has signed in while the account was waiting to be deleted. */
function layOutKept(visit: Visit): View {
  const { texts } = visit;
  return {
    ...{ title: texts.accountKept, place: "delete" },
    main: html`${heading(texts.accountKept, texts.accountKeptLead)}<section class="panel stack"><p><a class="button" href="${afterSignIn(visit).to}">${texts.goOn}</a></p><hr class="line"><p class="quiet">${texts.accountKeptNotYou}</p>${form(visit, "/account/delete", button(texts.deleteAfterAll, "second"))}</section>`,
  };
}

type Deletion = Pick<Awaited<ReturnType<Caller["me"]["delete"]>>, "dueAt" | "kept">;

export function layOutDeleted(visit: Visit, { dueAt, kept }: Deletion): View {
  const { texts } = visit;
  const stays = kept.map((record) => html`<li>${describeKept(visit, record)}</li>`);
  return {
    title: texts.deleted,
    main: html`${heading(texts.deleted, withTime(visit, texts.deletedAt, dueAt))}<p>${texts.deletedUndo}</p><h2>${texts.deletedStays}</h2><ul class="plain">${stays}</ul><p><a class="button second wide" href="${visit.base}/sign-in">${texts.signIn}</a></p>`,
  };
}

function describeKept({ texts, language }: Visit, { what, seconds }: KeptRecord): Html | string {
  if (seconds === null) return texts.kept[what];
  const days = { style: "unit", unit: "day", unitDisplay: "long" } as const;
  return fill(texts.kept[what], {
    time: new Intl.NumberFormat(language.tag, days).format(Math.ceil(seconds / 86_400)),
  });
}
