import { sql } from "kysely";
import { recordEvent } from "../audit/audit-log.ts";
import { AuthError } from "../errors.ts";
import { parseIdentifier } from "../identifiers/identifier.ts";
import { createRefreshToken } from "../sessions/refresh-token.ts";
import { clockLeeway } from "../tokens/access-token.ts";
import type { DjangoBearer, VerifiedToken } from "../tokens/verified-tokens.ts";
import { columnOfKind } from "../users/user-store.ts";
import type { Core, RequestFacts, StoredCaller } from "./core.ts";

/**
 * Gives a token of the old backend a session at its first use here. From then on it is bound to that person's id and ends like
 * any other session; until then it names its user by username or phone number, as it did there.
 *
 * Answers null for every other token, and throws `token_invalid` when nobody, or nobody for so long, has had that name: an
 * account whose name or password changed after the token was issued is not the one that it was issued to.
 */
export async function adoptDjangoToken(
  core: Core,
  token: VerifiedToken,
  facts: RequestFacts,
): Promise<StoredCaller | null> {
  if (token.kind === "own") return null;
  await openAdoptedSession(core, token, facts);
  const caller = await core.readCaller(token);
  if (!caller) throw new AuthError("token_invalid", "The token names nobody");
  return caller;
}

async function openAdoptedSession(core: Core, { sessionId, django }: DjangoBearer, facts: RequestFacts): Promise<void> {
  const name = parseIdentifier(django.userIdentifier, core.options.phones);
  if (!name || name.kind === "email") return;
  const endsAt = new Date(django.expiresAt.getTime() + clockLeeway * 1000);
  const { hash } = createRefreshToken(core.refreshKey, sessionId);
  await core.db.transaction().execute(async (transaction) => {
    const { userId } =
      (await transaction
        .insertInto("sessions")
        .columns(["id", "userId", "refreshHash", "idleExpiresAt", "expiresAt", "address", "userAgent"])
        .expression((from) =>
          from
            .selectFrom("users")
            .select(({ val, ref }) => [
              val(sessionId).as("id"),
              ref("users.id").as("userId"),
              val(hash).as("refreshHash"),
              val(endsAt).as("idleExpiresAt"),
              val(endsAt).as("expiresAt"),
              val(facts.address).as("address"),
              val(facts.userAgent).as("userAgent"),
            ])
            .where(columnOfKind[name.kind], "=", name.value)
            .where("credentialsChangedAt", "<=", django.issuedAt)
            .where(sql<boolean>`latchkey.now() < ${endsAt}`)
            // Waits for a change of the password or the name that is under way, and then sees it.
            .forShare(),
        )
        .onConflict((conflict) => conflict.column("id").doNothing())
        .returning("userId")
        .executeTakeFirst()) ?? {};
    if (!userId) return;
    const about = { ...facts, actorId: userId, subjectId: userId };
    await recordEvent(transaction, { event: "legacy_token_adopted" }, about);
  });
}
