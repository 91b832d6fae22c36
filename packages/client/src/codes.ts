import type { AnyRouter, inferRouterInputs } from "@trpc/server";
import type { AnswerOf, AppRouter } from "./api-types.ts";
import type { AuthClient } from "./auth-client.ts";
import { isAuthError } from "./errors.ts";
import type { PersonOf } from "./mounted-router.ts";
import { findTabStorage } from "./tab-storage.ts";

type StartInput = inferRouterInputs<AppRouter>["codes"]["start"];
type Challenge = AnswerOf<"codes.start">;
type OwnName = AnswerOf<"me.phone.confirm">;
type Ticket = Extract<AnswerOf<"token.obtainByCode">, { ticket: string }>;

/**
 * `enter` signs in whoever has the number, and lets everybody else register; `sign_in` is for people who have an account. For whoever is
 * signed in: `prove_phone` and `prove_email` prove their number or address, or give them another, and `reauthenticate` shows, where the account
 * has no password, that it is them.
 */
export type CodePurpose = StartInput["purpose"] | "prove_phone" | "prove_email";

/** What a code is asked for, and where it goes. */
export interface CodeInput {
  /** `enter` unless said. */
  readonly purpose?: CodePurpose;
  /**
   * A phone number in any usual spelling, or an e-mail address; with `sign_in` a username as well. With `reauthenticate` it is `phone` or
   * `email`, which of the account's own. With `prove_phone` and `prove_email` nothing is the account's own.
   */
  readonly to?: string | undefined;
  /** The language of the message, other than the browser's. */
  readonly locale?: string;
}

/** A change that waits, and until when, by the service's clock. */
export type PendingChange = Omit<NonNullable<OwnName["pending"]>, "createdAt" | "dueAt"> & {
  readonly createdAt: Date;
  readonly dueAt: Date;
};

/** What a right code did. */
export type CodeOutcome<Person> =
  /** The person is signed in, or has proved what they meant to; `pending` is what waits then, such as another number. */
  | { readonly next: "done"; readonly user: Person; readonly pending?: PendingChange | null }
  /**
   * The number is proved, and nobody has it (`register`: hand the ticket to `account.register`), or its account asks for more than a code
   * (`another_way`: hand it to `signIn` beside the account's password).
   */
  | { readonly next: Ticket["next"]; readonly ticket: string; readonly ticketExpiresAt: Date };

/** A code that was asked for, in this tab. It is still there after a reload. */
export interface SentCode<Person> {
  readonly purpose: CodePurpose;
  /** What was typed. */
  readonly to: string;
  /** How it goes; null where that would tell something of the account. */
  readonly channel: Challenge["channel"];
  /** How many digits it has. */
  readonly digits: Challenge["digits"];
  /** When it is good no more, by this device's clock, however wrong that is. */
  readonly expiresAt: Date;
  /** When it can be sent once more; asking before sends nothing. */
  readonly resendAt: Date;
  /** Sends the same code once more. */
  resend(): Promise<void>;
  /**
   * Uses the code as it was typed. Throws {@link isAuthError} `code_invalid`, after which it may be typed again, `code_expired`,
   * `rate_limited`, …; with `prove_phone` and `prove_email` `identifier_taken` where another account has it: `isNotMine` says that it is
   * another person's.
   */
  confirm(code: string, more?: { readonly isNotMine: boolean }): Promise<CodeOutcome<Person>>;
  /** Forgets it, so that another number can be typed. */
  forget(): void;
}

/** A client that signs in by codes as well. */
export interface CodeClient<Router extends AnyRouter = AppRouter> extends AuthClient<Router> {
  /** Sends a code. Throws {@link isAuthError} `invalid_input`, `rate_limited`, `unavailable`, … */
  startCode(input: CodeInput): Promise<SentCode<PersonOf<Router>>>;
  /** The code that was asked for in this tab and is still good; null when there is none. */
  findCode(purpose?: CodePurpose): SentCode<PersonOf<Router>> | null;
  /** Signs in by a password, or by the code that was asked for in this tab: `signIn({ phone, code })`. */
  signIn(credentials: Parameters<AuthClient<Router>["signIn"]>[0]): Promise<PersonOf<Router>>;
  signIn(credentials: { readonly phone: string; readonly code: string }): Promise<CodeOutcome<PersonOf<Router>>>;
}

/**
 * Adds codes to a client. They are apart so that they cost only those who use them.
 *
 * @example
 * const auth = withCodes(createAuthClient({ url }));
 * const code = await auth.startCode({ to: "+90 532 123 45 67" });
 * const outcome = await code.confirm("123456");
 * if (outcome.next === "register") await auth.api.account.register.mutate({ ticket: outcome.ticket });
 */
export function withCodes<Router extends AnyRouter = AppRouter>(auth: AuthClient<Router>): CodeClient<Router> {
  const signIn = (credentials: Parameters<typeof auth.signIn>[0] | { phone: string; code: string }) =>
    "phone" in credentials ? confirmFound(auth, credentials) : auth.signIn(credentials);
  return {
    ...auth,
    startCode: (input) => startCode(auth, input),
    findCode: (purpose) => findCode(auth, purpose),
    signIn: signIn as CodeClient<Router>["signIn"],
  };
}

async function confirmFound<Person>(auth: Client, { phone, code }: { phone: string; code: string }) {
  const found = (["enter", "sign_in"] as const).map((purpose) => findCode<Person>(auth, purpose));
  const sent = found.find((one) => one && toComparable(one.to) === toComparable(phone));
  if (!sent) throw new Error("No code was asked for in this tab: call startCode first");
  return sent.confirm(code);
}

/** People group the digits of a number as they like. */
const toComparable = (name: string) => name.replace(/[\s().-]/g, "").toLowerCase();

