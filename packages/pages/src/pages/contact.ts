import { html } from "hono/html";
import { button, field, form, type Html, heading, notice, type View, withTime } from "../layout.ts";
import type { Page, Typed } from "../page.ts";
import { answerOf, missing, type Refusal } from "../refusal.ts";
import { faultOfName, sendCode, sendsCodes } from "../sent-codes.ts";
import type { Caller, Visit } from "../visit.ts";

type Kind = "phone" | "email";
const kinds: readonly Kind[] = ["phone", "email"];

/** The phone number and the e-mail address of an account: proving one, changing it, taking it away, and what waits. */
export const contactPage: Page = {
  path: "/account/contact",
  isPrivate: true,
  show: (visit) => showContact(visit),
  async submit(visit, typed) {
    const { call, callWithCookies, base } = visit;
    if (typed.has("stop")) {
      await call.me.pending.stop({ id: typed.get("stop") });
      return { to: `${base}/account/contact?done=stopped` };
    }
    const kind = typed.get("kind") === "email" ? "email" : "phone";
    if (typed.has("remove")) {
      // In cookie mode, so that this device goes on with the mark of its cookie.
      const { pending } = await callWithCookies.me[kind].remove({});
      return { to: `${base}/account/contact?done=${pending ? "waits" : "removed"}` };
    }
    if (typed.has("again")) return verifyAgain(visit, kind);
    const name = typed.get("to").trim().slice(0, 320);
    if (name === "") return showContact(visit, typed, missing(visit.texts, "to"));
    return sendCode(visit, { way: "own_name", from: "/account/contact", name, kind });
  },
  refuse: (visit, typed, refusal) => showContact(visit, typed, refusal),
};

type OwnUser = Awaited<ReturnType<Caller["me"]["get"]>>;
type Pending = Awaited<ReturnType<Caller["me"]["pending"]["list"]>>[number];

const nameOf = (user: OwnUser, kind: Kind): string | null => (kind === "phone" ? user.phoneNumber : user.email);

/** The one that the account has, which the procedure knows. */
async function verifyAgain(visit: Visit, kind: Kind) {
  const name = nameOf(await visit.call.me.get(), kind) ?? "";
  return sendCode(visit, { way: "own_name", from: "/account/contact", name, kind, isCurrent: true });
}

async function showContact(visit: Visit, typed?: Typed, refusal?: Refusal): Promise<View> {
  const [user, pending] = await Promise.all([visit.call.me.get(), visit.call.me.pending.list()]);
  return layOutContact(visit, { user, pending, typed, refusal });
}

interface Shown {
  readonly user: OwnUser;
  readonly pending: readonly Pending[];
  readonly typed?: Typed | undefined;
  readonly refusal?: Refusal | undefined;
}

export function layOutContact(visit: Visit, { user, pending, typed, refusal }: Shown): View {
  const { texts, url } = visit;
  const { stopped, nameSet: set, nameRemoved: removed, nameWaits: waits, confirmed } = texts;
  const dones: Readonly<Record<string, string>> = { stopped, set, removed, waits, confirmed };
  const done = refusal ? undefined : dones[url.searchParams.get("done") ?? ""];
  // Who has to be named in another way first is told so by the field that is missing then.
  const isLast = typed?.has("remove") && refusal?.reason === "invalid_input";
  const isAtField = refusal?.faults.to !== undefined;
  const message = isLast ? texts.lastWayIn : isAtField ? undefined : refusal?.message;
  const panels = kinds.map((kind) => showKind(visit, { kind, user, typed, refusal }));
  return {
    ...{ title: texts.contact, place: "contact" },
    ...answerOf(refusal),
    main: html`${heading(texts.contact, texts.contactLead)}${notice("bad", message)}${notice("good", done)}${showPending(visit, pending)}${panels}`,
  };
}

interface OfKind extends Pick<Shown, "user" | "typed" | "refusal"> {
  readonly kind: Kind;
}

function showKind(visit: Visit, { kind, user, typed, refusal }: OfKind): Html | string {
  const { texts } = visit;
  const name = nameOf(user, kind);
  if (name === null && !sendsCodes(visit, kind)) return "";
  const isDue = kind === "phone" && name !== null && user.phoneProofDue && sendsCodes(visit, kind);
  const hidden = html`<input type="hidden" name="kind" value="${kind}">`;
  const shown =
    name === null ? html`<p class="quiet">${texts.none}</p>` : html`<p class="strong"><bdi>${name}</bdi></p>`;
  const again = html`${hidden}<input type="hidden" name="again" value="yes">${button(texts.verifyAgain, "second slim")}`;
  const remove = html`${hidden}<input type="hidden" name="remove" value="yes"><button class="button danger slim" aria-label="${texts.removeIt}: ${name ?? ""}">${texts.removeIt}</button>`;
  const buttons = html`<div class="row">${isDue ? form(visit, "/account/contact", again) : ""}${form(visit, "/account/contact", remove)}</div>`;
  return html`<section class="panel stack"><h2>${kind === "phone" ? texts.phoneNumber : texts.email}</h2>${shown}${isDue ? html`<p class="quiet">${texts.proofDue}</p>` : ""}${name === null ? "" : buttons}${showNew(visit, { kind, user, typed, refusal })}</section>`;
}

function showNew(visit: Visit, { kind, typed, refusal }: OfKind): Html | string {
  if (!sendsCodes(visit, kind)) return "";
  const { texts } = visit;
  const isHere = typed !== undefined && (typed.get("kind") === "email" ? "email" : "phone") === kind;
  const fault = isHere ? faultOfName(visit, typed.get("to"), refusal) : undefined;
  const fields = html`<div class="stack"><input type="hidden" name="kind" value="${kind}">
${field(visit, {
  ...{ name: "to", id: `to-${kind}`, label: kind === "phone" ? texts.newNumber : texts.newAddress, fault },
  ...{ type: kind === "phone" ? "tel" : "text", autocomplete: kind === "phone" ? "tel" : "email" },
  ...{ value: isHere ? typed.get("to") : undefined, isRequired: true, isFirst: fault !== undefined, isLatin: true },
})}
<div>${button(texts.addThis, "second")}</div></div>`;
  return html`<hr class="line">${form(visit, "/account/contact", fields)}`;
}

function showPending(visit: Visit, pending: readonly Pending[]): Html | string {
  const { texts } = visit;
  if (pending.length === 0) return "";
  const rows = pending.map(({ id, kind, dueAt }) => {
    const words = texts.pending[kind];
    const stop = html`<input type="hidden" name="stop" value="${id}"><button class="button second slim" aria-label="${texts.stopIt}: ${words}">${texts.stopIt}</button>`;
    return html`<li><div><strong>${words}</strong><p class="quiet small">${withTime(visit, texts.waitsUntil, dueAt)}</p></div>${form(visit, "/account/contact", stop)}</li>`;
  });
  return html`<section class="panel stack"><div class="tight"><h2>${texts.waiting}</h2><p class="quiet">${texts.waitingLead}</p></div><ul class="rows">${rows}</ul></section>`;
}
