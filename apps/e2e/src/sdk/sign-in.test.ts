import { createServerClient, isAuthError } from "@latchkey/client";
import { createTRPCClient } from "@trpc/client";
import { expect } from "vitest";
import { type NotesRouter, startNotesService } from "./notes-service.ts";
import { credentials, onlyTheMark, openProgram, openSignedIn, pastExpiry, readStored, test } from "./sdk-process.ts";

const wrong = { ...credentials, password: "wrong horse battery" };
const refusal = (reason: string) => expect.objectContaining({ data: expect.objectContaining({ reason }) });
const statuses = ({ shown }: ReturnType<typeof openProgram>) => shown.map(({ status }) => status);

test("a wrong password is `invalid_credentials` and changes nothing, for a stranger and for who is signed in", async ({
  live,
}) => {
  const stranger = openProgram(live);
  const alice = await openSignedIn(live);
  for (const program of [stranger, alice]) {
    await program.auth.headers();
    const [before, stored, changes] = [program.auth.getSnapshot(), await readStored(program), program.shown.length];
    const error = await program.auth.signIn(wrong).catch((thrown: unknown) => thrown);
    expect(isAuthError(error, "invalid_credentials")).toBe(true);
    expect(isAuthError(error, "rate_limited")).toBe(false);
    expect(program.auth.getSnapshot()).toBe(before);
    expect(await readStored(program)).toEqual(stored);
    expect(program.shown).toHaveLength(changes);
  }
});

test("what is no refusal of the service is no auth error", () => {
  const others = [
    new Error("no"),
    Object.assign(new Error(), { data: {} }),
    { data: { reason: "token_expired" } },
    null,
  ];
  for (const error of others) expect(isAuthError(error)).toBe(false);
});

test("whoever signs in is shown, and the token goes with every call to the service by itself", async ({ live }) => {
  const { auth, network } = openProgram(live);
  expect(auth.getSnapshot()).toEqual({ status: "loading", user: null });
  await expect(auth.api.me.get.query()).rejects.toEqual(refusal("token_missing"));
  expect(network.requests.at(-1)?.authorization).toBeNull();

  const user = await auth.signIn(credentials);

  expect(auth.getSnapshot()).toEqual({ status: "signedIn", user });
  expect(await auth.api.me.get.query()).toEqual({ ...user, phoneProofDue: false });
  expect(auth.getSnapshot()).toEqual({ status: "signedIn", user });
  expect(network.requests.at(-1)?.authorization).toBe((await auth.headers()).authorization);
  expect((await fetch(`${live.url}/trpc/me.get`, { headers: await auth.headers() })).status).toBe(200);
});

test("the token goes with calls to an API of one's own, and with no other", async ({ live }) => {
  await using service = await startNotesService(live);
  const { auth, network } = openProgram(live);
  const notes = createTRPCClient<NotesRouter>({ links: [auth.link({ url: service.url, audience: "notes" })] });
  await expect(notes.whoami.query()).rejects.toEqual(refusal("token_missing"));

  const { id } = await auth.signIn(credentials);
  expect(await notes.whoami.query()).toBe(id);

  await auth.signOut();
  expect(await auth.headers()).toEqual({});
  await expect(notes.whoami.query()).rejects.toEqual(refusal("token_missing"));
  const signings = network.requests.filter(({ procedures }) => /^token\.(obtain|revoke)/.test(procedures.join()));
  expect(signings.map(({ authorization }) => authorization)).toEqual([null, null]);
});

test("signing out is shown before the service has heard of it, and then ends the session there", async ({ live }) => {
  const program = await openSignedIn(live);
  const { authorization = "" } = await program.auth.headers();
  let shownBefore = "";
  program.network.breakWith(() => {
    shownBefore = program.auth.getSnapshot().status;
    return undefined;
  });

  await program.auth.signOut();

  expect(shownBefore).toBe("signedOut");
  expect(await program.storage.get()).toEqual(onlyTheMark);
  expect(program.network.count("token.revoke")).toBe(1);
  expect((await fetch(`${live.url}/trpc/me.get`, { headers: { authorization } })).status).toBe(401);
  await expect(program.auth.api.me.get.query()).rejects.toEqual(refusal("token_missing"));
});

