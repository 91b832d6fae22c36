import { randomUUID } from "node:crypto";
import { type Auth, AuthError } from "@latchkey/auth";
import { createTestAuth, type TestAuth, type TestDatabase } from "@latchkey/auth/testing";
import { describe, expect, test } from "vitest";
import { createPerson, freshName, type Person, password, toAdministrator } from "../permissions/accounts-in-core.ts";
import { procedureMetas } from "../permissions/call-as.ts";

const isLong = process.env.LATCHKEY_LONG === "1";
/** How often the same calls meet; more often in the long run, which takes a few minutes for it. */
const rounds = isLong ? 2 : 1;
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
  /** Who they are to what is their own; the administrator where no call of the round is. */
  readonly own: Awaited<ReturnType<typeof toAdministrator>>;
}

/** Everything that an administrator, the operator or the person themselves can do to one account and its groups. */
const calls: Readonly<Record<string, (round: Round) => Promise<unknown>>> = {
  "users.get": ({ auth, person }) => auth.users.get(person.id),
  "users.list": ({ auth, person }) => auth.users.list({ username: person.username, limit: 10 }),
  "users.create": ({ auth, admin }) => auth.users.create(admin, { username: freshName() }),
  "users.unlock": ({ auth, admin, person }) => auth.users.unlock(admin, person.id),
  "users.listSessions": ({ auth, admin, person }) => auth.users.listSessions(admin, person.id),
  "users.resetSecondFactor": ({ auth, admin, person }) => auth.users.resetSecondFactor(admin, person.id),
  "users.requirePasswordChange": ({ auth, admin, person }) => auth.users.requirePasswordChange(admin, person.id),
  "users.listPendingChanges": ({ auth, admin, person }) => auth.users.listPendingChanges(admin, person.id),
  "users.getWaysIn": ({ auth, admin, person }) => auth.users.getWaysIn(admin, person.id),
  "users.listImported": ({ auth }) => auth.users.listImported({ kind: "reserved", limit: 10 }),
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
  "groups.get": ({ auth, groups }) => auth.groups.get(groups[0]),
  "groups.create": ({ auth, admin, groups }) =>
    auth.groups.create(admin, { name: `of ${groups[0]}`, permissions: ["auth.view_user"] }),
  "groups.update": ({ auth, admin, groups }) =>
    auth.groups.update(admin, groups[0], { name: freshName(), permissions: ["auth.view_user"] }),
  "groups.delete": ({ auth, admin, groups }) => auth.groups.delete(admin, groups[0]),
  "groups.delete of the other": ({ auth, admin, groups }) => auth.groups.delete(admin, groups[1]),
  "operator.grant": ({ auth, person, groupName }) => auth.operator.grant(person.username, { group: groupName }),
  "operator.revoke": ({ auth, person, groupName }) => auth.operator.revoke(person.username, { group: groupName }),
  "operator.changePassword": ({ auth, person }) => auth.operator.changePassword(person.username, `${password} 2`),
  "operator.unlock": ({ auth, person }) => auth.operator.unlock(person.username),
  "operator.update": ({ auth, person }) => auth.operator.update(person.username, { city: "İzmir" }),
  "operator.delete": ({ auth, person }) => auth.operator.delete(person.username),
  "operator.createGroup": ({ auth, groups }) =>
    auth.operator.createGroup({ name: `of ${groups[0]}`, permissions: ["auth.view_user"] }),
  "operator.updateGroup": ({ auth, groupName }) =>
    auth.operator.updateGroup(groupName, { permissions: ["auth.add_user"] }),
  "operator.deleteGroup": ({ auth, groupName }) => auth.operator.deleteGroup(groupName),
  "operator.createPasswordCode": ({ auth, person }) => auth.operator.createPasswordCode(person.username),
  "operator.listSessions": ({ auth, person }) => auth.operator.listSessions(person.username),
  "operator.exportUser": ({ auth, person }) => auth.operator.exportUser(person.username),
  "operator.endSessions": ({ auth, person }) => auth.operator.endSessions(person.username),
  "operator.endAllSessions": ({ auth }) => auth.operator.endAllSessions(),
  "operator.resetSecondFactor": ({ auth, person }) => auth.operator.resetSecondFactor(person.username),
  "operator.requirePasswordChange": ({ auth, person }) => auth.operator.requirePasswordChange(person.username),
  "operator.exportErasures": async ({ auth }) => {
    for await (const _ of auth.operator.exportErasures());
  },
  "operator.replayErasures": ({ auth }) => auth.operator.replayErasures(auth.operator.exportErasures()),
  "operator.listPendingChanges": ({ auth, person }) => auth.operator.listPendingChanges(person.username),
  "operator.stopPendingChange": async ({ auth, person }) => {
    const { changes } = await auth.operator.listPendingChanges(person.username);
    await auth.operator.stopPendingChange(person.username, changes[0]?.id ?? person.id);
  },
  "audit.list": ({ auth, person }) => auth.listAuditEvents({ userId: person.id, limit: 10 }),
  "service.overview": ({ auth }) => auth.readServiceOverview(),
  "service.health": ({ auth, admin }) => auth.checkHealth(admin),
  "service.keys": ({ auth }) => auth.listSigningKeys(),
  "service.rotateKeys": ({ auth, admin }) => auth.rotateKeys({ compromised: false }, admin),
  "messages.overview": ({ auth }) => auth.reportMessages(),
  "messages.history": ({ auth }) => auth.readMessageHistory(),
  "list webhooks": ({ auth }) => auth.reportWebhooks({ limit: 10 }),
  "send webhooks again": ({ auth }) => auth.resendWebhooks({}),
  "apply due changes": ({ auth }) => auth.applyDueChanges(),
  "seal the trail": ({ auth }) => auth.sealAudit(),
  "me.delete": ({ auth, admin, own }) => auth.deleteOwnAccount(own, admin.facts),
  "me.update": ({ auth, admin, own }) => auth.updateProfile(own, { city: "Bursa" }, admin.facts),
  "me.changePassword": ({ auth, admin, own }) =>
    auth.changePassword(own, { currentPassword: password, newPassword: `${password} 3` }, admin.facts),
  "me.reauthenticate": ({ auth, admin, own }) => auth.reauthenticate(own, { password }, admin.facts),
  "me.totp.start": ({ auth, admin, own }) => auth.startTotp(own, admin.facts),
  "me.recoveryCodes.create": ({ auth, admin, own }) => auth.createRecoveryCodes(own, admin.facts),
  "sessions.revokeOthers": ({ auth, admin, own }) => auth.revokeOtherSessions(own, admin.facts),
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

interface Preparing {
  readonly root: Person;
  readonly admin: Round["admin"];
  readonly together: readonly string[];
}

/** A person and two groups for calls that meet, who is signed in where one of them wants it. */
async function prepareRound(service: TestAuth, { root, admin, together }: Preparing): Promise<Omit<Round, "auth">> {
  const groupName = freshName();
  const groups = [randomUUID(), randomUUID()] as const;
  const { query } = service.database;
  // A round may have ended every session.
  await query("update latchkey.sessions set ended_at = null, end_reason = null where user_id = $1", [root.id]);
  const { id, username } = await prepare(service.database, { rootId: root.id, groups, groupName });
  const isSignedIn = together.some(
    (name) => name === "a refresh" || name.startsWith("me.") || name.startsWith("sessions."),
  );
  const signedIn = isSignedIn ? await service.auth.signIn({ username, password }, service.facts) : null;
  const person = { id, username, refreshToken: signedIn?.refreshToken ?? "" };
  return { admin, person, groups, groupName, own: signedIn ? await toAdministrator(service, signedIn) : admin };
}

/** What somebody else may have made of an account or a group a moment ago. */
const expected = new Set([
  "not_found",
  "invalid_input",
  "permission_denied",
  "invalid_credentials",
  "account_disabled",
  "session_ended",
  "changed_meanwhile",
  "identifier_taken",
  "reauthentication_required",
  "password_change_required",
]);

const names = Object.keys(calls);

const administrativeProcedures = Object.entries(procedureMetas)
  .filter(([, { meta }]) => typeof meta.access === "object" || meta.access === "staff")
  .map(([name]) => name);

/** What asks the database nothing, and what is another by its core. */
const leftOut = ["service.settings", "audit.export"];

test("every procedure of administrators and every command of the operator is among them", async () => {
  await using service = await createTestAuth();
  const { users, groups, operator } = service.auth;
  const ofCore = Object.entries({ users, groups, operator }).flatMap(([of, all]) =>
    Object.keys(all).map((name) => `${of}.${name}`),
  );
  const isAmong = (call: string) => names.some((name) => name === call || name.startsWith(`${call} `));
  const missing = [...administrativeProcedures, ...ofCore].filter((call) => !isAmong(call));
  expect(new Set(missing)).toEqual(new Set(leftOut));
});

/** Calls that meet at one moment: the first, and as many others of those that it has not met yet. */
const atOnce = 3;

const inChunks = <T>(all: readonly T[]): readonly (readonly T[])[] =>
  all.flatMap((_, index) => (index % atOnce === 0 ? [all.slice(index, index + atOnce)] : []));

describe.concurrent("calls at the same moment about the same account and groups are all answered", () => {
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
        for (const together of inChunks(others).map((chunk) => [first, ...chunk])) {
          for (let round = 0; round < rounds; round++) {
            const about = await prepareRound(service, { root, admin, together });
            const outcomes = await Promise.allSettled(
              together.map((name, place) => calls[name]?.({ ...about, auth: processes[place % 2 === 0 ? 0 : 1] })),
            );
            for (const [place, outcome] of outcomes.entries()) {
              if (outcome.status === "fulfilled") continue;
              const { reason } = outcome;
              if (reason instanceof AuthError && expected.has(reason.code)) continue;
              odd.push(`${together[place]} among ${together.join(", ")}: ${reason}`);
            }
          }
        }
        expect(odd).toEqual([]);
      },
    );
  }
});
