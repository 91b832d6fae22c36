import { queryOf } from "../layout.ts";
import type { Page } from "../page.ts";
import { finishSignIn } from "./after-sign-in.ts";
import { notAPasskey, ofPasskey, readPasskey } from "./passkey-form.ts";
import { showFresh } from "./sign-in.ts";

/** Signs in by a passkey, which needs no name. */
export const signInPasskeyPage: Page = {
  path: "/sign-in/passkey",
  show: (visit) => ({ to: `${visit.base}/sign-in${queryOf(visit)}` }),
  async submit(visit, typed) {
    const passkey = readPasskey(typed);
    if (!passkey) return showFresh(visit, undefined, notAPasskey(visit));
    return finishSignIn(visit, await visit.callWithCookies.token.obtainByPasskey({ passkey }));
  },
  refuse: (visit, _, refusal) => showFresh(visit, undefined, ofPasskey(visit, refusal)),
};
