import { endChallenges } from "../../challenges/challenge-store.ts";
import { endSecondFactorTickets } from "../../second-factors/second-factor-ticket-store.ts";
import type { Queries } from "../../storage/database.ts";

/** Ends what is under way for a person, as after a change of their names, password or status: codes, and sign-ins that are half done. */
export async function endPending(transaction: Queries, userId: string): Promise<void> {
  await endChallenges(transaction, userId);
  await endSecondFactorTickets(transaction, userId);
}
