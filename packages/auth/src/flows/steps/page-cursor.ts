import { AuthError } from "../../errors.ts";
import { isUuid } from "../../uuid.ts";

/** Where a page ended, as a text for the next one. `order` is by what the list is ordered, so that no other list takes it. */
export function writeCursor(order: string, position: string): string {
  return Buffer.from(JSON.stringify([order, position])).toString("base64url");
}

/** @throws AuthError `invalid_input` for what is no cursor of a list in this order */
export function readCursor(cursor: string, order: string): string {
  try {
    const [kind, position] = JSON.parse(Buffer.from(cursor, "base64url").toString());
    const fits = kind === order && typeof position === "string" && !position.includes("\0");
    if (fits && (order !== "id" || isUuid(position))) return position;
  } catch {
    // Said below.
  }
  const message = "The cursor is not one of this list";
  throw new AuthError("invalid_input", message, { issues: [{ path: ["cursor"], code: "invalid_value", message }] });
}

/**
 * Cuts a list to a page.
 *
 * @param found one row more than the page has, where there is another page
 * @param toCursor what the next page begins after, by the last row of this one
 */
export function toPage<Row>(
  found: readonly Row[],
  limit: number,
  toCursor: (last: Row) => string,
): { readonly listed: readonly Row[]; readonly nextCursor: string | null } {
  const listed = found.slice(0, limit);
  const last = found.length > limit ? listed.at(-1) : undefined;
  return { listed, nextCursor: last === undefined ? null : toCursor(last) };
}
