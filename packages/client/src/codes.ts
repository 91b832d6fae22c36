import type { AnyRouter, inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import type { AppRouter, TokenResponse } from "./api-types.ts";
import type { AuthClient } from "./auth-client.ts";
import { isAuthError } from "./errors.ts";
import type { PersonOf } from "./mounted-router.ts";

type StartInput = inferRouterInputs<AppRouter>["codes"]["start"];
type Challenge = inferRouterOutputs<AppRouter>["codes"]["start"];
type OwnName = inferRouterOutputs<AppRouter>["me"]["phone"]["confirm"];
type Ticket = Extract<inferRouterOutputs<AppRouter>["token"]["obtainByCode"], { ticket: string }>;

/**
 * `enter` signs in whoever has the number, and lets everybody else register; `sign_in` is for people who have an account. For whoever is
 * signed in: `prove_phone` and `prove_email` prove their number or address, or give them another, and `reauthenticate` shows, where the account
 * has no password, that it is them.
 */
export type CodePurpose = StartInput["purpose"] | "prove_phone" | "prove_email";

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
  const { internals } = client;
  const own = findOwn(purpose);
  const answer = (await (own
    ? call(client, `me.${own}.start`, { to: to || undefined, locale })
    : purpose === "reauthenticate"
      ? call(client, "codes.start", { purpose, current: to, locale })
      : internals.ask("codes.start", { purpose, to, locale }))) as Challenge;
  const clockOffset = toTime(answer.expiresAt) - lifetime - Date.now();
  const kept = { ...toKept(answer, clockOffset), purpose, to };
  write(client, purpose, kept);
  return toSentCode(client, kept);
}

/** Which of the person's own names a purpose is about; undefined for every other purpose. */
const findOwn = (purpose: CodePurpose) => /^prove_(.*)/.exec(purpose)?.[1];

/** Calls as the person who is signed in. */
const call = ({ internals: { api, paths } }: Client, procedure: string, input: object) =>
  api.mutation(paths.at(procedure), input);

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
  const internals = client.internals;
  const { challenge, purpose, to } = first;
  let kept = first;
  /** Another code may have been asked for meanwhile, which stays. */
  const forget = () => {
    if (read(client, purpose)?.challenge === challenge) write(client, purpose, null);
  };
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
      const answer = (await internals.ask("codes.resend", { challenge })) as Challenge;
      kept = { ...kept, ...toKept(answer, kept.clockOffset) };
      write(client, purpose, kept);
    },
    async confirm(code, more) {
      try {
        const outcome = await confirmCode<Person>(client, purpose, { challenge, code, ...(findOwn(purpose) && more) });
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
}

async function confirmCode<Person>(client: Client, purpose: CodePurpose, shown: Shown): Promise<CodeOutcome<Person>> {
  const { internals } = client;
  const own = findOwn(purpose);
  if (own || purpose === "reauthenticate") {
    const done = (await call(client, own ? `me.${own}.confirm` : "me.reauthenticate", shown)) as Partial<OwnName>;
    const user = internals.getSnapshot().user as Person;
    return { next: "done", user, ...(own && { pending: toPending(done.pending) }) };
  }
  const answer = (await internals.ask("token.obtainByCode", shown)) as TokenResponse | Ticket;
  if ("ticket" in answer)
    return { next: answer.next, ticket: answer.ticket, ticketExpiresAt: new Date(answer.ticketExpiresAt) };
  return { next: "done", user: answer.user as Person };
}

/** Dates are text unless the router's transformer keeps them. */
function toPending(pending: OwnName["pending"] | undefined): PendingChange | null {
  if (!pending) return null;
  return { ...pending, createdAt: new Date(pending.createdAt), dueAt: new Date(pending.dueAt) };
}

/** Of two clients in one tab, neither finds the codes of the other's service. */
const keyOf = ({ base }: Client["internals"], purpose: CodePurpose) =>
  `latchkey.code.${purpose}${base ? ` ${base}` : ""}`;

/** Of clients where there are no tabs: a program on a phone, or on a server, where many people share one process. */
const memory = new WeakMap<object, Map<string, string>>();

const hasTabs = "document" in globalThis;

function write({ internals }: Client, purpose: CodePurpose, kept: Kept | null): void {
  const [key, text] = [keyOf(internals, purpose), JSON.stringify(kept)];
  memory.set(internals, (memory.get(internals) ?? new Map<string, string>()).set(key, text));
  try {
    if (hasTabs) sessionStorage.setItem(key, text);
  } catch {
    // A page that may store nothing forgets at a reload.
  }
}

function read({ internals }: Client, purpose: CodePurpose): Kept | null {
  try {
    const key = keyOf(internals, purpose);
    const text = memory.get(internals)?.get(key) ?? (hasTabs ? sessionStorage.getItem(key) : null);
    const kept = JSON.parse(text ?? "null") as Kept | null;
    return typeof kept?.challenge === "string" && typeof kept.to === "string" ? kept : null;
  } catch {
    return null;
  }
}
