import { html } from "hono/html";
import type { Catalogue } from "./languages/en.ts";
import { fill } from "./languages/language.ts";
import { spellSeconds } from "./languages/spell-seconds.ts";
import { type Html, heading, type View } from "./layout.ts";
import type { Typed } from "./page.ts";
import { layOutActivity } from "./pages/activity.ts";
import { showForm as showAnotherWay } from "./pages/another-way.ts";
import { layOutApp, layOutSetUp } from "./pages/app.ts";
import { layOutContinue, layOutReturn, showUnknownApp } from "./pages/authorize.ts";
import { showForm as showCode } from "./pages/code.ts";
import { showCodeForm } from "./pages/code-form.ts";
import { layOutContact } from "./pages/contact.ts";
import { layOutContactCode } from "./pages/contact-code.ts";
import { layOutData } from "./pages/data.ts";
import { layOutDelete, layOutDeleted } from "./pages/delete.ts";
import { layOutDevices } from "./pages/devices.ts";
import { showFault, showNotFound } from "./pages/faults.ts";
import { showForm as showFinish } from "./pages/finish-registration.ts";
import { layOutHeld, showForm as showNotMe } from "./pages/not-me.ts";
import { notAPasskey, type PasskeyToAsk, type PasskeyToMake } from "./pages/passkey-form.ts";
import { layOutMaking, layOutPasskeys } from "./pages/passkeys.ts";
import { showForm as showPassword } from "./pages/password.ts";
import { layOutProfile } from "./pages/profile.ts";
import { layOutForm as layOutReauthenticate } from "./pages/reauthenticate.ts";
import { showPasswordForm, showForm as showRecover } from "./pages/recover.ts";
import { layOutCodes, layOutRecovery } from "./pages/recovery.ts";
import { showNumberForm } from "./pages/register.ts";
import { showClosed, showNameForm } from "./pages/register-by-name.ts";
import { layOutNewPassword } from "./pages/replace-password.ts";
import { showForm as showReset } from "./pages/reset.ts";
import { showGivenForm } from "./pages/reset-given.ts";
import { layOutSecondFactor } from "./pages/second-factor.ts";
import { showSignedIn, showForm as showSignIn } from "./pages/sign-in.ts";
import { showForm as showSignInPassword } from "./pages/sign-in-password.ts";
import { showSignedOut } from "./pages/sign-out.ts";
import type { Refusal } from "./refusal.ts";
import type { Step } from "./step.ts";
import type { Caller, Visit } from "./visit.ts";

/** In development: one page or state by its name, as it is shown to people; all of them at once without a name. */
export function showPreview(visit: Visit): View {
  const name = visit.url.searchParams.get("preview") ?? "";
  const state = Object.hasOwn(states, name) ? states[name] : undefined;
  return state ? state(toExample(visit)) : showAll(visit);
}

function showAll(visit: Visit): View {
  const { base } = visit;
  const all = Object.entries(states).map(([name, state]) => ({ name, main: state(toExample(visit)).main }));
  const query = (name: string) => new URLSearchParams({ preview: name, language: visit.language.tag });
  const show = ({ name, main }: { name: string; main: Html }) =>
    html`<section class="stack"><h2><a href="${base}/sign-in?${query(name)}">${name}</a></h2><div class="card stack">${main}</div></section>`;
  return {
    title: "Preview",
    isGallery: true,
    main: html`${heading("Preview", "Every page and state, with made-up people.")}${all.map(show)}`,
  };
}

/** Everything is offered, whatever this service's settings are; nothing is read or changed. */
function toExample(visit: Visit): Visit {
  const codes = { signInByCode: "both", numberOnly: true, sentTo: ["phone", "email"] } as const;
  const serving = { ...visit.serving, registration: "open", codes, hasPasskeys: true } as const;
  // Of a name, since browsers have no passkeys elsewhere.
  const ownUrl = new URL("http://localhost:3000/");
  return { ...visit, url: new URL("/sign-in", visit.url), ownUrl, serving };
}

const withDone = (visit: Visit, done: string): Visit => ({
  ...visit,
  url: new URL(`/sign-in?done=${done}`, visit.url),
});

