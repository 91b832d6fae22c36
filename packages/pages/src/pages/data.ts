import { html } from "hono/html";
import { button, form, type Html, heading, notice, type View, withTime } from "../layout.ts";
import type { Page } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import type { Caller, Visit } from "../visit.ts";

/** A copy of what is kept about somebody, and what they agreed to, which they can take back. */
export const dataPage: Page = {
  path: "/account/data",
  isPrivate: true,
  show: (visit) => showData(visit),
  async submit({ call, base }) {
    await call.me.update({ isApprovedToBeInTouch: false });
    return { to: `${base}/account/data?done=withdrawn` };
  },
  refuse: (visit, _, refusal) => showData(visit, refusal),
};

async function showData(visit: Visit, refusal?: Refusal): Promise<View> {
  const { me } = visit.call;
  const [consents, { isApprovedToBeInTouch: isGiven }] = await Promise.all([me.consents(), me.get()]);
  return layOutData(visit, { consents, isGiven }, refusal);
}

type Consent = Awaited<ReturnType<Caller["me"]["consents"]>>[number];

interface Agreed {
  /** The newest first. */
  readonly consents: readonly Consent[];
  /** Whether they agree now. */
  readonly isGiven: boolean;
}

/** Decisions that are shown. */
const mostShown = 20;

function showConsents(visit: Visit, { consents, isGiven }: Agreed): Html {
  const { texts } = visit;
  const rows = consents.slice(0, mostShown).map((consent) => html`<li><p>${describe(visit, consent)}</p></li>`);
  const list = rows.length > 0 ? html`<ul class="rows">${rows}</ul>` : html`<p class="quiet">${texts.noConsents}</p>`;
  const end = isGiven ? form(visit, "/account/data", html`${button(texts.consentWithdraw, "second")}`) : "";
  return html`<section class="panel stack"><h2>${texts.consents}</h2>${list}${end}</section>`;
}

function describe(visit: Visit, { isGiven, decidedAt }: Consent): Html | string {
  const { texts } = visit;
  if (decidedAt === null) return texts.consentGivenOnce;
  return withTime(visit, isGiven ? texts.consentGiven : texts.consentWithdrawn, decidedAt);
}

export function layOutData(visit: Visit, agreed: Agreed, refusal?: Refusal): View {
  const { texts, base, url } = visit;
  const isEnded = url.searchParams.get("done") === "withdrawn" && !refusal;
  return {
    ...{ title: texts.data, place: "data" },
    ...answerOf(refusal),
    main: html`${heading(texts.data, texts.dataLead)}${notice("bad", refusal?.message)}${notice("good", isEnded ? texts.consentEnded : undefined)}<section class="panel stack"><p>${texts.dataHolds}</p><p><a class="button second" href="${base}/account/data.json" download>${texts.download}</a></p></section>${showConsents(visit, agreed)}`,
  };
}

export const dataFile: Page = {
  path: "/account/data.json",
  isPrivate: true,
  show: async ({ call }) => ({ name: "my-data.json", json: await call.me.export() }),
};
