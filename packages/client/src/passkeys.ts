import type { AnyRouter } from "@trpc/server";
import type { AnswerOf, AppRouter } from "./api-types.ts";
import type { AuthClient, ClientOf } from "./auth-client.ts";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { isAuthError } from "./errors.ts";
import type { PersonOf } from "./mounted-router.ts";
import type { PendingSignIn, SecondFactorOptions } from "./second-factor.ts";

type Started = AnswerOf<"passkeys.start">;
type StartedCreation = AnswerOf<"me.passkeys.start">;

/** What a person's new passkey is answered with: itself, and, once, ten recovery codes for somebody who has none. */
export type AddedPasskey = AnswerOf<"me.passkeys.add">;

type Client = Pick<AuthClient, "internals">;

/** How long the browser asks. */
export interface Asking {
  /** Ends the asking, as the person can. */
  readonly signal?: AbortSignal;
}

/** How somebody is asked for a passkey to sign in. */
export interface PasskeySignIn extends Asking {
  /**
   * Offers passkeys among the names that the browser fills in, in a field with `autocomplete="username webauthn"`, and waits until one is
   * chosen. Without it the browser asks at once, which wants a click.
   */
  readonly autofill?: boolean;
  /** What to call the device in the list of sessions. */
  readonly deviceName?: string;
  /** Of a code that was answered `next: "another_way"`. */
  readonly ticket?: string;
}

/** Whether this page can use passkeys: not in every browser, and not on a connection that others can read. */
export function canUsePasskeys(): boolean {
  return typeof globalThis.PublicKeyCredential === "function";
}

/** Whether the browser offers passkeys among the names that it fills in. */
export async function canAutofillPasskeys(): Promise<boolean> {
  if (!canUsePasskeys()) return false;
  return (await PublicKeyCredential.isConditionalMediationAvailable?.().catch(() => false)) ?? false;
}

/**
 * Signs in by a passkey, without a name or a password, and answers who it is; null where the person chose none, or something else was begun
 * meanwhile. Throws {@link isAuthError} `invalid_credentials` for one that is not good here (any more), `rate_limited`, …
 *
 * @example
 * const user = await signInWithPasskey(auth);
 */
export async function signInWithPasskey<Router extends AnyRouter = AppRouter>(
  { internals }: ClientOf<Router>,
  { autofill = false, signal, ...more }: PasskeySignIn = {},
): Promise<PersonOf<Router> | null> {
  const start = () => internals.ask("passkeys.start", undefined);
  const shown = await get(start, { autofill, ...(signal && { signal }) });
  if (!shown) return null;
  const input = { ...more, passkey: shown.passkey };
  const { user } = await forget(shown, internals.ask("token.obtainByPasskey", input));
  return user as PersonOf<Router>;
}

/**
 * Makes a passkey for the person who is signed in, and answers it; null where they changed their mind. Show its `recoveryCodes`, where there are
 * some: they are told once. Throws {@link isAuthError} `reauthentication_required`, …, and the browser's `InvalidStateError` on a device that has one
 * of this account.
 */
export async function addPasskey(
  { internals }: Client,
  name?: string,
  { signal }: Asking = {},
): Promise<AddedPasskey | null> {
  const { options } = await internals.call("me.passkeys.start", undefined);
  const passkey = await create(options, signal);
  if (!passkey) return null;
  return internals.call("me.passkeys.add", { passkey, ...(name && { name }) });
}

/**
 * Shows in this session, by a passkey, that it is its owner, for what wants that; false where they changed their mind.
 *
 * @example
 * auth.onReauthenticate(async () => {
 *   if (!(await reauthenticateWithPasskey(auth))) throw new Error("Not now");
 * });
 */
export async function reauthenticateWithPasskey({ internals }: Client, by: Asking = {}): Promise<boolean> {
  const shown = await get(() => internals.call("me.passkeys.startReauthentication", undefined), by);
  if (!shown) return false;
  await internals.call("me.reauthenticate", { passkey: shown.passkey });
  return true;
}

/**
 * Signs in with a passkey as the second factor, where `pending.methods` has it, or makes one, where `pending.enroll` has it; null where the person
 * changed their mind. The answer of one that was made may hold recovery codes, which are told once.
 */
export async function showPasskey<Router extends AnyRouter = AppRouter>(
  { internals }: ClientOf<Router>,
  { ticket, enroll }: Pick<PendingSignIn, "ticket" | "enroll">,
  { remember }: SecondFactorOptions = {},
): Promise<{ readonly user: PersonOf<Router>; readonly recoveryCodes: AddedPasskey["recoveryCodes"] } | null> {
  const isNew = enroll.includes("passkey");
  const startEnrolling = () => internals.ask("passkeys.startEnrolling", { ticket });
  const shown = isNew
    ? await create((await startEnrolling()).options).then((made) => made && { newPasskey: made })
    : await get(() => internals.ask("passkeys.startSecondFactor", { ticket })).then(
        (got) => got && { passkey: got.passkey },
      );
  if (!shown) return null;
  const input = { ...shown, ticket, ...(remember && { remember }) };
  const { user, recoveryCodes = null } = await internals.ask("token.obtainBySecondFactor", input);
  return { user: user as PersonOf<Router>, recoveryCodes };
}

/**
 * Makes a passkey with the ticket of `recovery.start`, in the place of a new password, and signs in with it; null where the person changed their
 * mind. `next` is there where the service has refused this sign-in: sign in with the passkey. Show the recovery codes, where there are some.
 */
