import { createServerSession } from "@latchkey/client/server";
import { createTRPCClient } from "@trpc/client";
import { expect, vi } from "vitest";
import { call, startLiveServer } from "../live-server.ts";
import { type NotesRouter, startNotesService } from "./notes-service.ts";
import { test as base, credentials, openProgram, openSignedIn } from "./sdk-process.ts";

const refusal = (reason: string) => expect.objectContaining({ data: expect.objectContaining({ reason }) });

/** A service with two APIs of a team's own beside it. */
const test = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads here what a fixture needs
  .extend("team", { scope: "file" }, async ({}, { onCleanup }) => {
    const service = await startLiveServer({ tokens: { audience: ["latchkey", "notes", "stock"] } });
    const [notes, stock] = [await startNotesService(service), await startNotesService(service, "stock")];
    onCleanup(async () => {
      for (const part of [notes, stock, service]) await part[Symbol.asyncDispose]();
    });
    await service.test.auth.createUser(credentials);
    return { service, notes, stock };
  });

const bearerOf = ({ authorization = "" }: { authorization?: string }) => authorization.replace("Bearer ", "");

test("each API gets a token of its own, which opens neither the service nor the other API", async ({ team }) => {
  const { service, notes, stock } = team;
  const { auth, network } = await openSignedIn(service);
  const api = createTRPCClient<NotesRouter>({
    links: [auth.link({ url: notes.url, audience: "notes", fetch: network.fetch })],
  });
  const user = auth.getSnapshot().user;
  expect(await api.whoami.query()).toBe(user?.id);

  const [forNotes, forStock, own] = [
    bearerOf(await auth.headers({ audience: "notes" })),
    bearerOf(await auth.headers({ audience: "stock" })),
    bearerOf(await auth.headers()),
  ];
  expect(new Set([forNotes, forStock, own]).size).toBe(3);
  expect(network.requests.filter(({ procedures }) => procedures[0] === "whoami")).toMatchObject([
    { authorization: `Bearer ${forNotes}` },
  ]);

  for (const procedure of ["me.get", "me.permissions", "sessions.list", "me.export"])
    expect((await call(service.url, procedure, { token: forNotes })).body.data.reason, procedure).toBe("token_invalid");
  const action = await call(service.url, "token.exchange", { token: forNotes, input: { audience: "stock" } });
  expect(action.body.data.reason).toBe("token_invalid");
  const openWith = (url: string, token: string) =>
    fetch(`${url}/whoami`, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);
  expect(await openWith(notes.url, forNotes)).toBe(200);
  expect(await openWith(stock.url, forStock)).toBe(200);
  expect(await openWith(stock.url, forNotes)).toBe(401);
  expect(await openWith(notes.url, forStock)).toBe(401);
  expect(await openWith(notes.url, own)).toBe(401);
});

test("an API's token is asked for once for all calls, and anew once the session's own is another", async ({ team }) => {
  const { auth, network } = await openSignedIn(team.service);
  const ask = () => auth.headers({ audience: "notes" });
  const [first, second] = await Promise.all([ask(), ask()]);
  expect(second).toEqual(first);
  expect(await ask()).toEqual(first);
  expect(network.count("token.exchange")).toBe(1);
  await auth.api.me.changePassword.mutate({
    currentPassword: credentials.password,
    newPassword: credentials.password,
  });
  expect(await ask()).not.toEqual(first);
  expect(network.count("token.exchange")).toBe(2);
});

test("an API at another address is sent no token without its audience, unless that is said", async ({ team }) => {
  const { auth } = await openSignedIn(team.service);
  const { url } = team.notes;
  expect(() => auth.link({ url })).toThrow("The audience of the API is missing");
  expect(() => auth.link({ url, dangerouslySendSessionToken: true })).not.toThrow();
  expect(() => auth.link({ url: `${team.service.url}/orders` })).not.toThrow();
});

test("on a page of the service, its paths are at its own address, and what browsers read as another's is not", async ({
  team,
}) => {
  const { auth } = await openSignedIn(team.service);
  const { host } = new URL(team.notes.url);
  vi.stubGlobal("location", { origin: team.service.url });
  try {
    for (const url of ["/trpc", "", ".", "trpc", "trpc/own", "./trpc"])
      expect(() => auth.link({ url }), url).not.toThrow();
    for (const url of [
      `//${host}`,
      `/\\${host}`,
      `\\\\${host}`,
      `/\t/${host}`,
      ` //${host}`,
      `http:/${host}`,
      `http:${host}`,
    ])
      expect(() => auth.link({ url }), url).toThrow("The audience of the API is missing");
  } finally {
    vi.unstubAllGlobals();
  }
});

test("an audience that the service does not know is told as what it is, and signs nobody out", async ({ team }) => {
  const { auth } = await openSignedIn(team.service);
  const api = createTRPCClient<NotesRouter>({ links: [auth.link({ url: team.notes.url, audience: "other" })] });
  await expect(api.whoami.query()).rejects.toEqual(refusal("invalid_input"));
  expect(auth.getSnapshot().status).toBe("signedIn");
});

test("nobody has a token for an API, and who has signed out has none any more", async ({ team }) => {
  const { auth } = openProgram(team.service);
  expect(await auth.headers({ audience: "notes" })).toEqual({});
  await auth.signIn(credentials);
  expect(await auth.headers({ audience: "notes" })).toHaveProperty("authorization");
  await auth.signOut();
  expect(await auth.headers({ audience: "notes" })).toEqual({});
});

test("a server that renders gets a token for an API by the session of its browser", async ({ team }) => {
  const serverSession = createServerSession({ url: team.service.url });
  const session = await serverSession(new Request("http://app.example"));
  expect(await session.token({ audience: "notes" })).toBeUndefined();
  const { id } = await session.signIn(credentials);
  const token = await session.token({ audience: "notes" });
  const answer = await fetch(`${team.notes.url}/whoami`, { headers: { authorization: `Bearer ${token}` } });
  expect(await answer.json()).toMatchObject({ result: { data: id } });
});
