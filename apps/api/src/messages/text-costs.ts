import { countSegments, noticeKinds, type RenderOptions } from "@latchkey/auth";
import { renderMessage, renderNotice } from "@latchkey/auth/internal";

/** How many SMS one text costs. */
export interface TextCost {
  readonly locale: string;
  /** The purpose of a code, or the kind of a notice. */
  readonly name: string;
  readonly isNotice: boolean;
  readonly segments: number;
}

/** What each text that can go by SMS costs, in every language of the catalogue; notices where the sender has them. */
export function listTextCosts(
  rendering: RenderOptions & Required<Pick<RenderOptions, "catalogue">>,
  { hasNotices }: { readonly hasNotices: boolean },
): TextCost[] {
  const cost = (text: string) => countSegments(text).segments;
  return Object.keys(rendering.catalogue).flatMap((locale) => [
    ...(["sign_in", "reset_password"] as const).map((name) => {
      const { text } = renderMessage({ code: "123456", purpose: name, channel: "sms", locale }, rendering);
      return { locale, name, isNotice: false, segments: cost(text) };
    }),
    ...(hasNotices ? noticeKinds : []).map((name) => {
      const { text } = renderNotice({ kind: name, channel: "sms", locale }, rendering);
      return { locale, name, isNotice: true, segments: cost(text) };
    }),
  ]);
}

/** A line for each language: what its texts cost, and by name those above one SMS. */
export function describeTextCosts(costs: readonly TextCost[]): string[] {
  const locales = [...new Set(costs.map(({ locale }) => locale))];
  return locales.map((locale) =>
    describeLanguage(
      locale,
      costs.filter((cost) => cost.locale === locale),
    ),
  );
}

function describeLanguage(locale: string, costs: readonly TextCost[]): string {
  const segments = costs.map((cost) => cost.segments);
  const [least, most] = [Math.min(...segments), Math.max(...segments)];
  const counts = [...new Set(segments)].filter((count) => count > 1).sort((a, b) => a - b);
  const named = counts.map((count) => {
    const names = costs.filter((cost) => cost.segments === count).map(({ name }) => name);
    return `; ${count}: ${names.join(", ")}`;
  });
  return `A text in ${locale} costs ${least === most ? least : `${least}–${most}`} SMS${named.join("")}`;
}

/** One line that warns of the texts above one SMS, or none where there are none. */
export function warnOfLongTexts(costs: readonly TextCost[]): string[] {
  const long = costs.filter(({ segments }) => segments > 1);
  if (long.length === 0) return [];
  const codes = long.filter(({ isNotice }) => !isNotice).map(({ locale, name }) => `${name} in ${locale}`);
  const notices = long.length - codes.length;
  const counted = `${notices} ${notices === 1 ? "text" : "texts"} of notices`;
  const what = [...codes, ...(notices > 0 ? [counted] : [])].join(", ");
  return [
    `More than one SMS each: ${what}. Make them shorter in messages.texts; latchkey doctor says what every text costs`,
  ];
}
