import type { View } from "../layout.ts";
import type { Page, Redirect } from "../page.ts";
import type { Refusal } from "../refusal.ts";
import { countingWrong } from "../sent-codes.ts";
import { endStep } from "../step.ts";
import type { Visit } from "../visit.ts";
import { afterSignIn, keepSession } from "./after-sign-in.ts";
import { beginAgain, readCodeStep, resendWhereAsked, showCodeForm } from "./code-form.ts";
import { totpField } from "./totp-form.ts";

const ways = ["reauthenticate"] as const;

/** Shows once more, by a code, that it is the owner of the session, where the account has no password. */
export const reauthenticateCodePage: Page = {
  path: "/reauthenticate/code",
  isPrivate: true,
  show: (visit) => showStep(visit),
  async submit(visit, typed) {
    const step = readCodeStep(visit, ways);
    if (!step) return beginAgain(visit, "/reauthenticate");
    const resent = await resendWhereAsked(visit, typed, step);
    if (resent) return resent;
    const { challenge = "" } = step;
    const totp = typed.has("totp") ? { totp: typed.get("totp") } : {};
    const input = { challenge, code: typed.get("code"), ...totp };
    keepSession(visit, await countingWrong(visit, step, () => visit.callWithCookies.me.reauthenticate(input)));
    endStep(visit);
    return afterSignIn(visit);
  },
  refuse: (visit, _, refusal) => showStep(visit, refusal),
};

async function showStep(visit: Visit, refusal?: Refusal): Promise<View | Redirect> {
  const step = readCodeStep(visit, ways);
  if (!step) return beginAgain(visit, "/reauthenticate");
  const { since } = await visit.call.me.totp.get();
  const more = since === null ? "" : totpField(visit, refusal, false);
  return showCodeForm(visit, step, { refusal, title: visit.texts.confirm, button: visit.texts.goOn, more });
}
