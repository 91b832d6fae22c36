import { setTimeout as delay } from "node:timers/promises";
import type { Auth, DatabaseOptions } from "@latchkey/auth";
import { AuthError, withClient } from "@latchkey/auth/import";
import { type Credentials, type OldBackendOptions, type OldTokens, openOldBackend } from "./old-backend.ts";
import { SourceError } from "./old-row.ts";

export interface TokenCheckOptions {
  readonly backend: OldBackendOptions;
  /** Somebody who has an account there and here, and whose password is known: it is a sign-in like any other of theirs. */
  readonly person: Credentials;
  /** The source's name here. */
  readonly source: string;
  readonly connection: DatabaseOptions;
  /** Told while a round is awaited, which takes a minute. */
  readonly onWait: () => void;
}

export interface TriedToken {
  readonly what: string;
  readonly isGood: boolean;
  /** Why not, or what is to be known of it. */
  readonly told: string | null;
}

export interface VerifiedTokens {
  readonly tried: readonly TriedToken[];
  readonly isGood: boolean;
}

type CheckingAuth = Pick<Auth, "options" | "authenticate" | "signIn" | "refresh" | "signOut" | "revokeSession">;

const facts = { requestId: null, address: "127.0.0.1", userAgent: "latchkey import verify" };

/**
 * Tries tokens both ways: signs somebody in at the old backend, whose token must name the same person here; then here, and opens a page of
 * the old backend with that. The sessions that this opens end with it.
 *
 * @throws SourceError where the old backend is away, answers nonsense, or lets in without a token
 */
export async function verifyTokens(auth: CheckingAuth, options: TokenCheckOptions): Promise<VerifiedTokens> {
  if (auth.options.oldTokensUntil === null)
    throw new SourceError("Tokens of the old backend are not accepted here: set LEGACY_SECRET_KEY and LEGACY_UNTIL.");
  const there = openOldBackend(options.backend);
  const refused = await requireClosed(there.openPage, options.backend);
  const old = await there.signIn(options.person);
  const isOpened = await there.openPage(old.access);
  if (isOpened === refused)
    throw new SourceError(
      `${options.backend.pagePath} answers ${isOpened} to the old backend's own token too: say with --old-page where it is taken.`,
    );
  const tried: TriedToken[] = [];
  const note = (what: string, told: string | null) => void tried.push({ what, told, isGood: told === null });

  // Whatever goes wrong from here on, these sessions end.
  await using adopted = await adopt(auth, old.access, options);
  note("an access token of there, here", adopted.told);
  await using session = await signIn(auth, options.person);
  note("the same name and password, here", session.told ?? requireSame(adopted.userId, session.userId));
  if (session.token !== null) {
    const { profile } = auth.options.tokens;
    if (profile === "standard")
      tried.push({ what: "a token of here, there", isGood: true, told: "not tried: TOKEN_PROFILE is standard" });
    else note("a token of here, there", describePage(await there.openPage(session.token), profile, old));
  }
  if (old.refresh !== null) note("a refresh token of there, here", await refresh(auth, old.refresh, session.userId));
  return { tried, isGood: tried.every(({ isGood }) => isGood) };
}

