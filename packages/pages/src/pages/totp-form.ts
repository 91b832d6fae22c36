import { html } from "hono/html";
import { field, type Html } from "../layout.ts";
import { showQrCode } from "../qr-code.ts";
import type { Refusal } from "../refusal.ts";
import type { Visit } from "../visit.ts";

/** Where the digits of an authenticator app are typed. */
export function totpField(visit: Visit, refusal?: Refusal, isFirst = true): Html {
  const { texts } = visit;
  const isWrong = refusal?.reason === "code_invalid" && refusal.faults.totp !== undefined;
  return field(visit, {
    ...{ name: "totp", label: texts.totp, hint: texts.appHint, autocomplete: "one-time-code", kind: "code" },
    ...{
      fault: isWrong ? texts.refusals.totp_invalid : refusal?.faults.totp,
      isRequired: true,
      isFirst,
      isLatin: true,
    },
  });
}

/** The key of an app that is set up: for its camera, for the app on the same device, and to be typed. */
export function showSecret({ texts }: Visit, { secret, uri }: { readonly secret: string; readonly uri: string }): Html {
  const groups = secret.match(/.{1,4}/g)?.join(" ") ?? secret;
  return html`<div class="panel stack">${showQrCode(uri, texts.secretKey)}<p class="tight"><span class="label">${texts.secretKey}</span><code dir="ltr" id="secret">${groups}</code></p><p><a class="button second slim" href="${uri}">${texts.openApp}</a></p></div>`;
}
