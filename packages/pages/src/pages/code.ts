import { link, queryOf, type View } from "../layout.ts";
import type { Page, Redirect } from "../page.ts";
import type { Refusal } from "../refusal.ts";
import { countingWrong } from "../sent-codes.ts";
import { keepStep, type Step } from "../step.ts";
import type { Visit } from "../visit.ts";
import { finishSignIn } from "./after-sign-in.ts";
import { beginAgain, readCodeStep, resendWhereAsked, showCodeForm } from "./code-form.ts";

const ways = ["enter", "sign_in"] as const;

/** Signs in with the code that was sent, or goes on to open an account, or to ask for another way as well. */
export const codePage: Page = {
  path: "/sign-in/code",
  show: (visit) => showStep(visit),
  async submit(visit, typed) {
    const step = readCodeStep(visit, ways);
    if (!step) return beginAgain(visit, "/sign-in");
    return (await resendWhereAsked(visit, typed, step)) ?? check(visit, step, typed.get("code"));
  },
  refuse: (visit, _, refusal) => showStep(visit, refusal),
};

async function check(visit: Visit, step: Step, code: string): Promise<Redirect> {
  const { challenge = "", way, name, kind, from } = step;
  const answer = await countingWrong(visit, step, () => visit.callWithCookies.token.obtainByCode({ challenge, code }));
  if (!("ticket" in answer)) return finishSignIn(visit, answer);
  const { ticket, next } = answer;
  keepStep(visit, { way, name, kind, from, ticket, next });
  const path = next === "register" ? "/register/finish" : "/sign-in/another-way";
  return { to: `${visit.base}${path}${queryOf(visit)}` };
}

function showStep(visit: Visit, refusal?: Refusal): View | Redirect {
  const step = readCodeStep(visit, ways);
  return step ? showForm(visit, step, refusal) : beginAgain(visit, "/sign-in");
}

export function showForm(visit: Visit, step: Step, refusal?: Refusal): View {
  const { texts } = visit;
  return showCodeForm(visit, step, {
    ...{ refusal, title: texts.codeTitle, button: texts.goOn },
    others: step.from === "/sign-in" ? link(visit, "/sign-in/password", texts.withPassword) : "",
  });
}
