import { html } from "hono/html";
import { type Html, heading, type View } from "../layout.ts";
import type { Visit } from "../visit.ts";

/** What a page says that does not do what it should: in words, with the number by which the logs know the request. */
export function showFault(visit: Visit, status: number, lead: string = visit.texts.refusals.other): View {
  const { texts } = visit;
  return {
    title: texts.errorTitle,
    status,
    main: html`${heading(texts.errorTitle, lead)}${showRequestId(visit)}${toHome(visit)}`,
  };
}

export function showNotFound(visit: Visit): View {
  const { texts } = visit;
  return {
    title: texts.notFound,
    status: 404,
    main: html`${heading(texts.notFound, texts.notFoundLead)}${toHome(visit)}`,
  };
}

function showRequestId({ requestId, texts }: Visit): Html | string {
  return requestId === null ? "" : html`<p class="small quiet">${texts.requestId}<br><code>${requestId}</code></p>`;
}

const toHome = ({ base, texts }: Visit): Html =>
  html`<p><a class="button wide" href="${base}/account">${texts.home}</a></p>`;
