import type { ChallengePurpose } from "../challenges/challenge-store.ts";
import type { NoticeKind } from "./notice.ts";
import { type NoticeTexts, noticeTexts } from "./notice-texts.ts";

/** The texts of one language. `{code}` and `{app}` are filled in. */
export interface MessageTexts {
  readonly code: string;
  /** For `reset_password`, where it says more; otherwise `code`. */
  readonly reset?: string;
  /** Of an e-mail. */
  readonly subject: string;
  /** What people are told of their own account; the built-in texts of the language, or of English, where it is not given. */
  readonly notices?: NoticeTexts;
}

/** Texts by language. Replace any of them, or add your own. */
export type MessageCatalogue = Readonly<Record<string, MessageTexts>>;

/** Short, so that most cost one segment; each says never to pass the code on. */
export const messageTexts: MessageCatalogue = {
  en: {
    code: "{code} is your {app} code. Do not share it.",
    reset: "{code} resets your {app} password. Do not share it.",
    subject: "Your {app} code",
  },
  tr: {
    code: "{app} kodunuz: {code}. Kimseyle paylasmayin.",
    reset: "{app} sifre yenileme kodunuz: {code}. Kimseyle paylasmayin.",
    subject: "{app} kodunuz",
  },
  ar: {
    code: "{code} رمزك في {app}. لا تشاركه مع أحد.",
    reset: "{code} رمز تغيير كلمة المرور في {app}. لا تشاركه.",
    subject: "رمزك في {app}",
  },
  es: {
    code: "{code} es tu codigo de {app}. No lo compartas.",
    reset: "{code} cambia tu clave de {app}. No lo compartas.",
    subject: "Tu código de {app}",
  },
  "pt-BR": {
    code: "{code} e o seu codigo do {app}. Nao compartilhe.",
    reset: "{code} redefine a sua senha do {app}. Nao compartilhe.",
    subject: "Seu código do {app}",
  },
  hi: {
    code: "{code} आपका {app} कोड है। किसी को न बताएं।",
    reset: "{code} से {app} पासवर्ड बदलेगा। किसी को न बताएं।",
    subject: "आपका {app} कोड",
  },
  id: {
    code: "{code} adalah kode {app} Anda. Jangan bagikan.",
    reset: "{code} untuk mengganti sandi {app} Anda. Jangan bagikan.",
    subject: "Kode {app} Anda",
  },
  fr: {
    code: "{code} est votre code {app}. Ne le partagez pas.",
    reset: "{code} change votre mot de passe {app}. Ne le partagez pas.",
    subject: "Votre code {app}",
  },
};

export interface RenderOptions {
  readonly app: string;
  readonly catalogue?: MessageCatalogue;
  /** Of people whose language nobody knows. */
  readonly defaultLocale?: string;
  /** The origin at which people sign in, for browsers that fill codes in; never taken from a request. */
  readonly origin?: string | undefined;
  /** The eleven characters by which Android's SMS Retriever knows the app. */
  readonly androidHash?: string | undefined;
  /** The page on which people stop what was not them; e-mails name it. */
  readonly notMeUrl?: string | undefined;
}

export interface RenderInput {
  readonly code: string;
  readonly purpose: ChallengePurpose;
  readonly channel: "sms" | "whatsapp" | "email";
  readonly locale: string | null;
}

/** The catalogue's language for a wish such as `pt` or `tr-TR`: itself, its language, another of its language, or the default. */
export function findLocale(wish: string | null, catalogue: MessageCatalogue, defaultLocale = "en"): string {
  const known = Object.keys(catalogue);
  const [language] = (wish ?? "").toLowerCase().split("-");
  const find = (test: (locale: string) => boolean) => known.find((locale) => test(locale.toLowerCase()));
  return (
    find((locale) => locale === wish?.toLowerCase()) ??
    find((locale) => locale === language) ??
    find((locale) => locale.split("-")[0] === language) ??
    defaultLocale
  );
}

/** The text of a message, with the line by which browsers fill the code in. */
export function renderMessage(input: RenderInput, options: RenderOptions): { text: string; locale: string } {
  const { app, catalogue = messageTexts, defaultLocale = "en", origin, androidHash } = options;
  const locale = findLocale(input.locale, catalogue, defaultLocale);
  const texts = catalogue[locale] ?? messageTexts.en;
  if (!texts) throw new RangeError(`There are no texts in ${locale}`);
  const template = (input.purpose === "reset_password" && texts.reset) || texts.code;
  const sentence = template.replaceAll("{app}", () => app).replaceAll("{code}", input.code);
  const lines = [sentence];
  if (input.channel === "sms" && origin) lines.push("", `@${new URL(origin).host} #${input.code}`);
  if (input.channel === "sms" && androidHash) lines.push(androidHash);
  return { text: lines.join("\n"), locale };
}

/** Which kinds are only to be known: there is nothing to undo, or nobody but an administrator can. */
const plainKinds: readonly NoticeKind[] = ["rights_changed", "deletion_of_inactive"];

/** What to do where it was not oneself: another password takes nobody's recovery codes or passkeys away. */
function undoingOf(kind: NoticeKind, { undo, undoCodes = undo, undoFactors = undo }: NoticeTexts): string {
  if (kind === "recovery_codes_created" || kind === "recovery_code_used") return undoCodes;
  return kind === "passkey_added" || kind === "second_factor_changed" ? undoFactors : undo;
}

/** Which kinds tell what is stopped, held or let go on without a session. */
const stoppableKinds: readonly NoticeKind[] = [
  "password_reset",
  "password_reset_held",
  "change_requested",
  "deletion_requested",
];

export interface RenderNoticeInput {
  readonly kind: NoticeKind;
  readonly channel?: "sms" | "email";
  readonly locale: string | null;
}

/**
 * What a notice says: what happened, and what to do where it was not oneself. An e-mail names the page that stops it; an SMS would cost a second
 * one for that, and goes to whoever has the number.
 */
export function renderNotice(
  { kind, channel, locale: wish }: RenderNoticeInput,
  { app, catalogue = messageTexts, defaultLocale = "en", notMeUrl }: RenderOptions,
): { text: string; subject: string; locale: string } {
  const locale = findLocale(wish, catalogue, defaultLocale);
  const texts = catalogue[locale]?.notices ?? noticeTexts[locale] ?? noticeTexts.en;
  if (!texts) throw new RangeError(`There are no notices in ${locale}`);
  const sentences = [texts.happened[kind], ...(plainKinds.includes(kind) ? [] : [undoingOf(kind, texts)])];
  const fill = (text: string) => text.replaceAll("{app}", () => app);
  const isNamed = notMeUrl !== undefined && channel === "email" && stoppableKinds.includes(kind);
  const text = fill(sentences.join(" ")) + (isNamed ? `\n\n${notMeUrl}` : "");
  return { text, subject: fill(texts.subject), locale };
}

const basic =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const extended = "^{}\\[~]|€\f";

/** How many SMS a text costs: of 160 or 153 septets (3GPP TS 23.038), or of 70 or 67 characters where one needs UCS-2. */
export function countSegments(text: string): { readonly encoding: "GSM-7" | "UCS-2"; readonly segments: number } {
  const characters = [...text];
  if (characters.every((character) => basic.includes(character) || extended.includes(character))) {
    const septets = characters.reduce((sum, character) => sum + (extended.includes(character) ? 2 : 1), 0);
    return { encoding: "GSM-7", segments: septets <= 160 ? 1 : Math.ceil(septets / 153) };
  }
  return { encoding: "UCS-2", segments: text.length <= 70 ? 1 : Math.ceil(text.length / 67) };
}
