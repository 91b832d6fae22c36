import { html } from "hono/html";
import { type Html, heading, showTime, type View } from "../layout.ts";
import type { Page } from "../page.ts";
import { lookUp } from "../refusal.ts";
import type { Caller, Visit } from "../visit.ts";

const pageSize = 25;

/** What happened to the account, in words. */
export const activityPage: Page = { path: "/account/activity", isPrivate: true, show: showActivity };

async function showActivity(visit: Visit): Promise<View> {
  const cursor = visit.url.searchParams.get("before");
  const isCursor = cursor !== null && /^\d{1,18}$/.test(cursor);
  const page = await visit.call.me.activity({ limit: pageSize, ...(isCursor && { cursor }) });
  return layOutActivity(visit, { ...page, isEarlier: isCursor });
}

interface Shown {
  readonly events: readonly Event[];
  readonly nextCursor: string | null;
  /** Whether there is something later. */
  readonly isEarlier: boolean;
}

export function layOutActivity(visit: Visit, { events, nextCursor, isEarlier }: Shown): View {
  const { texts, base } = visit;
  const earlier =
    nextCursor === null
      ? ""
      : html`<a class="button second" href="${base}/account/activity?before=${nextCursor}">${texts.earlier}</a>`;
  const latest = isEarlier ? html`<a class="button second" href="${base}/account/activity">${texts.latest}</a>` : "";
  const list = html`<section class="panel"><ul class="rows">${events.map((event) => showEvent(visit, event))}</ul></section>`;
  return {
    ...{ title: texts.activity, place: "activity" },
    main: html`${heading(texts.activity, texts.activityLead)}${events.length > 0 ? list : html`<p class="panel empty">${texts.noActivity}</p>`}<p class="aside">${latest}${earlier}</p>`,
  };
}

type Event = Awaited<ReturnType<Caller["me"]["activity"]>>["events"][number];

function showEvent(visit: Visit, { event, occurredAt, address, isByOther }: Event): Html {
  const { texts } = visit;
  const [before = "", after = ""] = texts.fromAddress.split("{address}");
  const from = address === null ? "" : html`&nbsp;· ${before}<bdi>${address}</bdi>${after}`;
  const by = isByOther ? html`&nbsp;· ${texts.byOther}` : "";
  return html`<li><div><strong>${lookUp(texts.events, event)}</strong><p class="quiet small">${showTime(visit, occurredAt)}${from}${by}</p></div></li>`;
}