const without = (visit: Visit, part: "codes" | "registration" | "numberOnly"): Visit => {
  const { serving } = visit;
  const none = { signInByCode: "off", numberOnly: false, sentTo: [] } as const;
  if (part === "codes") return { ...visit, serving: { ...serving, codes: none } };
  if (part === "registration") return { ...visit, serving: { ...serving, registration: "closed" } };
  return { ...visit, serving: { ...serving, codes: { ...serving.codes, numberOnly: false } } };
};

const number = "+90 532 123 45 67";

const typing = (fields: Readonly<Record<string, string>>): Typed => ({
  get: (name) => fields[name] ?? "",
  has: (name) => Object.hasOwn(fields, name),
});

function refuse(
  { texts, language }: Visit,
  reason: keyof Catalogue["refusals"],
  { faults = {}, wait }: { readonly faults?: Record<string, keyof Catalogue["issues"]>; readonly wait?: number } = {},
): Refusal {
  const until = wait === undefined ? "" : ` ${fill(texts.tryIn, { time: spellSeconds(wait, language.tag) })}`;
  return {
    ...{ status: 400, reason, retryAfter: wait },
    message: texts.refusals[reason] + until,
    faults: Object.fromEntries(Object.entries(faults).map(([name, code]) => [name, texts.issues[code]])),
  };
}

