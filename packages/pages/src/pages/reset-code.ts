import type { View } from "../layout.ts";
import type { Page, Redirect } from "../page.ts";
import type { Refusal } from "../refusal.ts";
import { countingWrong } from "../sent-codes.ts";
import { endStep } from "../step.ts";
import type { Visit } from "../visit.ts";
import { toSignInAnew } from "./after-sign-in.ts";
import { beginAgain, readCodeStep, resendWhereAsked, showCodeForm } from "./code-form.ts";

const ways = ["reset_password"] as const;

/** Sets a password with the code that was sent. */
export const resetCodePage: Page = {
  path: "/reset/code",
  show: (visit) => showStep(visit),
  async submit(visit, typed) {
    const step = readCodeStep(visit, ways);
    if (!step) return beginAgain(visit, "/reset");
    const resent = await resendWhereAsked(visit, typed, step);
    if (resent) return resent;
    const { challenge = "" } = step;
    const input = { challenge, code: typed.get("code"), newPassword: typed.get("newPassword") };
    await countingWrong(visit, step, () => visit.callWithCookies.password.reset(input));
    endStep(visit);
    return toSignInAnew(visit);
  },
  refuse: (visit, _, refusal) => showStep(visit, refusal),
};

function showStep(visit: Visit, refusal?: Refusal): View | Redirect {
  const { texts } = visit;
  const step = readCodeStep(visit, ways);
  if (!step) return beginAgain(visit, "/reset");
  return showCodeForm(visit, step, { refusal, title: texts.reset, button: texts.savePassword, takesPassword: true });
}