/** What of a client codes need. */
export type Client = Pick<AuthClient<AnyRouter>, "internals">;

/** What is kept of a code in the tab. */
interface Kept extends Pick<SentCode<unknown>, "purpose" | "to" | "channel" | "digits"> {
  readonly challenge: string;
  /** Milliseconds since the epoch, by this device's clock. */
  readonly expiresAt: number;
  readonly resendAt: number;
  /** Milliseconds by which the service's clock was ahead of this device's. */
  readonly clockOffset: number;
}

/** Milliseconds for which a code is good: a new one tells by its end what time the service has. */
const lifetime = 600_000;

/** See {@link CodeClient.startCode}. */
export async function startCode<Person>(client: Client, input: CodeInput): Promise<SentCode<Person>> {
  const { purpose = "enter", to = "", locale } = input;
  const answer = await askForCode(client, { purpose, to, locale });
  const clockOffset = toTime(answer.expiresAt) - lifetime - Date.now();
  const kept = { ...toKept(answer, clockOffset), purpose, to };
  write(client, purpose, kept);
  return toSentCode(client, kept);
}

interface Asked {
  readonly purpose: CodePurpose;
  readonly to: string;
  readonly locale: string | undefined;
}

function askForCode({ internals: { ask, call } }: Client, { purpose, to, locale }: Asked): Promise<Challenge> {
  switch (purpose) {
    case "prove_phone":
      return call("me.phone.start", { to: to || undefined, locale });
    case "prove_email":
      return call("me.email.start", { to: to || undefined, locale });
    case "reauthenticate":
      // Anything else the service refuses.
      return call("codes.start", { purpose, current: to as "phone" | "email", locale });
    default:
      return ask("codes.start", { purpose, to, locale });
  }
}

/** See {@link CodeClient.findCode}. */
export function findCode<Person>(client: Client, purpose: CodePurpose = "enter"): SentCode<Person> | null {
  const kept = read(client, purpose);
  return kept && kept.expiresAt > Date.now() ? toSentCode(client, kept) : null;
}

const toTime = (date: unknown) => new Date(date as string).getTime();

function toKept({ challenge, channel, digits, expiresAt, resendAt }: Challenge, clockOffset: number) {
  const toHere = (date: unknown) => toTime(date) - clockOffset;
  return { challenge, channel, digits, expiresAt: toHere(expiresAt), resendAt: toHere(resendAt), clockOffset };
}

function toSentCode<Person>(client: Client, first: Kept): SentCode<Person> {
  const { challenge, purpose, to } = first;
  let kept = first;
  /** Another code may have been asked for meanwhile, which stays, or this one have been forgotten. */
  const replace = (next: Kept | null) => {
    if (read(client, purpose)?.challenge === challenge) write(client, purpose, next);
  };
  const forget = () => replace(null);
  return {
    ...{ purpose, to, channel: first.channel, digits: first.digits },
    get expiresAt() {
      return new Date(kept.expiresAt);
    },
    get resendAt() {
      return new Date(kept.resendAt);
    },
    forget,
    async resend() {
      const answer = await client.internals.ask("codes.resend", { challenge });
      kept = { ...kept, ...toKept(answer, kept.clockOffset) };
      replace(kept);
    },
    async confirm(code, more) {
      try {
        const outcome = await confirmCode<Person>(client, purpose, { challenge, code, more });
        forget();
        return outcome;
      } catch (error) {
        if (isAuthError(error, "code_expired")) forget();
        throw error;
      }
    },
  };
}

/** What is shown of a code. */
interface Shown {
  readonly challenge: string;
  readonly code: string;
  readonly more: { readonly isNotMine: boolean } | undefined;
}

async function confirmCode<Person>(
  { internals: { ask, call, getSnapshot } }: Client,
  purpose: CodePurpose,
  { more, ...shown }: Shown,
): Promise<CodeOutcome<Person>> {
  /** After the call, which may have changed the person. */
  const done = () => ({ next: "done" as const, user: getSnapshot().user as Person });
  const proved = ({ pending }: OwnName) => ({ ...done(), pending: toPending(pending) });
  switch (purpose) {
    case "prove_phone":
      return call("me.phone.confirm", { ...shown, ...more }).then(proved);
    case "prove_email":
      return call("me.email.confirm", { ...shown, ...more }).then(proved);
    case "reauthenticate":
      return call("me.reauthenticate", shown).then(done);
  }
  const answer = await ask("token.obtainByCode", shown);
  if ("ticket" in answer)
    return { next: answer.next, ticket: answer.ticket, ticketExpiresAt: new Date(answer.ticketExpiresAt) };
  return { next: "done", user: answer.user as Person };
}

/** Dates are text unless the router's transformer keeps them. */
function toPending(pending: OwnName["pending"]): PendingChange | null {
  if (!pending) return null;
  return { ...pending, createdAt: new Date(pending.createdAt), dueAt: new Date(pending.dueAt) };
}

/** Of two clients in one tab, neither finds the codes of the other's service. */
const storageOf = ({ internals }: Client, purpose: CodePurpose) =>
  findTabStorage(internals, `latchkey.code.${purpose}${internals.base ? ` ${internals.base}` : ""}`);

function write(client: Client, purpose: CodePurpose, kept: Kept | null): void {
  const storage = storageOf(client, purpose);
  try {
    if (kept) storage.set(JSON.stringify(kept));
    else storage.remove();
  } catch {
    // A page that may store nothing forgets at a reload.
  }
}

function read(client: Client, purpose: CodePurpose): Kept | null {
  try {
    const kept = JSON.parse(storageOf(client, purpose).get() ?? "null") as Kept | null;
    return typeof kept?.challenge === "string" && typeof kept.to === "string" ? kept : null;
  } catch {
    return null;
  }
}
