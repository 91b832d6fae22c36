import { AuthError } from "../../errors.ts";
import type { Admission } from "../../throttling/throttle.ts";
import type { User } from "../../users/user.ts";
import type { UserChanges } from "../../users/user-store.ts";
import type { Actor } from "./authority.ts";
import type { Core, RequestInfo } from "./core.ts";
import { recordExhausted } from "./record-exhausted.ts";

type Contact = Pick<UserChanges, "phoneNumber" | "email">;

interface Guesser {
  readonly user: Pick<User, "id">;
  readonly facts: RequestInfo;
}

/**
 * Counts somebody's search for another person by a whole number or address, where they are shown these masked: what a mask leaves out would be
 * found by trying.
 *
 * @throws AuthError `rate_limited`
 */
export async function countContactSearch(core: Core, guesser: Guesser): Promise<void> {
  await noteExhausted(core, guesser, await consume(core, guesser));
}

/**
 * The same for a number or an address that somebody gives another: counted where it is a third person's, which the refusal tells.
 *
 * @param giver the operator is none, and sees all
 * @param isWhole whether the giver is shown contacts whole, and so has nothing to guess
 * @throws AuthError `rate_limited`, and what `work` throws
 */
export async function countTakenContact<T>(
  core: Core,
  { user, facts }: Pick<Actor, "user" | "facts">,
  { names, isWhole }: { readonly names: Contact; readonly isWhole: boolean },
  work: () => Promise<T>,
): Promise<T> {
  if (!user || isWhole || !hasContact(names)) return work();
  const guesser = { user, facts };
  const admission = await consume(core, guesser);
  let isTaken = false;
  try {
    return await work();
  } catch (error) {
    isTaken = error instanceof AuthError && error.code === "identifier_taken";
    throw error;
  } finally {
    await (isTaken ? noteExhausted(core, guesser, admission) : core.throttle.refund(admission.counted));
  }
}

/** Whether what is given names somebody by more than a username. */
const hasContact = ({ phoneNumber, email }: Contact): boolean => Boolean(phoneNumber ?? email);

const consume = (core: Core, { user }: Guesser): Promise<Admission> =>
  core.throttle.consume([{ limit: "find_by_contact", of: [user.id] }]);

async function noteExhausted(core: Core, { user, facts }: Guesser, admission: Admission): Promise<void> {
  if (admission.exhausted.length === 0) return;
  const about = { ...facts, actorId: user.id, subjectId: null };
  await core.db.transaction().execute((transaction) => recordExhausted(transaction, admission, about));
}
