import { checkbox, type View } from "../layout.ts";
import type { Page, Redirect, Typed } from "../page.ts";
import type { Refusal } from "../refusal.ts";
import { countingWrong } from "../sent-codes.ts";
import { endStep, type Step } from "../step.ts";
import type { Visit } from "../visit.ts";
import { beginAgain, readCodeStep, resendWhereAsked, showCodeForm } from "./code-form.ts";

const ways = ["own_name"] as const;

/** Proves a number or an address of one's own with the code that was sent there. */
export const contactCodePage: Page = {
  path: "/account/contact/code",
  isPrivate: true,
  show: (visit) => showStep(visit),
  async submit(visit, typed) {
    const step = readCodeStep(visit, ways);
    if (!step) return beginAgain(visit, "/account/contact");
    const resent = await resendWhereAsked(visit, typed, step);
    if (resent) return resent;
    const isNotMine = typed.has("isNotMine") ? { isNotMine: true } : {};
    const input = { challenge: step.challenge ?? "", code: typed.get("code"), ...isNotMine };
    // In cookie mode, so that this device goes on with the mark of its cookie.
    const { me } = visit.callWithCookies;
    const confirm = () => (step.kind === "email" ? me.email.confirm(input) : me.phone.confirm(input));
    const { pending } = await countingWrong(visit, step, confirm);
    endStep(visit);
    return { to: `${visit.base}/account/contact?done=${pending ? "waits" : "set"}` };
  },
  refuse: (visit, typed, refusal) => showStep(visit, typed, refusal),
};

function showStep(visit: Visit, typed?: Typed, refusal?: Refusal): View | Redirect {
  const step = readCodeStep(visit, ways);
  if (!step) return beginAgain(visit, "/account/contact");
  return layOutContactCode(visit, step, { refusal, isNotMine: typed?.has("isNotMine") ?? false });
}

interface Tried {
  readonly refusal?: Refusal | undefined;
  readonly isNotMine?: boolean;
}

export function layOutContactCode(visit: Visit, step: Step, { refusal, isNotMine = false }: Tried = {}): View {
  const { texts } = visit;
  const isTaken = refusal?.reason === "identifier_taken";
  const message = isNotMine ? texts.stillTaken : texts.nameTaken;
  return showCodeForm(visit, step, {
    ...{ title: texts.nameTitle, button: texts.goOn },
    refusal: isTaken ? { ...refusal, message, faults: {} } : refusal,
    more: isTaken || isNotMine ? checkbox("isNotMine", texts.otherNotMine, isNotMine) : "",
  });
}
