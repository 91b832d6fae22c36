import type { User } from "@latchkey/auth";
import { html } from "hono/html";
import { fill } from "../languages/language.ts";
import { button, field, form, heading, linkAnew, notice, queryOf, refused, type View } from "../layout.ts";
import type { Answer, Page, Typed } from "../page.ts";
import { answerOf, missing, type Refusal } from "../refusal.ts";
import { faultOfName, kindOf, sendCode, signsInByCode } from "../sent-codes.ts";
import { beginStep } from "../step.ts";
import type { Visit } from "../visit.ts";
import { afterSignIn, finishSignIn } from "./after-sign-in.ts";
import { askForPasskey, type PasskeyToAsk, passkeyForm, showPasskeyElsewhere } from "./passkey-form.ts";

/**
 * Sign in by whichever name somebody has. Where codes sign in, the name comes first: a number or an address is sent a code, a username is
 * asked for the password, and whoever wants their password asked for a number too presses the other button.
 */
export const signInPage: Page = {
  path: "/sign-in",
  async show(visit) {
    const name = await findName(visit);
    return name === null ? showFresh(visit) : showSignedIn(visit, name);
  },
  async submit(visit, typed) {
    if (typed.get("password") === "" && signsInByCode(visit, "username")) return goOn(visit, typed);
    const input = { username: typed.get("username"), password: typed.get("password") };
    return finishSignIn(visit, await visit.callWithCookies.token.obtain(input));
  },
  refuse: (visit, typed, refusal) => showFresh(visit, typed, refusal),
};

/** With what a browser is to be asked for a passkey, which is another one each time. */
export async function showFresh(visit: Visit, typed?: Typed, refusal?: Refusal): Promise<View> {
  return showForm(visit, typed, refusal, await askForPasskey(visit));
}

/** By what was typed alone, whether or not there is such an account. */
function goOn(visit: Visit, typed: Typed): Promise<Answer> | Answer {
  const name = typed.get("username").trim().slice(0, 320);
  if (name === "") return showFresh(visit, typed, missing(visit.texts, "username"));
  const kind = kindOf(name);
  const step = { way: "enter", from: "/sign-in", name, kind } as const;
  const isByCode = kind !== "username" && signsInByCode(visit, kind) && !typed.has("withPassword");
  if (isByCode) return sendCode(visit, step);
  return { to: `${visit.base}/sign-in/password${queryOf(visit, { step: beginStep(visit, step) })}` };
}

export function showForm(visit: Visit, typed?: Typed, refusal?: Refusal, passkey?: PasskeyToAsk): View {
  const { texts, serving } = visit;
  const takesName = signsInByCode(visit, "username");
  const fault = faultOfName(visit, typed?.get("username") ?? "", refusal);
  const name = field(visit, {
    ...{ name: "username", label: texts.nameLabel, value: typed?.get("username"), fault },
    // After a refusal nothing is offered by itself: it might be the same once more.
    ...{ autocomplete: passkey && !refusal ? "username webauthn" : "username", isRequired: true },
    ...{ isFirst: !typed || takesName, isLatin: true },
  });
  const rest = takesName ? showWays(visit) : showPassword(visit, typed, refusal);
  const fields = html`<div class="stack">${refused(refusal?.message, fault)}${refusal ? "" : showDone(visit)}
${name}
${rest}</div>`;
  const byPasskey = passkey
    ? passkeyForm(visit, {
        ...{ path: "/sign-in/passkey", options: passkey, text: texts.passkeySignIn, kind: "second wide" },
      })
    : showPasskeyElsewhere(visit);
  const register = serving.registration === "open" ? linkAnew(visit, "/register", texts.register) : "";
  return {
    title: texts.signIn,
    ...answerOf(refusal),
    main: html`${heading(texts.signIn, texts.signInLead)}${form(visit, "/sign-in", fields)}${byPasskey}<hr class="line"><p class="aside">${linkAnew(visit, "/reset", texts.forgotten)}${register}</p>`,
  };
}

const showWays = ({ texts }: Visit) =>
  html`${button(texts.goOn)}<button class="button second wide" name="withPassword" value="yes">${texts.withPassword}</button>`;

function showPassword(visit: Visit, typed?: Typed, refusal?: Refusal) {
  const { texts } = visit;
  return html`${field(visit, {
    ...{ name: "password", label: texts.password, type: "password", fault: refusal?.faults.password },
    ...{ autocomplete: "current-password", isRequired: true, isFirst: Boolean(typed) },
  })}
${button(texts.signIn)}`;
}

function showDone({ texts, url }: Visit) {
  const done = url.searchParams.get("done");
  if (done === "over") return notice("bad", texts.over);
  return notice("good", done === "reset" ? texts.passwordReset : undefined);
}

/** For somebody who comes here and is signed in. */
export function showSignedIn(visit: Visit, name: string): View {
  const { texts } = visit;
  const leave = form(
    visit,
    "/sign-out",
    html`<input type="hidden" name="again" value="yes">${button(texts.notYou, "second wide")}`,
  );
  return {
    title: texts.signIn,
    main: html`${heading(fill(texts.already, { name }))}<div class="stack"><a class="button wide" href="${afterSignIn(visit).to}">${texts.goOn}</a>${leave}</div>`,
  };
}

async function findName(visit: Visit): Promise<string | null> {
  const { call, pageCookies } = visit;
  if (pageCookies.accessToken === undefined) return null;
  const user = await call.me.get().catch(() => null);
  return user && nameOfUser(visit, user);
}

/** What somebody is called by whom they are signed in as. */
export function nameOfUser(
  { texts }: Visit,
  { username, phoneNumber, email }: Pick<User, "username" | "phoneNumber" | "email">,
): string {
  return username ?? phoneNumber ?? email ?? texts.account;
}