/** A page that lets in without a token, or with any, shows nothing. Answers the status with which it refuses. */
async function requireClosed(
  openPage: (token: string | null) => Promise<number>,
  { pagePath }: OldBackendOptions,
): Promise<number> {
  const isRefused = (status: number) => status === 401 || status === 403;
  const forged = ["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "e30", "c2lnbmVkLWJ5LW5vYm9keQ"].join(".");
  const [without, withForged] = [await openPage(null), await openPage(forged)];
  // Some backends answer 400 to a token that they cannot read.
  if (isRefused(without) && (isRefused(withForged) || withForged === 400)) return without;
  const status = isRefused(without) ? withForged : without;
  const what = isRefused(without) ? "to a token that nobody signed" : "without a token";
  throw new SourceError(
    `${pagePath} answers ${status} ${what}: say with --old-page where the old backend asks for one.`,
  );
}

/** A session of here, which ends when it is disposed of. */
interface Opened extends AsyncDisposable {
  readonly userId: string | null;
  /** Why it was refused. */
  readonly told: string | null;
}

const nothing = { userId: null, [Symbol.asyncDispose]: async () => {} };

async function adopt(auth: CheckingAuth, token: string, options: TokenCheckOptions): Promise<Opened> {
  const take = async (): Promise<Opened> => {
    const principal = await auth.authenticate([`Bearer ${token}`], facts);
    const end = () => auth.revokeSession(principal, principal.session.id, facts).catch(() => {});
    return { userId: principal.user.id, told: null, [Symbol.asyncDispose]: end };
  };
  try {
    return await take();
  } catch (error) {
    const isTooYoung = findRefusal(error) === "younger_than_the_last_round";
    if (!isTooYoung || !(await isSeenAgain(options))) return { ...nothing, told: describeRefusal(error) };
  }
  return take().catch((error: unknown) => ({ ...nothing, told: describeRefusal(error) }));
}

/** Why a genuine token of there was refused, which the caller is not told. */
function findRefusal(error: unknown): string | null {
  const cause = error instanceof AuthError ? error.cause : null;
  return cause instanceof Error && "because" in cause ? String(cause.because) : null;
}

/** Seconds: a round is as good as none when it is older, a token is taken when a round begins a minute after it, and one comes by then. */
const [oldestRound, margin, timeLimit] = [300, 61, 180];

/** Waits for a round of `--follow` that begins late enough for a token of now; false where none comes. */
async function isSeenAgain({ connection, source, onWait }: TokenCheckOptions): Promise<boolean> {
  await using lent = await withClient(connection);
  const readAge = async () => {
    const { rows } = await lent.client.query<{ age: number }>(
      "select extract(epoch from latchkey.now() - seen_at)::float8 as age from latchkey.import_sources where source = $1",
      [source],
    );
    return rows[0]?.age ?? Number.POSITIVE_INFINITY;
  };
  if ((await readAge()) > oldestRound) return false;
  onWait();
  const startedAt = performance.now();
  for (let waited = 0; waited < timeLimit; waited = (performance.now() - startedAt) / 1_000) {
    await delay(1_000);
    if (waited - (await readAge()) > margin) return true;
  }
  return false;
}

const refusals: Readonly<Record<string, string>> = {
  younger_than_the_last_round:
    "it is younger than the last round: let import --apply --follow 30s run meanwhile, or set LEGACY_FROZEN_AT once names change there no more",
  older_than_the_name: "it is not a minute younger than the first round that saw its person: try again in a minute",
  unknown_name: "no person of the last round has its name or id: look at LEGACY_SOURCE",
  no_account: "its person has no account here",
  other_claims: "its username or number is not what the last round saw",
  old_tokens_ended: "its person did something here that ends old tokens, such as a new password",
  blacklist_not_read: "the last round read no blacklist: is token_blacklist an app of there?",
  blacklisted: "it was ended there",
  staff: "its person has rights here: name somebody who has none, or set LEGACY_STAFF=yes",
  second_factor: "its person has a second factor here: name somebody who has none",
};

function describeRefusal(error: unknown): string {
  const because = findRefusal(error);
  if (because !== null) return refusals[because] ?? because;
  if (!(error instanceof AuthError)) throw error;
  const unsigned = error.code === "token_invalid" || error.code === "refresh_token_invalid";
  return unsigned
    ? "it is not signed with LEGACY_SECRET_KEY by HS256, or is of another kind"
    : `${error.message} (${error.code})`;
}

async function signIn(auth: CheckingAuth, { name, password }: Credentials): Promise<Opened & { token: string | null }> {
  try {
    const { user, token, refreshToken } = await auth.signIn({ username: name, password }, facts);
    return { userId: user.id, token, told: null, [Symbol.asyncDispose]: () => auth.signOut(refreshToken, facts) };
  } catch (error) {
    return { ...nothing, token: null, told: describeRefusal(error) };
  }
}

const requireSame = (there: string | null, here: string | null) =>
  there === null || there === here ? null : `the token names the account ${there}, the password the account ${here}`;

function describePage(status: number, profile: string, { refresh }: OldTokens): string | null {
  if (status >= 200 && status < 300) return null;
  const wanted = refresh === null ? "django" : "simplejwt";
  const advice =
    profile === wanted
      ? "is LEGACY_SECRET_KEY its key, and did a round of the last five minutes see the person?"
      : `TOKEN_PROFILE is ${profile}, and its own tokens look like those of ${wanted}`;
  return `it answers ${status}: ${advice}`;
}

async function refresh(auth: CheckingAuth, token: string, userId: string | null): Promise<string | null> {
  try {
    const answer = await auth.refresh(token, facts);
    await auth.signOut(answer.refreshToken, facts);
    return requireSame(answer.user.id, userId ?? answer.user.id);
  } catch (error) {
    return describeRefusal(error);
  }
}
