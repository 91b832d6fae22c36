import type { OldRow } from "../old-row.ts";
import { activeUnless, fromMilliseconds, isRecord, present, textOf, withAttributes } from "./attributes.ts";
import { type JsonShape, toText, toValues } from "./files.ts";

/** An object a line: what Auth0 exports of users, and what its support exports of their hashes. */
export const auth0Shape: JsonShape = {
  toRow({ _id, user_id, blocked, user_metadata, given_name, family_name, ...rest }) {
    const { passwordHash, password_hash, custom_password_hash, created_at, ...others } = rest;
    const hasPassword = [passwordHash, password_hash, custom_password_hash].some((hash) => hash !== undefined);
    const own = present({
      ...toValues(others),
      firstName: textOf(given_name),
      lastName: textOf(family_name),
      ...activeUnless(blocked),
      dateJoined: created_at === undefined ? undefined : readTime(created_at),
      password: hasPassword
        ? (toText(passwordHash ?? password_hash) ?? readCustomHash(custom_password_hash))
        : undefined,
    });
    return { oldId: readId(user_id, _id), values: withAttributes(own, user_metadata), groups: [], permissions: [] };
  },
};

/** A line of its export of users as CSV, in which `user_metadata` is a column like any other. */
export function fromAuth0({ oldId, values: { user_metadata = null, ...values } }: OldRow): OldRow {
  const row = auth0Shape.toRow({ ...values, user_id: oldId }, "");
  return { ...row, values: { ...row.values, user_metadata } };
}

/** As the subject of its tokens has it. In an export of hashes the id has no name of its kind in front. */
function readId(userId: unknown, id: unknown): string {
  const text = toText(userId);
  if (text !== null) return text;
  const bare = isRecord(id) ? toText(id.$oid) : toText(id);
  return bare === null ? "" : `auth0|${bare}`;
}

/** A text, or a date as MongoDB exports it: of either of its forms. */
function readTime(value: unknown): string | null {
  const date = isRecord(value) ? value.$date : value;
  return isRecord(date) ? fromMilliseconds(date.$numberLong) : toText(date);
}

/** Of these a digest has the length of another algorithm's, or is no digest of the password alone. */
const misleading: ReadonlySet<unknown> = new Set(["hmac", "ldap", "md4"]);

/** A hash that was brought into Auth0 from elsewhere; one of several parts is told as unreadable, and not taken for a digest without a salt. */
function readCustomHash(value: unknown): string | null {
  if (!isRecord(value)) return toText(value);
  const { algorithm, hash, salt, password } = value;
  const isOfParts = salt !== undefined || (isRecord(password) && password.encoding !== "utf8");
  return isRecord(hash) && !isOfParts && !misleading.has(algorithm) ? toText(hash.value) : "unreadable";
}