export async function recoverWithPasskey<Router extends AnyRouter = AppRouter>(
  { internals }: ClientOf<Router>,
  ticket: string,
  { removeSecondFactors }: { readonly removeSecondFactors?: boolean } = {},
): Promise<{
  readonly user: PersonOf<Router> | null;
  readonly recoveryCodes: AddedPasskey["recoveryCodes"];
  readonly next?: "sign_in";
} | null> {
  const { options } = await internals.ask("recovery.startPasskey", { ticket });
  const passkey = await create(options);
  if (!passkey) return null;
  const input = { ticket, passkey, ...(removeSecondFactors && { removeSecondFactors }) };
  const answer = await internals.ask("recovery.setPasskey", input);
  if ("next" in answer) return { user: null, recoveryCodes: null, next: answer.next };
  return { user: answer.user as PersonOf<Router>, recoveryCodes: answer.recoveryCodes ?? null };
}

interface Shown {
  readonly passkey: ReturnType<typeof toAssertion>;
  readonly rpId: string;
}

/** Browsers ask for one passkey at a time: whatever is begun ends what waited. */
let waiting: AbortController | undefined;

/** Milliseconds after which a page that waits with autofill takes another challenge: before the one that it has runs out. */
const renewEvery = 480_000;

async function get(
  start: () => Promise<Started>,
  { autofill = false, signal }: Pick<PasskeySignIn, "autofill" | "signal"> = {},
): Promise<Shown | null> {
  const own = begin(signal);
  while (!own.signal.aborted) {
    const { options } = await start();
    // Something else was begun while the service answered.
    if (own.signal.aborted) return null;
    const turn = new AbortController();
    const stop = () => turn.abort();
    own.signal.addEventListener("abort", stop, { once: true });
    const timer = autofill ? setTimeout(stop, renewEvery) : undefined;
    const credential = await navigator.credentials
      .get({
        publicKey: {
          ...options,
          challenge: toBytes(options.challenge),
          allowCredentials: options.allowCredentials.map(toDescriptor),
        },
        signal: turn.signal,
        ...(autofill && { mediation: "conditional" as const }),
      })
      .catch(unlessDismissed)
      .finally(() => clearTimeout(timer));
    own.signal.removeEventListener("abort", stop);
    if (credential) return { passkey: toAssertion(credential as PublicKeyCredential), rpId: options.rpId };
    // It ran out with nothing chosen, or the person said no.
    if (!turn.signal.aborted) return null;
  }
  return null;
}

async function create(options: StartedCreation["options"], signal?: AbortSignal) {
  const own = begin(signal);
  const credential = await navigator.credentials
    .create({
      publicKey: {
        ...options,
        challenge: toBytes(options.challenge),
        user: { ...options.user, id: toBytes(options.user.id) },
        pubKeyCredParams: [...options.pubKeyCredParams],
        excludeCredentials: options.excludeCredentials.map(toDescriptor),
      },
      signal: own.signal,
    })
    .catch(unlessDismissed);
  return credential ? toRegistration(credential as PublicKeyCredential) : null;
}

function begin(signal?: AbortSignal): AbortController {
  waiting?.abort();
  const own = new AbortController();
  waiting = own;
  signal?.addEventListener("abort", () => own.abort(), { once: true });
  if (signal?.aborted) own.abort();
  return own;
}

/** Browsers tell nobody whether there was no passkey, or none was chosen. */
function unlessDismissed(error: unknown): null {
  if (error instanceof Error && (error.name === "NotAllowedError" || error.name === "AbortError")) return null;
  throw error;
}

/** Has the browser stop to offer a passkey that is not known any more, where it can. */
async function forget<Answer>({ passkey, rpId }: Shown, call: Promise<Answer>): Promise<Answer> {
  return call.catch((error: unknown) => {
    const isUnknown =
      isAuthError(error, "invalid_credentials") && error.data.issues?.some(({ code }) => code === "not_found");
    const { signalUnknownCredential } = PublicKeyCredential as {
      signalUnknownCredential?: (gone: { rpId: string; credentialId: string }) => Promise<void>;
    };
    if (isUnknown) signalUnknownCredential?.({ rpId, credentialId: passkey.id }).catch(() => {});
    throw error;
  });
}

const toBytes = (text: string) => Uint8Array.from(decodeBase64url(text), (character) => character.charCodeAt(0));

const toDescriptor = ({ id, transports }: Started["options"]["allowCredentials"][number]) => ({
  type: "public-key" as const,
  id: toBytes(id),
  transports: [...transports] as AuthenticatorTransport[],
});

function toAssertion({ id, response }: PublicKeyCredential) {
  const { clientDataJSON, authenticatorData, signature, userHandle } = response as AuthenticatorAssertionResponse;
  return {
    id,
    response: {
      clientDataJSON: encodeBase64url(clientDataJSON),
      authenticatorData: encodeBase64url(authenticatorData),
      signature: encodeBase64url(signature),
      userHandle: userHandle && encodeBase64url(userHandle),
    },
  };
}

function toRegistration({ id, response }: PublicKeyCredential) {
  const made = response as AuthenticatorAttestationResponse;
  const [clientDataJSON, attestationObject] = [
    encodeBase64url(made.clientDataJSON),
    encodeBase64url(made.attestationObject),
  ];
  return { id, response: { clientDataJSON, attestationObject, transports: made.getTransports?.() ?? [] } };
}
