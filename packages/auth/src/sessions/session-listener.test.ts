import { afterEach, beforeEach, expect, test } from "vitest";
import type { Auth } from "../auth.ts";
import type { Principal } from "../flows/steps/core.ts";
import { sha256 } from "../secrets.ts";
import { createTestAuth, showTotp, type TestAuth, testSecret } from "../testing/index.ts";
import { codeOf, freshFacts, freshUsername, password } from "../testing/people.ts";
import type { SessionEnd } from "./session.ts";
import type { SessionChange } from "./session-listener.ts";

const newPassword = "a better horse battery";
const newSecret = "Zk3vR9qLw7TnXc2Yb8HsJd5GfMp4Ua6EkQ1";
const day = 86_400;

let told: SessionChange[];
let service: TestAuth;
let auth: Auth;
beforeEach(async () => {
  told = [];
  service = await createTestAuth({ sessions: { perUser: 3 }, onSessionChange: (change) => told.push(change) });
  auth = service.auth;
});
afterEach(() => service[Symbol.asyncDispose]());

interface Person {
  readonly id: string;
  readonly username: string;
  readonly caller: Principal;
  readonly refreshToken: string;
}

const signIn = (username: string, by = auth) => by.signIn({ username, password }, freshFacts(service));

/** Somebody with two sessions. */
async function createPerson(): Promise<Person> {
  const username = freshUsername();
  const { id } = await auth.createUser({ username, password });
  await signIn(username);
  const { token, refreshToken } = await signIn(username);
  return { id, username, refreshToken, caller: await auth.authenticate([`Bearer ${token}`]) };
}

/** What ends a session, by the reason that its row has then. */
const endings: Readonly<Record<SessionEnd, (person: Person) => Promise<unknown>>> = {
  signed_out: ({ refreshToken }) => auth.signOut(refreshToken, service.facts),
  revoked: ({ caller }) => auth.revokeOtherSessions(caller, service.facts),
  password_changed: async ({ caller, username }) => {
    await auth.changePassword(caller, { currentPassword: password, newPassword }, service.facts);
    await auth.operator.changePassword(username, password);
  },
  refresh_token_reused: async ({ refreshToken }) => {
    const { token } = await auth.refresh(refreshToken, service.facts);
    await auth.authenticate([`Bearer ${token}`]);
    await service.clock.advance(31);
    expect(await auth.refresh(refreshToken, service.facts).catch(codeOf)).toBe("refresh_token_reused");
  },
  too_many_sessions: async ({ username }) => {
    for (let session = 3; session <= 5; session += 1) await signIn(username);
  },
  ended_by_administrator: async ({ username }) => {
    await auth.operator.endSessions(username);
    await signIn(username);
    await auth.operator.requirePasswordChange(username);
    const [disabled, other] = [await createPerson(), await createPerson()];
    await auth.operator.update(disabled.username, { isActive: false });
    await auth.operator.endSessions(other.username, other.caller.session.id);
  },
  old_name_changed: async ({ id, username }) => {
    const { importedUsers } = auth;
    const see = async (name: string) => {
      await service.clock.advance(1);
      const round = await importedUsers.startRound({ source: "django", startedAt: service.clock.now() });
      await importedUsers.record(round, [{ oldId: "7", username: name, phoneNumber: null }]);
      await importedUsers.completeRound(round, { people: 1 });
    };
    await see(username);
    await importedUsers.link({ source: "django", oldId: "7" }, id);
    await service.database.query("update latchkey.sessions set adopted_from = 'django' where user_id = $1", [id]);
    await see(`${username}_then`);
  },
  second_factor_changed: async ({ caller }) => {
    const { ticket, secret } = await auth.startTotp(caller, service.facts);
    await auth.confirmTotp(caller, { ticket, totp: await showTotp(service, secret) }, service.facts);
  },
  deletion_requested: ({ caller }) => auth.deleteOwnAccount(caller, service.facts),
  authorization_code_reused: async ({ caller }) => {
    const app = { clientId: "shop", redirectUri: "https://shop.example.com/signed-in" };
    const codeVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const codeChallenge = sha256(Buffer.from(codeVerifier)).toString("base64url");
    const { code } = await auth.startRedirect(caller, { ...app, codeChallenge });
    await auth.signInByRedirect({ code, codeVerifier, ...app }, service.facts);
    await auth.signInByRedirect({ code, codeVerifier, ...app }, service.facts).catch(codeOf);
  },
  // Last: it ends what the others have left.
  secret_changed: async () => {
    const next = await service.another({ secret: [newSecret, testSecret] });
    await next.reseal({ compromised: true });
  },
};

