import { randomUUID } from "node:crypto";
import { type Auth, AuthError } from "@latchkey/auth";
import { createTestAuth, type TestDatabase } from "@latchkey/auth/testing";
import { describe, expect, test } from "vitest";
import { createPerson, freshName, password, toAdministrator } from "../permissions/accounts-in-core.ts";

const isLong = process.env.LATCHKEY_LONG === "1";
/** How often two calls meet; more often in the long run, which takes a few minutes for it. */
const rounds = isLong ? 4 : 1;
/** In the ordinary run each meets one of three others, another than the next one does. */
const doMeet = (one: number, other: number) => isLong || (one + other) % 3 === 0;

const declared = ["auth.view_user", "auth.add_user", "notes.add_note"];

interface Round {
  readonly auth: Auth;
  readonly admin: Awaited<ReturnType<typeof toAdministrator>>;
  /** Whom all calls of a round are about. */
  readonly person: { readonly id: string; readonly username: string; readonly refreshToken: string };
  /** Their group, and another one. */
  readonly groups: readonly [string, string];
  readonly groupName: string;
}

/** Everything that an administrator, the operator or the person themselves can do to one account and its groups. */
const calls: Readonly<Record<string, (round: Round) => Promise<unknown>>> = {
  "users.get": ({ auth, person }) => auth.users.get(person.id),
  "users.update to another name": ({ auth, admin, person }) =>
    auth.users.update(admin, person.id, { username: freshName() }),
  "users.update to disabled": ({ auth, admin, person }) => auth.users.update(admin, person.id, { isActive: false }),
  "users.delete": ({ auth, admin, person }) => auth.users.delete(admin, person.id),
  "users.setGroups": ({ auth, admin, person, groups }) => auth.users.setGroups(admin, person.id, groups),
  "users.setGroups to none": ({ auth, admin, person }) => auth.users.setGroups(admin, person.id, []),
  "users.setPermissions": ({ auth, admin, person }) =>
    auth.users.setPermissions(admin, person.id, ["auth.add_user", "auth.view_user"]),
  "users.createPasswordCode": ({ auth, admin, person }) => auth.users.createPasswordCode(admin, person.id),
  "users.endSessions": ({ auth, admin, person }) => auth.users.endSessions(admin, person.id),
  "users.stopPendingChange": async ({ auth, admin, person }) => {
    const { changes } = await auth.users.listPendingChanges(admin, person.id);
    await auth.users.stopPendingChange(admin, person.id, changes[0]?.id ?? person.id);
  },
  "groups.list": ({ auth }) => auth.groups.list({ limit: 100 }),
  "groups.update": ({ auth, admin, groups }) =>
    auth.groups.update(admin, groups[0], { name: freshName(), permissions: ["auth.view_user"] }),
  "groups.delete": ({ auth, admin, groups }) => auth.groups.delete(admin, groups[0]),
  "groups.delete of the other": ({ auth, admin, groups }) => auth.groups.delete(admin, groups[1]),
  grant: ({ auth, person, groupName }) => auth.operator.grant(person.username, { group: groupName }),
  revoke: ({ auth, person, groupName }) => auth.operator.revoke(person.username, { group: groupName }),
  "a new password": ({ auth, person }) => auth.operator.changePassword(person.username, `${password} 2`),
  "a sign-in": ({ auth, admin, person }) => auth.signIn({ username: person.username, password }, admin.facts),
  "a refresh": ({ auth, admin, person }) => auth.refresh(person.refreshToken, admin.facts),
  "permissions.declare": ({ auth, admin }) =>
    auth.declarePermissions(admin, { app: "shop", permissions: ["shop.order", "shop.refund_order"] }),
  "permissions.declare of nothing": ({ auth, admin }) =>
    auth.declarePermissions(admin, { app: "shop", permissions: [], prune: true }),
  "sync-permissions --prune": ({ auth }) => auth.syncPermissions({ prune: true }),
  purge: ({ auth }) => auth.purge(),
};

