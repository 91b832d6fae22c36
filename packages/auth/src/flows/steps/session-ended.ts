import { AuthError } from "../../errors.ts";

/** The refusal of a session that has ended, or of whose account nothing is left. */
export function sessionEnded(): AuthError {
  return new AuthError("session_ended", "The session has ended: sign in again");
}