function countEnds(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const change of told)
    if (change.change === "ended") counts[change.because] = (counts[change.because] ?? 0) + change.count;
  return counts;
}

const countOpened = () => told.filter(({ change }) => change === "opened").length;

async function readEnds(): Promise<Record<string, number>> {
  const rows = await service.database.query<{ reason: string; count: number }>(
    `select end_reason as reason, count(*)::int as count from latchkey.sessions
      where ended_at is not null group by end_reason order by end_reason`,
  );
  return Object.fromEntries(rows.map(({ reason, count }) => [reason, count]));
}

test("whatever ends a session is told once, with the reason that its row has, and so is whatever opens one", async () => {
  for (const [reason, end] of Object.entries(endings)) {
    const before = countEnds();
    await end(await createPerson());
    const after = countEnds();
    const changed = Object.keys(after).filter((word) => after[word] !== before[word]);
    expect(changed, reason).toEqual([reason]);
  }
  expect(countEnds()).toEqual(await readEnds());
  const [{ count } = { count: 0 }] = await service.database.query<{ count: number }>(
    "select count(*)::int as count from latchkey.sessions",
  );
  expect(countOpened()).toBe(count);
});

test("everybody's sessions are told as one count each step, and a second run tells nothing", async () => {
  await createPerson();
  await createPerson();
  await auth.operator.endAllSessions();
  await auth.operator.endAllSessions();
  expect(told.filter(({ change }) => change === "ended")).toEqual([
    { change: "ended", because: "ended_by_administrator", count: 4 },
  ]);
});

test("sessions that go with their account are told, those of them that had ended already only once", {
  tags: ["long"],
}, async () => {
  const person = await createPerson();
  await auth.signOut(person.refreshToken, service.facts);
  await auth.operator.delete(person.username);
  expect(countEnds()).toEqual({ signed_out: 1, user_deleted: 1 });
});

test("sessions that run out are told when they are cleared away, and those that had ended before are not told again", async () => {
  const person = await createPerson();
  await auth.signOut(person.refreshToken, service.facts);
  await service.clock.advance(400 * day);
  await auth.purge();
  await auth.purge();
  expect(countEnds()).toEqual({ signed_out: 1, ran_out: 1 });
});

test("a refresh is told as rotated, repeated or answered again, and what else draws a token anew as none", async () => {
  const { refreshToken, caller } = await createPerson();
  await auth.refresh(refreshToken, service.facts);
  await service.clock.advance(29);
  await auth.refresh(refreshToken, service.facts);
  await service.clock.advance(2);
  const answer = await auth.refresh(refreshToken, service.facts);
  await auth.refresh(answer.refreshToken, service.facts);
  await auth.changePassword(caller, { currentPassword: password, newPassword }, service.facts);
  const refreshed = told.flatMap((change) => (change.change === "refreshed" ? [change.how] : []));
  expect(refreshed).toEqual(["rotated", "repeated", "answered_again", "rotated"]);
});

test("twenty refreshes at once with one token are told as one that rotated and nineteen that were repeated", {
  tags: ["long"],
}, async () => {
  const { refreshToken } = await createPerson();
  const other = await service.another();
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 ? auth : other).refresh(refreshToken, service.facts)),
  );
  const refreshed = told.flatMap((change) => (change.change === "refreshed" ? [change.how] : []));
  expect(refreshed.toSorted()).toEqual([...Array(19).fill("repeated"), "rotated"]);
});
