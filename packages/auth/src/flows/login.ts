import type { SignInRefusal } from "../audit/audit-event.ts";
import { recordEvent } from "../audit/audit-log.ts";
import { AuthError } from "../errors.ts";
import { type Identifier, parseIdentifier } from "../identifiers/identifier.ts";
import type { PasswordCheck } from "../passwords/passwords.ts";
import { type Account, findAccount, recordLogin } from "../users/user-store.ts";
import { answerSession, type SessionAnswer } from "./answer-session.ts";
import type { Core, RequestFacts } from "./core.ts";
import { openSession } from "./open-session.ts";

export interface LoginInput {
  /** A username, a phone number in any usual spelling, or an e-mail address. */
  readonly username: string;
  readonly password: string;
}

/**
 * Signs a person in. Whatever is wrong (unknown name, wrong password, inactive account, unusable password), the refusal is the
 * same and took the same work.
 *
 * @throws AuthError `invalid_credentials`, `overloaded`
 */
export async function login(core: Core, input: LoginInput, facts: RequestFacts): Promise<SessionAnswer> {
  const identifier = parseIdentifier(input.username, core.options.phones);
  const account = identifier && (await findAccount(core.db, identifier));
  const check = await core.passwords.verify(input.password, account?.password ?? null);
  if (!identifier || !account?.isActive || !check.matches) {
    return refuse(core, { identifier, account, because: findReason(account, check), facts });
  }
  const nextHash = (check.needsRehash && (await tryRehash(core, input.password))) || account.password;
  const opened = await core.db.transaction().execute(async (transaction) => {
    const user = await recordLogin(transaction, { id: account.id, verifiedHash: account.password, nextHash });
    if (!user) return null;
    const happened = { event: "signed_in", identifier: identifier.kind } as const;
    await recordEvent(transaction, happened, { ...facts, actorId: user.id, subjectId: user.id });
    return openSession(core, transaction, { user, facts });
  });
  // The account changed while the password was being checked: what was checked no longer counts.
  return opened ? answerSession(core, opened) : login(core, input, facts);
}

function findReason(account: Account | null, check: PasswordCheck): SignInRefusal {
  if (!account) return "unknown_user";
  if (!check.isUsable) return "unusable_password";
  return check.matches ? "inactive_account" : "wrong_password";
}

interface Refusal {
  readonly identifier: Identifier | null;
  readonly account: Account | null;
  readonly because: SignInRefusal;
  readonly facts: RequestFacts;
}

async function refuse(core: Core, { identifier, account, because, facts }: Refusal): Promise<never> {
  const happened = { event: "sign_in_refused", identifier: identifier?.kind ?? "none", because } as const;
  await recordEvent(core.db, happened, { ...facts, actorId: null, subjectId: account?.id ?? null });
  throw new AuthError("invalid_credentials", "Invalid credentials");
}

/** A new hash under the present settings; null when the service is too busy, since the next sign-in can do it as well. */
async function tryRehash(core: Core, password: string): Promise<string | null> {
  try {
    return await core.passwords.hash(password);
  } catch (error) {
    if (error instanceof AuthError && error.code === "overloaded") return null;
    throw error;
  }
}
