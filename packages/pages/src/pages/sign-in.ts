import { html } from "hono/html";
import { fill } from "../languages/language.ts";
import { button, field, form, heading, link, notice, type View } from "../layout.ts";
import type { Page, Typed } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import type { Visit } from "../visit.ts";
import { afterSignIn, keepSession } from "./after-sign-in.ts";

/** Sign in by whichever name somebody has, and their password. */
export const signInPage: Page = {
  path: "/sign-in",
  async show(visit) {
    const name = await findName(visit);
    return name === null ? showForm(visit) : showSignedIn(visit, name);
  },
  async submit(visit, typed) {
    const input = { username: typed.get("username"), password: typed.get("password") };
    keepSession(visit, await visit.callWithCookies.token.obtain(input));
    return afterSignIn(visit);
  },
  refuse: (visit, typed, refusal) => showForm(visit, typed, refusal),
};

function showForm(visit: Visit, typed?: Typed, refusal?: Refusal): View {
  const { texts, serving, url } = visit;
  const done = url.searchParams.get("done") === "reset" ? texts.passwordReset : undefined;
  const fields = html`<div class="stack">${notice("bad", refusal?.message)}${notice("good", refusal ? undefined : done)}
${field(visit, {
  name: "username",
  label: texts.nameLabel,
  value: typed?.get("username"),
  fault: refusal?.faults.username,
  autocomplete: "username",
  isRequired: true,
  isFirst: !typed,
  isLatin: true,
})}
${field(visit, {
  name: "password",
  label: texts.password,
  type: "password",
  fault: refusal?.faults.password,
  autocomplete: "current-password",
  isRequired: true,
  isFirst: Boolean(typed),
})}
${button(texts.signIn)}</div>`;
  const register = serving.registration === "open" ? link(visit, "/register", texts.register) : "";
  return {
    title: texts.signIn,
    ...answerOf(refusal),
    main: html`${heading(texts.signIn, texts.signInLead)}${form(visit, "/sign-in", fields)}<hr class="line"><p class="aside">${link(visit, "/reset", texts.forgotten)}${register}</p>`,
  };
}

/** For somebody who comes here and is signed in. */
function showSignedIn(visit: Visit, name: string): View {
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

async function findName({ call, pageCookies, texts }: Visit): Promise<string | null> {
  if (pageCookies.accessToken === undefined) return null;
  const user = await call.me.get().catch(() => null);
  return user && (user.username ?? user.phoneNumber ?? user.email ?? texts.account);
}