/** Two groups, with permissions of which an earlier round may have pruned some. */
const makeGroups = `
  with declared as (insert into latchkey.permissions select unnest($1::text[]) on conflict do nothing),
    made as (insert into latchkey.groups (id, name) select * from unnest($2::uuid[], $3::text[]) returning id)
  insert into latchkey.group_permissions select id, permission from made, unnest(array['auth.view_user', 'old.do_thing']) permission`;

/**
 * Somebody with the password of the root and a session, of whom a change waits. What it would do is nothing that anybody can read: it is
 * there to be stopped. They are made beside the core, which would take longer than what is tried.
 */
const makePerson = `
  with person as (insert into latchkey.users (id, username, username_key, password)
      select $2::uuid, $3::text, $3::text, password from latchkey.users where id = $1 returning id),
    session as (insert into latchkey.sessions (id, user_id, refresh_hash, idle_expires_at, expires_at)
      select gen_random_uuid(), id, sha256(id::text::bytea), latchkey.now() + interval '30 days', latchkey.now() + interval '90 days'
        from person returning id, user_id)
  insert into latchkey.pending_changes (id, user_id, session_id, kind, payload, due_at)
    select gen_random_uuid(), user_id, id, 'set_phone', '\\x00', latchkey.now() + interval '1 day' from session`;

interface Prepared {
  readonly rootId: string;
  readonly groups: readonly [string, string];
  readonly groupName: string;
}

async function prepare({ query }: TestDatabase, { rootId, groups, groupName }: Prepared) {
  const person = { id: randomUUID(), username: freshName() };
  await query(makeGroups, [[...declared, "old.do_thing"], groups, [groupName, freshName()]]);
  await query(makePerson, [rootId, person.id, person.username]);
  await query("insert into latchkey.user_groups (user_id, group_id) values ($1, $2)", [person.id, groups[0]]);
  return person;
}

/** What somebody else may have made of an account or a group a moment ago. */
const expected = new Set([
  "not_found",
  "invalid_input",
  "permission_denied",
  "invalid_credentials",
  "account_disabled",
  "session_ended",
]);

const names = Object.keys(calls);

describe.concurrent("two calls at the same moment about the same account and groups are both answered", () => {
  for (const [index, first] of names.entries()) {
    const others = names.filter((_, other) => other >= index && doMeet(index, other));
    // The ordinary run has the first three, each beside another third of all: so each call is in some pair.
    test.skipIf(others.length === 0 || (!isLong && index > 2))(
      `${first}, beside ${isLong ? "each of the" : "a third of the"} others`,
      async () => {
        await using service = await createTestAuth({ permissions: ["notes.add_note"] });
        const processes = [service.auth, await service.another()] as const;
        const root = await createPerson(service, { isSuperuser: true });
        const admin = await toAdministrator(service, root);
        const odd: string[] = [];
        for (const second of others) {
          for (let round = 0; round < rounds; round++) {
            const groupName = freshName();
            const groups = [randomUUID(), randomUUID()] as const;
            const { id, username } = await prepare(service.database, { rootId: root.id, groups, groupName });
            const isRefreshed = [first, second].includes("a refresh");
            const signedIn = isRefreshed ? await service.auth.signIn({ username, password }, service.facts) : null;
            const person = { id, username, refreshToken: signedIn?.refreshToken ?? "" };
            const about = { admin, person, groups, groupName };
            const outcomes = await Promise.allSettled([
              calls[first]?.({ ...about, auth: processes[0] }),
              calls[second]?.({ ...about, auth: processes[1] }),
            ]);
            for (const outcome of outcomes) {
              if (outcome.status === "fulfilled") continue;
              const { reason } = outcome;
              if (reason instanceof AuthError && expected.has(reason.code)) continue;
              odd.push(`${first} beside ${second}: ${reason}`);
            }
          }
        }
        expect(odd).toEqual([]);
      },
    );
  }
});
