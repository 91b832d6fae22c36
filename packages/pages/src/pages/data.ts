import { html } from "hono/html";
import { heading, type View } from "../layout.ts";
import type { Page } from "../page.ts";
import type { Visit } from "../visit.ts";

/** A copy of what is kept about somebody. */
export const dataPage: Page = {
  path: "/account/data",
  isPrivate: true,
  show: showData,
};

export function showData({ texts, base }: Visit): View {
  return {
    ...{ title: texts.data, place: "data" },
    main: html`${heading(texts.data, texts.dataLead)}<section class="panel stack"><p>${texts.dataHolds}</p><p><a class="button second" href="${base}/account/data.json" download>${texts.download}</a></p></section>`,
  };
}

export const dataFile: Page = {
  path: "/account/data.json",
  isPrivate: true,
  show: async ({ call }) => ({ name: "my-data.json", json: await call.me.export() }),
};
