import { html } from "hono/html";
import { button, form, type Html, heading, notice, refused, type View, withTime } from "../layout.ts";
import type { Answer, Page } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import type { Caller, Visit } from "../visit.ts";
import { layOutCodes } from "./recovery.ts";
import { showSecret, totpField } from "./totp-form.ts";

/** The authenticator app of an account: setting it up, replacing it and taking it away. */
export const appPage: Page = {
  path: "/account/app",
  isPrivate: true,
  show: (visit) => showApp(visit),
  async submit(visit, typed) {
    const { call, base } = visit;
    if (typed.has("remove")) {
      await call.me.totp.remove();
      return { to: `${base}/account/app?done=removed` };
    }
    if (!typed.has("totp")) return setUp(visit);
    const { recoveryCodes } = await call.me.totp.confirm({ ticket: typed.get("ticket"), totp: typed.get("totp") });
    return recoveryCodes ? layOutCodes(visit, recoveryCodes) : { to: `${base}/account/app?done=set` };
  },
  refuse(visit, typed, refusal) {
    const isWrong = refusal.reason === "code_invalid" && refusal.faults.ticket === undefined;
    return typed.has("totp") && isWrong
      ? layOutSetUp(visit, { ticket: typed.get("ticket"), refusal })
      : showApp(visit, refusal);
  },
};

async function setUp(visit: Visit): Promise<Answer> {
  const key = await visit.call.me.totp.start();
  return layOutSetUp(visit, { ticket: key.ticket, key });
}

async function showApp(visit: Visit, refusal?: Refusal): Promise<View> {
  return layOutApp(visit, await visit.call.me.totp.get(), refusal);
}

type OwnApp = Pick<Awaited<ReturnType<Caller["me"]["totp"]["get"]>>, "since" | "isRequired">;

export function layOutApp(visit: Visit, { since, isRequired }: OwnApp, refusal?: Refusal): View {
  const { texts, url } = visit;
  const dones: Readonly<Record<string, string>> = {
    set: texts.totpDone,
    removed: texts.totpRemoved,
    confirmed: texts.confirmed,
  };
  const done = refusal ? undefined : dones[url.searchParams.get("done") ?? ""];
  const start = form(visit, "/account/app", button(since ? texts.totpReplace : texts.totpSetUp, since ? "second" : ""));
  const remove = html`<input type="hidden" name="remove" value="yes"><button class="button danger">${texts.totpRemove}</button>`;
  const removal = since && !isRequired ? form(visit, "/account/app", remove) : "";
  return {
    ...{ title: texts.app, place: "app" },
    ...answerOf(refusal),
    main: html`${heading(texts.app, texts.totpAccountLead)}${notice("bad", refusal?.message)}${notice("good", done)}<section class="panel stack"><p>${since ? withTime(visit, texts.totpSince, since) : texts.totpNone}</p><div class="row">${start}${removal}</div></section>`,
  };
}

interface SettingUp {
  /** Of this session, and of no use in another. */
  readonly ticket: string;
  /** Shown once; whoever mistypes the digits has it in the app by then. */
  readonly key?: { readonly secret: string; readonly uri: string };
  readonly refusal?: Refusal;
}

export function layOutSetUp(visit: Visit, { ticket, key, refusal }: SettingUp): View {
  const { texts } = visit;
  const fields: Html = html`<div class="stack">${refused(refusal?.message, refusal?.faults.totp)}<input type="hidden" name="ticket" value="${ticket}">
${totpField(visit, refusal)}
<div>${button(texts.goOn, "")}</div></div>`;
  return {
    ...{ title: texts.app, place: "app" },
    ...answerOf(refusal),
    main: html`${heading(texts.app, texts.totpConfirmLead)}${key ? showSecret(visit, key) : ""}<section class="panel stack">${form(visit, "/account/app", fields)}</section>`,
  };
}
