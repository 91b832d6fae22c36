import type { View } from "../layout.ts";
import type { Page, Redirect } from "../page.ts";
import type { Refusal } from "../refusal.ts";
import { countingWrong } from "../sent-codes.ts";
import { endStep } from "../step.ts";
import type { Visit } from "../visit.ts";
import { afterSignIn } from "./after-sign-in.ts";
import { beginAgain, readCodeStep, resendWhereAsked, showCodeForm } from "./code-form.ts";

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
    await countingWrong(visit, step, () => visit.call.me.reauthenticate({ challenge, code: typed.get("code") }));
    endStep(visit);
    return afterSignIn(visit);
  },
  refuse: (visit, _, refusal) => showStep(visit, refusal),
};

function showStep(visit: Visit, refusal?: Refusal): View | Redirect {
  const step = readCodeStep(visit, ways);
  if (!step) return beginAgain(visit, "/reauthenticate");
  return showCodeForm(visit, step, { refusal, title: visit.texts.confirm, button: visit.texts.goOn });
}