const key = { secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", uri: "otpauth://totp/Latchkey:ayse?secret=JBSWY3DPEHPK3PXP" };

const toAsk: PasskeyToAsk = {
  ...{ rpId: "localhost", challenge: "AAAA", timeout: 300_000, allowCredentials: [], userVerification: "required" },
};
const toMake: PasskeyToMake = {
  rp: { id: "localhost", name: "Latchkey" },
  user: { id: "AAAA", name: "ayse", displayName: "ayse" },
  ...{ challenge: "AAAA", timeout: 300_000, attestation: "none", excludeCredentials: [] },
  pubKeyCredParams: [{ type: "public-key", alg: -7 }],
  authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
};

/** Before the same moment at whatever hour one looks: how long a time is to read decides where lines end. */
const ago = (minutes: number) => new Date(Date.UTC(2026, 10, 26, 22, 48) - minutes * 60_000);

const awaiting = (more: Partial<Step> = {}): Step => ({
  ...{ way: "enter", name: number, kind: "phone", from: "/sign-in", challenge: "example", channel: "sms", digits: 6 },
  ...{ expiresAt: Date.now() + 600_000, resendAt: Date.now() + 30_000, wrong: 0 },
  ...more,
});
const proved = (more: Partial<Step> = {}): Step => ({
  ...{ way: "enter", name: number, kind: "phone", from: "/register", ticket: "example", next: "register" },
  ...more,
});

const person: Awaited<ReturnType<Caller["me"]["get"]>> = {
  ...{ id: "00000000-0000-7000-8000-000000000000", username: "ayse", phoneNumber: "+905321234567", email: null },
  ...{ firstName: "Ayşe", lastName: "Yılmaz", gender: "Female", country: "Türkiye", city: "Bursa", state: null },
  ...{ isApprovedToBeInTouch: true, isActive: true, isStaff: false, isSuperuser: false },
  ...{ dateJoined: ago(500_000), lastLogin: ago(3) },
  phoneProofDue: false,
};

type Devices = Parameters<typeof layOutDevices>[1];
type PreviewDevice = Devices["devices"][number];

const device = (id: string, minutes: number, more: Partial<PreviewDevice>): PreviewDevice => ({
  ...{ id, createdAt: ago(minutes * 40), lastUsedAt: ago(minutes), expiresAt: ago(-40_000), current: false },
  ...{ address: "192.0.2.17", device: null, deviceName: null, client: null },
  ...more,
});
const devices: Devices["devices"] = [
  device("1", 1, { current: true, device: "Chrome on Android" }),
  device("2", 130, { device: "Safari on iPhone", address: "2001:db8:85a3::8a2e:370:7334" }),
  device("3", 9_000, { deviceName: "Ayşe’s old laptop, the one in the kitchen" }),
];

const remembered: Devices["remembered"] = [
  {
    ...{ id: "1", device: "Chrome on Android", deviceName: null, address: "192.0.2.17", current: true },
    ...{ createdAt: ago(9_000), lastUsedAt: ago(60), expiresAt: ago(-34_000) },
  },
  {
    ...{ id: "2", device: "Firefox on Windows", deviceName: null, address: null, current: false },
    ...{ createdAt: ago(20_000), lastUsedAt: null, expiresAt: ago(-23_000) },
  },
];

const ownPasskeys: Parameters<typeof layOutPasskeys>[1] = [
  { id: "1", name: "Chrome on Android", createdAt: ago(90_000), lastUsedAt: ago(50), isBackedUp: true },
  { id: "2", name: "Ayşe’s key at the office", createdAt: ago(30_000), lastUsedAt: null, isBackedUp: false },
];

const consents: Parameters<typeof layOutData>[1]["consents"] = [
  {
    ...{ purpose: "contact", isGiven: true, decidedAt: ago(900), decidedBy: "owner", source: "profile" },
    ...{ textVersion: "2026-11", address: "192.0.2.17" },
  },
  {
    ...{ purpose: "contact", isGiven: true, decidedAt: null, decidedBy: "import", source: "import" },
    ...{ textVersion: null, address: null },
  },
];

const pending: Parameters<typeof layOutContact>[1]["pending"] = [
  { id: "1", kind: "set_phone", createdAt: ago(60), dueAt: ago(-4_260), isOwn: true },
  { id: "2", kind: "remove_email", createdAt: ago(30), dueAt: ago(-4_290), isOwn: false },
];

const events = (["signed_in", "sign_in_refused", "password_changed", "profile_updated", "user_created"] as const).map(
  (event, at) => ({
    ...{ id: String(at), event, occurredAt: ago(at * 700 + 3), isByOther: at === 3 },
    address: at === 3 ? null : "192.0.2.17",
  }),
);

const request: Parameters<typeof layOutContinue>[1] = {
  client: { id: "shop", name: "Köşe Bakkalı", redirectUris: ["com.example.shop:/signed-in"] },
  ...{ redirectUri: "com.example.shop:/signed-in", state: "example", codeChallenge: "A".repeat(43) },
  ...{ prompt: null, maxAge: null },
};

const states: Readonly<Record<string, (visit: Visit) => View>> = {
  "sign-in": (visit) => showSignIn(visit),
  "sign-in-fault": (visit) =>
    showSignIn(
      visit,
      typing({ username: "0532 123" }),
      refuse(visit, "invalid_input", { faults: { username: "country_code_missing" } }),
    ),
  "sign-in-limited": (visit) =>
    showSignIn(visit, typing({ username: number }), refuse(visit, "rate_limited", { wait: 1_500 })),
  "sign-in-passkey": (visit) => showSignIn(visit, undefined, undefined, toAsk),
  "sign-in-passkey-refused": (visit) => showSignIn(visit, undefined, notAPasskey(visit), toAsk),
  "sign-in-at-digits": (visit) => showSignIn({ ...visit, ownUrl: new URL("http://127.0.0.1:3000/") }),
  "sign-in-over": (visit) => showSignIn(withDone(visit, "over")),
  "sign-in-reset": (visit) => showSignIn(withDone(visit, "reset")),
  "sign-in-with-password": (visit) => showSignIn(without(visit, "codes")),
  "sign-in-refused": (visit) =>
    showSignIn(without(visit, "codes"), typing({ username: "ayse" }), refuse(visit, "invalid_credentials")),
  "signed-in": (visit) => showSignedIn(visit, "ayse"),
  "continue-as": (visit) => layOutContinue(visit, request, "ayse"),
  "continue-as-number": (visit) => layOutContinue(visit, request, number),
  // Nobody is led away by it.
  "app-return": (visit) => ({ ...layOutReturn(visit, request, "/sign-in?preview"), head: html`` }),
  "app-unknown": (visit) => showUnknownApp(visit),
  password: (visit) => showSignInPassword(visit, "ayse"),
  "password-refused": (visit) => showSignInPassword(visit, "ayse", refuse(visit, "invalid_credentials")),
  code: (visit) => showCode(visit, awaiting()),
  "code-email": (visit) =>
    showCode(
      visit,
      awaiting({ name: "ayse.yilmaz.of.bursa@a-long-name.example.com", kind: "email", channel: "email" }),
    ),
  "code-of-username": (visit) =>
    showCode(visit, awaiting({ way: "sign_in", name: "ayse", kind: "username", channel: null })),
  "code-invalid": (visit) => showCode(visit, awaiting(), refuse(visit, "code_invalid")),
  "code-used-up": (visit) => showCode(visit, awaiting({ wrong: 5 }), refuse(visit, "code_invalid")),
  "code-expired": (visit) => showCode(visit, awaiting({ expiresAt: 0 }), refuse(visit, "code_expired")),
  "code-sent-again": (visit) => showCode(withDone(visit, "again"), awaiting()),
  "code-too-early": (visit) => showCode(withDone(visit, "early"), awaiting()),
  "another-way": (visit) => showAnotherWay(visit, proved({ next: "another_way" })),
  "another-way-passkey": (visit) => showAnotherWay(visit, proved({ next: "another_way" }), undefined, toAsk),
  register: (visit) => showNumberForm(visit),
  "register-fault": (visit) =>
    showNumberForm(
      visit,
      typing({ to: "0532 123" }),
      refuse(visit, "invalid_input", { faults: { to: "country_code_missing" } }),
    ),
  "register-unavailable": (visit) => showNumberForm(visit, typing({ to: number }), refuse(visit, "unavailable")),
  "register-by-name": (visit) => showNameForm(visit),
  "register-name-taken": (visit) =>
    showNameForm(
      visit,
      typing({ username: "ayse" }),
      refuse(visit, "identifier_taken", { faults: { username: "taken" } }),
    ),
  "register-closed": (visit) => showClosed(visit),
  finish: (visit) => showFinish(visit, proved(), {}),
  "finish-with-password": (visit) => showFinish(without(visit, "numberOnly"), proved(), {}),
  "finish-not-mine": (visit) => showFinish(visit, proved({ isNotMine: true }), {}),
  "finish-taken": (visit) =>
    showFinish(visit, proved({ isNotMine: true }), {
      refusal: refuse(visit, "identifier_taken", { faults: { phoneNumber: "taken" } }),
    }),
  "second-factor": (visit) => layOutSecondFactor(visit, { key: null, rememberSeconds: 2_592_000 }),
  "second-factor-refused": (visit) =>
    layOutSecondFactor(visit, { key: null }, refuse(visit, "code_invalid", { faults: { totp: "incorrect" } })),
  "second-factor-enroll": (visit) => layOutSecondFactor(visit, { key, passkey: toMake }),
  "second-factor-both": (visit) => layOutSecondFactor(visit, { key: null, passkey: toAsk, rememberSeconds: 2_592_000 }),
  "second-factor-passkey": (visit) =>
    layOutSecondFactor(visit, { key: null, hasApp: false, passkey: toAsk }, notAPasskey(visit)),
  "replace-password": (visit) => layOutNewPassword(visit),
  "replace-password-fault": (visit) =>
    layOutNewPassword(visit, refuse(visit, "password_rejected", { faults: { newPassword: "unchanged" } })),
  reset: (visit) => showReset(visit),
  "reset-code": (visit) => showResetCode(visit),
  "reset-code-poor": (visit) =>
    showResetCode(visit, refuse(visit, "password_rejected", { faults: { newPassword: "too_common" } })),
  "reset-given": (visit) => showGivenForm(visit),
  profile: (visit) => layOutProfile(visit, person),
  "profile-saved": (visit) => layOutProfile(withDone(visit, "saved"), person),
  "profile-fault": (visit) =>
    layOutProfile(visit, person, { refusal: refuse(visit, "invalid_input", { faults: { city: "too_long" } }) }),
  contact: (visit) => layOutContact(visit, { user: person, pending: [] }),
  "contact-waits": (visit) =>
    layOutContact(withDone(visit, "waits"), { user: { ...person, phoneProofDue: true }, pending }),
  "contact-fault": (visit) =>
    layOutContact(visit, {
      ...{ user: person, pending: [], typed: typing({ kind: "phone", to: "0532 123" }) },
      refusal: refuse(visit, "invalid_input", { faults: { to: "country_code_missing" } }),
    }),
  "contact-code": (visit) => layOutContactCode(visit, awaiting({ way: "own_name", from: "/account/contact" })),
  "contact-taken": (visit) =>
    layOutContactCode(visit, awaiting({ way: "own_name", from: "/account/contact" }), {
      refusal: refuse(visit, "identifier_taken"),
    }),
  recovery: (visit) => layOutRecovery(visit, null),
  "recovery-left": (visit) => layOutRecovery(visit, { left: 8, createdAt: ago(9_000), nextGoodFrom: ago(-4_000) }),
  "recovery-codes": (visit) =>
    layOutCodes(visit, { codes: Array(10).fill("7K2QM-9X4TB-0HVNE-RW3C5-D8JPS-61FYA"), goodFrom: null }),
  recover: (visit) => showRecover(visit),
  "recover-refused": (visit) => showRecover(visit, refuse(visit, "code_invalid")),
  "recover-password": (visit) => showPasswordForm(visit),
  "recover-password-and-factors": (visit) => showPasswordForm(visit, undefined, { hasFactors: true, passkey: toMake }),
  "not-me": (visit) => showNotMe(visit),
  "not-me-refused": (visit) => showNotMe(visit, typing({ username: "ayse" }), refuse(visit, "invalid_credentials")),
  "not-me-stopped": (visit) => showNotMe(withDone(visit, "stopped")),
  "not-me-held": (visit) => layOutHeld(visit, ago(-20_160)),
  "new-password": (visit) => showPassword(visit),
  "new-password-changed": (visit) => showPassword(withDone(visit, "changed")),
  "new-password-fault": (visit) =>
    showPassword(visit, refuse(visit, "invalid_input", { faults: { currentPassword: "incorrect" } })),
  devices: (visit) => layOutDevices(visit, { devices }),
  "devices-alone": (visit) => layOutDevices(visit, { devices: devices.slice(0, 1) }),
  "devices-remembered": (visit) => layOutDevices(visit, { devices, remembered }),
  activity: (visit) => layOutActivity(visit, { events, nextCursor: "1", isEarlier: false }),
  "activity-empty": (visit) => layOutActivity(visit, { events: [], nextCursor: null, isEarlier: false }),
  "devices-forgotten": (visit) => layOutDevices(withDone(visit, "forgotten"), { devices }),
  data: (visit) => layOutData(visit, { consents, isGiven: true }),
  "data-withdrawn": (visit) => layOutData(withDone(visit, "withdrawn"), { consents: [], isGiven: false }),
  passkeys: (visit) => layOutPasskeys(visit, []),
  "passkeys-some": (visit) => layOutPasskeys(withDone(visit, "added"), ownPasskeys, { appSince: ago(90) }),
  "passkeys-refused": (visit) =>
    layOutPasskeys(visit, ownPasskeys, { refusal: notAPasskey(visit, visit.texts.passkeyNotAdded) }),
  "passkeys-make": (visit) => layOutMaking(visit, toMake),
  delete: (visit) => layOutDelete(visit),
  "delete-refused": (visit) => layOutDelete(visit, refuse(visit, "permission_denied")),
  "delete-kept": (visit) => layOutDelete(withDone(visit, "kept")),
  deleted: (visit) =>
    layOutDeleted(visit, {
      dueAt: ago(-20_160),
      kept: [
        { what: "audit_trail", because: "security", seconds: 34_560_000 },
        { what: "erasure", because: "backups", seconds: null },
        { what: "imported_person", because: "import", seconds: null },
      ],
    }),
  app: (visit) => layOutApp(visit, { since: null, isRequired: false }),
  "app-set-up": (visit) => layOutApp(withDone(visit, "set"), { since: ago(50_000), isRequired: false }),
  "app-key": (visit) => layOutSetUp(visit, { ticket: "example", key }),
  "app-key-refused": (visit) =>
    layOutSetUp(visit, {
      ticket: "example",
      refusal: refuse(visit, "code_invalid", { faults: { totp: "incorrect" } }),
    }),
  reauthenticate: (visit) => layOutReauthenticate(visit, person),
  "reauthenticate-fault": (visit) =>
    layOutReauthenticate(visit, person, { hasApp: true, refusal: refuse(visit, "invalid_credentials") }),
  "reauthenticate-passkey": (visit) => layOutReauthenticate(visit, person, { passkey: toAsk }),
  "signed-out": showSignedOut,
  "not-found": (visit) => showNotFound(visit),
  fault: (visit) => showFault(visit, 500),
  overloaded: (visit) => showFault(visit, 503, refuse(visit, "overloaded", { wait: 5 }).message),
};

function showResetCode(visit: Visit, refusal?: Refusal): View {
  const { texts } = visit;
  const step = awaiting({ way: "reset_password", name: "ayse", kind: "username", from: "/reset", channel: null });
  return showCodeForm(visit, step, { refusal, title: texts.reset, button: texts.savePassword, takesPassword: true });
}
