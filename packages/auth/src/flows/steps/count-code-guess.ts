import type { StoredChallenge } from "../../challenges/challenge-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Scope } from "../../throttling/scope.ts";
import type { Admission } from "../../throttling/throttle.ts";
import { findDeviceOwner } from "../../users/user-store.ts";
import type { Core } from "./core.ts";
import { nobody } from "./gate.ts";
import { findKnownDevice, type ShownDevice } from "./known-device.ts";

export interface CodeGuess extends ShownDevice {
  /** At whose code. */
  readonly guessed: Pick<StoredChallenge, "id" | "userId">;
  /** Who guesses, where they are signed in. */
  readonly actorId?: string;
}

/** None, where nothing is counted. */
export const notCounted: Admission = { counted: [], exhausted: [], isLocked: false };

/**
 * Counts a guess at a code that was sent, before it is compared, where the settings want a last one for each account: a success forgets
 * those before it. Guesses at codes that are about nobody's account take the same work.
 */
export async function countCodeGuess(core: Core, { guessed, actorId, deviceMark }: CodeGuess): Promise<Admission> {
  if (!core.options.codes.hasLastGuess) return notCounted;
  const { id, userId } = guessed;
  const owner = await findDeviceOwner(core.db, userId ?? nobody);
  const isKnown = actorId === userId || findKnownDevice(core, owner, deviceMark) !== null;
  if (userId === null) return core.throttle.consume([{ limit: "nobody", of: [`code ${id}`] }]);
  return core.throttle.consume([{ limit: isKnown ? "code_known_devices" : "code_strangers", of: [userId] }]);
}

const scopesOfPasswordCode = (userId: string): Scope[] => [{ limit: "password_code", of: [userId] }];

/** The same for the code that an administrator handed over; null for a name of nobody's. */
export async function countPasswordCode(core: Core, userId: string | null): Promise<Admission> {
  return core.options.codes.hasLastGuess ? core.throttle.consume(scopesOfPasswordCode(userId ?? nobody)) : notCounted;
}

/** Forgets the guesses at the code before, for a new one, in the transaction that makes it. Call it last, since it holds the counter. */
export async function resetPasswordCode(core: Core, transaction: Queries, userId: string): Promise<void> {
  if (core.options.codes.hasLastGuess) await core.throttle.settle(transaction, [], scopesOfPasswordCode(userId));
}
