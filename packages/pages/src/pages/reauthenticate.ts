import { html } from "hono/html";
import { button, field, form, heading, notice, type View } from "../layout.ts";
import type { Answer, Page } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import { sendCode, sendsCodes } from "../sent-codes.ts";
import type { Caller, Visit } from "../visit.ts";
import { afterSignIn, keepSession } from "./after-sign-in.ts";
import { notAPasskey, ofPasskey, type PasskeyToAsk, passkeyForm, readPasskey } from "./passkey-form.ts";
import { totpField } from "./totp-form.ts";

/** Shows once more, by the password, that it is the owner of the session. */
export const reauthenticatePage: Page = {
  path: "/reauthenticate",
  isPrivate: true,
  show: (visit) => showForm(visit),
  async submit(visit, typed) {
    if (typed.has("sendCode")) return sendOwnCode(visit);
    if (typed.has("passkey")) return byPasskey(visit, readPasskey(typed));
    const totp = typed.has("totp") ? { totp: typed.get("totp") } : {};
    keepSession(visit, await visit.callWithCookies.me.reauthenticate({ password: typed.get("password"), ...totp }));
    return afterSignIn(visit);
  },
  refuse: (visit, typed, refusal) => showForm(visit, typed.has("passkey") ? ofPasskey(visit, refusal) : refusal),
};

async function byPasskey(visit: Visit, passkey: ReturnType<typeof readPasskey>): Promise<Answer> {
  if (!passkey) return showForm(visit, notAPasskey(visit));
  keepSession(visit, await visit.callWithCookies.me.reauthenticate({ passkey }));
  return afterSignIn(visit);
}

type OwnUser = Awaited<ReturnType<Caller["me"]["get"]>>;

/** The kind of name that a code can be sent to; undefined where there is none. */
function kindToSend(visit: Visit, { phoneNumber, email }: OwnUser): "phone" | "email" | undefined {
  if (phoneNumber !== null && sendsCodes(visit, "phone")) return "phone";
  return email !== null && sendsCodes(visit, "email") ? "email" : undefined;
}

/** Only where the account has no password; the procedure says so otherwise. */
async function sendOwnCode(visit: Visit): Promise<Answer> {
  const user = await visit.call.me.get();
  const kind = kindToSend(visit, user);
  if (kind === undefined) return showForm(visit);
  const name = (kind === "phone" ? user.phoneNumber : user.email) ?? "";
  return sendCode(visit, { way: "reauthenticate", from: "/reauthenticate", name, kind });
}

async function showForm(visit: Visit, refusal?: Refusal): Promise<View> {
  const { call, serving } = visit;
  const [user, { since }, own] = await Promise.all([call.me.get(), call.me.totp.get(), call.me.passkeys.list()]);
  const isAsked = serving.hasPasskeys && own.length > 0;
  const passkey = isAsked ? (await call.me.passkeys.startReauthentication()).options : undefined;
  return layOutForm(visit, user, { refusal, hasApp: since !== null, passkey });
}

interface Shown {
  readonly refusal?: Refusal | undefined;
  /** Whether the digits of an authenticator app are asked for besides. */
  readonly hasApp?: boolean;
  /** What the browser is to be asked, for somebody who has passkeys. */
  readonly passkey?: PasskeyToAsk | undefined;
}

export function layOutForm(visit: Visit, user: OwnUser, { refusal, hasApp = false, passkey }: Shown = {}): View {
  const { texts } = visit;
  const fault = refusal?.reason === "invalid_credentials" ? texts.issues.incorrect : refusal?.faults.password;
  const hasPassword = refusal?.faults.current !== undefined;
  const isAtField = fault !== undefined || refusal?.reason === "code_invalid";
  const message = hasPassword ? texts.typePassword : isAtField ? undefined : refusal?.message;
  const byCode = html`<input type="hidden" name="sendCode" value="yes">${button(texts.noPassword, "second wide")}`;
  const withPasskey = passkey
    ? passkeyForm(visit, {
        ...{ path: "/reauthenticate", options: passkey, text: texts.passkeyUse, kind: "second wide" },
      })
    : "";
  const other = !hasPassword && kindToSend(visit, user) ? form(visit, "/reauthenticate", byCode) : "";
  const name = user.username ?? user.phoneNumber ?? user.email ?? "";
  const fields = html`<div class="stack">${notice("bad", message)}<input type="text" name="username" value="${name}" autocomplete="username" hidden>
${field(visit, {
  ...{ name: "password", label: texts.password, type: "password", fault },
  ...{ autocomplete: "current-password", isRequired: true, isFirst: true },
})}
${hasApp ? totpField(visit, refusal, false) : ""}
${button(texts.goOn)}</div>`;
  return {
    title: texts.confirm,
    ...answerOf(refusal),
    main: html`${heading(texts.confirm, texts.confirmLead)}${form(visit, "/reauthenticate", fields)}${withPasskey}${other}`,
  };
}
