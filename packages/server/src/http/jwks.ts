import type { Auth, Config } from "@latchkey/auth";
import { jwksMaxAge } from "@latchkey/auth/internal";
import { answerPublicDocument, toPublicDocument } from "./public-document.ts";

/** Where the public keys are (RFC 8615). */
export const jwksPath = "/.well-known/jwks.json";

/** Answers the public keys as a JSON Web Key Set (RFC 7517 §5), which caches may keep for a while. */
export function answerPublicKeys(auth: Pick<Auth<Config>, "publicKeys">, request: Request): Promise<Response> {
  return answerPublicDocument(request, async () =>
    toPublicDocument(JSON.stringify(await auth.publicKeys()), jwksMaxAge),
  );
}
