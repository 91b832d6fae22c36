import { html } from "hono/html";
import { heading } from "../layout.ts";
import type { Page } from "../page.ts";

/** A copy of what is kept about somebody. */
export const dataPage: Page = {
  path: "/account/data",
  isPrivate: true,
  show: ({ texts, base }) => ({
    ...{ title: texts.data, place: "data" },
    main: html`${heading(texts.data, texts.dataLead)}<p><a class="button second" href="${base}/account/data.json" download>${texts.download}</a></p>`,
  }),
};

export const dataFile: Page = {
  path: "/account/data.json",
  isPrivate: true,
  show: async ({ call }) => ({ name: "my-data.json", json: await call.me.export() }),
};
