import { AuthError } from "../../errors.ts";
import { comparedForms } from "../../identifiers/compared-forms.ts";
import { parseUsername } from "../../identifiers/username.ts";
import { findOtherOwner, type ImportedKey, type Reservation } from "../../imported-users/imported-user.ts";
import { findReservations } from "../../imported-users/imported-user-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { StoredNames } from "./parse-names.ts";

/** Who asks for a name. */
export interface Asking {
  /** The person of another system to whom it goes. */
  readonly importedFrom?: ImportedKey | undefined;
  /** The account that it goes to, where there is one. */
  readonly userId?: string;
  /** Whether they may know whom the name is kept for. */
  readonly isTrusted: boolean;
}

/**
 * Refuses a username that was somebody else's in another system, whether they came over, were left out, or were deleted here: that
 * system's tokens name people, and would name the wrong one.
 *
 * @throws AuthError `invalid_input`
 */
export async function requireFreeUsername(
  db: Queries,
  { username, usernameKey }: StoredNames,
  { importedFrom, userId, isTrusted }: Asking,
): Promise<void> {
  if (username === undefined || usernameKey === undefined) return;
  const forms = [...new Set([username, usernameKey].flatMap(comparedForms))];
  const owner = findOtherOwner(await findReservations(db, forms), {
    isOwn: (row) =>
      (userId !== undefined && row.userId === userId) ||
      (row.source === importedFrom?.source && row.oldId === importedFrom.oldId),
    isExactly: (oldUsername) => {
      const parsed = parseUsername(oldUsername);
      return parsed.ok && parsed.username === username;
    },
  });
  if (!owner) return;
  const message = isTrusted ? describeOwner(owner) : "is kept for somebody else: choose another";
  const issues = [{ path: ["username"], code: "reserved" as const, message }];
  throw new AuthError("invalid_input", "The username is reserved", { issues });
}

function describeOwner({ source, oldId }: Reservation): string {
  return `is kept for the person ${JSON.stringify(oldId)} of ${source}, whose tokens there have that name or one like it: choose another`;
}
