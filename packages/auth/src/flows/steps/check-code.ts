import { recordEvent } from "../../audit/audit-log.ts";
import type { ChallengePurpose, StoredChallenge } from "../../challenges/challenge-store.ts";
import { AuthError } from "../../errors.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { Admission } from "../../throttling/throttle.ts";
import type { Evidence } from "../../ways-in/may-open.ts";
import type { Core, RequestInfo } from "./core.ts";
import { countAtAddress } from "./count-at-address.ts";
import { countCodeGuess, notCounted } from "./count-code-guess.ts";
import { findNamedAccount } from "./find-named.ts";
import { type GateAccount, readGateAccount } from "./gate.ts";
import type { ShownDevice } from "./known-device.ts";
import { recordExhausted } from "./record-exhausted.ts";
import { refundOnFailure } from "./refund-on-failure.ts";
import { type Target, toIdentifier } from "./start-challenge.ts";

export interface CodeToCheck extends ShownDevice {
  readonly challenge: string;
  readonly code: string;
  readonly purpose: ChallengePurpose;
  readonly sessionId?: string;
  /** Who shows it, where they are signed in. */
  readonly actorId?: string;
  /** What costs work and is done for every code, right or wrong: once the guess is counted by where it comes from, and before it is compared. */
  readonly prepare?: () => Promise<void>;
}

/** A code that was right, in the transaction of its effect. */
export interface RightCode {
  readonly checked: StoredChallenge;
  readonly target: Target;
  /** Who has the number or the address now: the account that had it when the code was asked for, or nobody as then. Its row is held. */
  readonly holder: GateAccount | null;
  /** Uses the code up, as the first of those who try at once. Call it when nothing can be refused any more. */
  consume(): Promise<void>;
}

/**
 * Counts a guess, compares it, and does what the right code is for in one transaction. A right code whose effect is refused gives its guess
 * back.
 *
 * @param effect refuses by {@link codeRefused}
 * @throws AuthError `code_invalid`, `code_expired`, `rate_limited`, and what `effect` throws
 */
export async function withRightCode<T>(
  core: Core,
  { prepare = async () => {}, ...wanted }: CodeToCheck,
  facts: RequestInfo,
  effect: (transaction: Queries, right: RightCode) => Promise<T>,
): Promise<T> {
  const network = toNetwork(facts.address);
  const calls = await countAtAddress(core, "check_code_address", facts);
  await refundOnFailure(core, calls, prepare);
  let guess = notCounted;
  const onGuess = async (guessed: StoredChallenge) => {
    guess = await countCodeGuess(core, { ...wanted, guessed });
  };
  const checked = await refundOnFailure(
    core,
    calls,
    () => core.challenges.check({ ...wanted, sessionId: wanted.sessionId ?? null, onGuess }),
    (error) => !(error instanceof AuthError),
  ).catch((error: unknown) => refuse(core, { error, wanted, guess, facts }));
  if (guess.isLocked) return refuse(core, { error: codeRefused(), wanted, guess, facts });
  try {
    return await core.db.transaction().execute(async (transaction) => {
      const target = toTarget(checked);
      const holder = await holdHolder(core, transaction, target);
      if ((holder?.id ?? null) !== checked.userId) throw codeRefused();
      const done = await effect(transaction, {
        checked,
        target,
        holder,
        consume: async () => {
          await core.challenges.consume(transaction, checked);
          const isProof = target.kind === "phone" && !core.challenges.isFixed(target.address);
          if (isProof) await core.firewall.prove(transaction, target.address, network);
        },
      });
      await core.throttle.settle(transaction, [...calls.counted, ...guess.counted]);
      return done;
    });
  } catch (error) {
    await core.challenges.giveBack(checked);
    // It was right.
    await core.throttle.refund(guess.counted);
    return refuse(core, { error, wanted, guess: { exhausted: [] }, facts });
  }
}

/** What a right code shows, and the device that shows it. */
export function toEvidence({ target }: Pick<RightCode, "target">, deviceId: string | null): Evidence[] {
  const code: Evidence = target.kind === "phone" ? "phone_code" : "email_code";
  return deviceId === null ? [code] : [code, "known_device"];
}

/** The refusal of a code that is right and opens nothing: it is told like a wrong one. */
export function codeRefused(): AuthError {
  return new AuthError("code_invalid", "The code is not right, or was used already", { cause: new NoWayIn() });
}

class NoWayIn extends Error {
  override readonly name = "NoWayIn";
}

/** Where a code was sent. @throws AuthError `code_invalid` for one that was sent nowhere, whose code is never right */
function toTarget({ address }: StoredChallenge): Target {
  if (address === null) throw codeRefused();
  return { kind: address.startsWith("+") ? "phone" : "email", address };
}

/** The account that has a number or an address now, by whichever form it is stored in, with its row held. */
export async function holdHolder(core: Core, transaction: Queries, target: Target): Promise<GateAccount | null> {
  const found = await findNamedAccount(transaction, toIdentifier(target), target.address);
  if (!found) return null;
  const held = await readGateAccount(core, transaction, found.id, { isLocked: true });
  if (!held) return null;
  const now = target.kind === "phone" ? held.phoneNumber : held.emailKey;
  const then = target.kind === "phone" ? found.phoneNumber : target.address;
  return now === then ? held : null;
}

interface Refused {
  readonly error: unknown;
  readonly wanted: CodeToCheck;
  readonly guess: Pick<Admission, "exhausted">;
  readonly facts: RequestInfo;
}

async function refuse(core: Core, { error, wanted, guess, facts }: Refused): Promise<never> {
  const isRefusal = error instanceof AuthError && (error.code === "code_invalid" || error.code === "code_expired");
  if (!isRefusal) throw error;
  const found = await core.challenges.find(wanted.challenge);
  const because =
    error.code === "code_expired" ? "expired_code" : error.cause instanceof NoWayIn ? "no_way_in" : "wrong_code";
  const { actorId = null } = wanted;
  const about = { ...facts, actorId, subjectId: actorId ?? found?.userId ?? null };
  await recordEvent(core.db, { event: "code_refused", purpose: wanted.purpose, because }, about);
  await recordExhausted(core.db, guess, about);
  throw error;
}
