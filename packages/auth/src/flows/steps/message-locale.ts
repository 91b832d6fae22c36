import { type RawBuilder, sql } from "kysely";
import { localeOf } from "../../sessions/session-store.ts";

/**
 * The language of a message to a user, as an SQL expression: the one that was asked for, or the person's, or that of the request. The person's
 * comes first of the two, since whoever took an account over would otherwise choose in which language its owner hears of it.
 *
 * @param userId null for nobody's
 */
export function messageLocale(
  userId: string | null,
  { asked = null, request = null }: { readonly asked?: string | null; readonly request?: string | null },
): RawBuilder<string | null> {
  const ofPerson = localeOf(sql<string | null>`${userId}::uuid`);
  return sql<string | null>`coalesce(${asked}::text, ${ofPerson}, ${request}::text)`;
}