test("signing out works without a network, twice, and when nobody was signed in", async ({ live }) => {
  const program = await openSignedIn(live);
  program.network.breakWith(() => Promise.reject(new TypeError("fetch failed")));
  await program.auth.signOut();
  await program.auth.signOut();
  expect(program.auth.getSnapshot().status).toBe("signedOut");
  expect(program.network.count("token.revoke")).toBe(1);

  const stranger = openProgram(live);
  await stranger.auth.signOut();
  expect(stranger.auth.getSnapshot().status).toBe("signedOut");
  expect(stranger.network.requests).toEqual([]);
});

test("a snapshot is the same object until something changes, and each change is told once", async ({ live }) => {
  const program = openProgram(live);
  const { auth, shown } = program;
  await auth.signIn(credentials);
  const signedIn = auth.getSnapshot();
  await Promise.all([auth.api.me.get.query(), auth.api.me.get.query(), auth.api.sessions.list.query()]);
  await live.test.clock.advance(pastExpiry);
  await auth.api.me.get.query();
  expect(program.network.count("token.refresh")).toBe(1);
  expect(auth.getSnapshot()).toBe(signedIn);
  expect(statuses(program)).toEqual(["signedOut", "signedIn"]);

  await auth.api.me.update.mutate({ city: "İzmir" });
  expect(auth.getSnapshot()).toEqual({ status: "signedIn", user: { ...signedIn.user, city: "İzmir" } });
  expect(shown).toHaveLength(3);
  await auth.api.me.update.mutate({ city: "İzmir" });
  expect(shown).toHaveLength(3);

  await auth.signOut();
  expect(statuses(program)).toEqual(["signedOut", "signedIn", "signedIn", "signedOut"]);
  expect(new Set(shown).size).toBe(3);
});

test("whoever stopped listening is told nothing more, and the others are", async ({ live }) => {
  const { auth, shown } = openProgram(live);
  const heard: string[] = [];
  const stop = auth.subscribe(() => heard.push(auth.getSnapshot().status));
  await auth.headers();
  stop();
  stop();
  await auth.signIn(credentials);
  expect(heard).toEqual(["signedOut"]);
  expect(shown).toHaveLength(2);
});

test("changing the password keeps this program signed in with a new pair, and no other", async ({ live }) => {
  const elsewhere = await openSignedIn(live);
  const program = await openSignedIn(live);
  const [before, told] = [await readStored(program), program.shown.length];

  const newPassword = "a new horse battery";
  const answer = await program.auth.api.me.changePassword.mutate({
    currentPassword: credentials.password,
    newPassword,
  });

  expect(await readStored(program)).toMatchObject({ token: answer.token, refreshToken: answer.refreshToken });
  expect(answer.refreshToken).not.toBe(before.refreshToken);
  expect(program.shown).toHaveLength(told);
  expect(await program.auth.headers()).toEqual({ authorization: `Bearer ${answer.token}` });
  await live.test.clock.advance(pastExpiry);
  expect((await program.auth.api.me.get.query()).username).toBe("alice");
  await expect(elsewhere.auth.api.me.get.query()).rejects.toEqual(refusal("session_ended"));
  expect(elsewhere.auth.getSnapshot().status).toBe("signedOut");
});

test("a server's client sends the token that it was given, and renews nothing", async ({ live }) => {
  const program = await openSignedIn(live);
  const { token } = await readStored(program);
  for (const url of [live.url, `${live.url}/`, new URL(live.url)]) {
    const api = createServerClient({ url, token });
    const [me, devices] = await Promise.all([api.me.get.query(), api.sessions.list.query()]);
    expect([me.username, devices.length]).toEqual(["alice", 1]);
  }
  await live.test.clock.advance(pastExpiry);
  const late = createServerClient({ url: live.url, token });
  await expect(late.me.get.query()).rejects.toEqual(refusal("token_expired"));
});
