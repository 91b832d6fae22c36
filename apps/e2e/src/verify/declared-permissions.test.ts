import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createTestDatabase, testSecret } from "@latchkey/auth/testing";
import { createServerClient } from "@latchkey/client";
import { createLatchkey } from "@latchkey/server";
import { createTokenVerifier } from "@latchkey/verify";
import { createVerifiedBuilders } from "@latchkey/verify/trpc";
import { initTRPC } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, type Person, password } from "../permissions/accounts-in-core.ts";

let live: LiveServer;
let root: Person;
beforeAll(async () => {
  live = await startLiveServer();
  root = await createPerson(live.test, { isSuperuser: true });
});
afterAll(() => live[Symbol.asyncDispose]());

const apiOf = ({ token }: Person) => createServerClient({ url: live.url, token });
const refused = (httpStatus: number, reason: string) =>
  expect.objectContaining({ data: expect.objectContaining({ httpStatus, reason }) });

/** A service of another team, with an account of its own. */
async function openService(permissions: readonly string[] = ["auth.declare_permission"]) {
  const account = await createPerson(live.test, { permissions });
  const { permittedProcedure } = createVerifiedBuilders({
    issuer: "latchkey",
    audience: "latchkey",
    jwks: `${live.url}/.well-known/jwks.json`,
    clock: live.test.clock,
  });
  const t = initTRPC.context<{ authorization: string }>().create({ isDev: false });
  const allows = async (permission: string, { token }: Person) => {
    const router = t.router({ act: t.procedure.concat(permittedProcedure(permission)).mutation(() => "done") });
    const answer = router.createCaller({ authorization: `Bearer ${token}` }).act();
    return answer.then(
      () => true,
      (error) => (error.cause?.code === "permission_denied" ? false : Promise.reject(error)),
    );
  };
  return { declare: apiOf(account).permissions.declare.mutate, allows };
}

test("two services declare what is theirs, an administrator gives it, and each asks for it at every call", async () => {
  const [shop, blog] = [await openService(), await openService()];
  const all = ["add", "change", "delete", "refund", "view"].map((action) => `shop.${action}_order`);
  const declaration = { app: "shop", permissions: ["shop.order", "shop.refund_order"] };
  expect(await shop.declare(declaration)).toEqual({ added: all, removed: [] });
  expect(await shop.declare(declaration)).toEqual({ added: [], removed: [] });
  expect(await blog.declare({ app: "blog", permissions: ["blog.publish_post"] })).toMatchObject({ removed: [] });
  await expect(blog.declare({ app: "shop", permissions: ["shop.steal_order"] })).rejects.toEqual(
    refused(409, "identifier_taken"),
  );

  const [clerk, writer] = [await createPerson(live.test), await createPerson(live.test)];
  expect(await shop.allows("shop.refund_order", clerk)).toBe(false);
  await apiOf(root).users.setPermissions.mutate({ id: clerk.id, permissions: ["shop.refund_order"] });
  const { id } = await apiOf(root).groups.create.mutate({ name: "writers", permissions: ["blog.publish_post"] });
  await apiOf(root).users.setGroups.mutate({ id: writer.id, groupIds: [id] });
  expect(await apiOf(clerk).me.permissions.query()).toEqual(["shop.refund_order"]);
  expect(await shop.allows("shop.refund_order", clerk)).toBe(true);
  expect(await blog.allows("blog.publish_post", writer)).toBe(true);
  expect(await blog.allows("blog.publish_post", clerk)).toBe(false);

  const withdrawn = await shop.declare({ app: "shop", permissions: ["shop.order"], prune: true });
  expect(withdrawn).toEqual({ added: [], removed: ["shop.refund_order"] });
  await shop.declare(declaration);
  expect(await shop.allows("shop.refund_order", clerk)).toBe(false);
  expect(await apiOf(clerk).me.permissions.query()).toEqual([]);

  const { events } = await apiOf(root).audit.list.query({ event: "permissions_declared" });
  expect(events.map(({ detail }) => detail.app)).toEqual(["shop", "shop", "blog", "shop"]);
});

test("who may not declare is refused, and nobody declares what is the core's or the service's own", async () => {
  const [stranger, service] = [await openService([]), await openService()];
  const anonymous = createServerClient({ url: live.url, token: "x.y.z" });
  const declaration = { app: "mail", permissions: ["mail.send_letter"] };
  await expect(stranger.declare(declaration)).rejects.toEqual(refused(403, "permission_denied"));
  await expect(anonymous.permissions.declare.mutate(declaration)).rejects.toEqual(refused(401, "token_invalid"));
  for (const permissions of [["auth.view_user"], ["auth.steal_user"]])
    await expect(service.declare({ app: "auth", permissions })).rejects.toEqual(refused(400, "invalid_input"));
  await expect(service.declare({ app: "mail", permissions: ["auth.user"] })).rejects.toEqual(
    refused(400, "invalid_input"),
  );
  await expect(service.declare({ app: "notes", permissions: ["notes.steal_note"] })).rejects.toEqual(
    refused(409, "identifier_taken"),
  );
  const many = Array.from({ length: 101 }, (_, index) => `mail.model${index}`);
  await expect(service.declare({ app: "mail", permissions: many })).rejects.toEqual(refused(400, "invalid_input"));
});

test("a service that is mounted under a name, in a router with a transformer, is asked as well", async () => {
  await using database = await createTestDatabase();
  const { host, port, user, password: secret, database: name } = database.connection;
  const connectionString = `postgres://${user}:${encodeURIComponent(String(secret))}@${host}:${port}/${name}`;
  const latchkey = await createLatchkey({ database: { connectionString }, secret: testSecret, passwords: { cost: 4 } });
  const transformer = {
    serialize: (value: unknown) => ({ json: value }),
    deserialize: (value: { json: unknown }) => value.json,
  };
  const createContext = ({ req }: { req: { headers: Record<string, string | string[] | undefined> } }) =>
    latchkey.context({ headers: req.headers, remoteAddress: "127.0.0.1" });
  const t = initTRPC.context<ReturnType<typeof createContext>>().create({ transformer, isDev: false });
  const router = t.router({ account: t.router(latchkey.procedures) });
  const server = createHTTPServer({ router, createContext, basePath: "/api/" }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await latchkey.auth.createUser({ username: "alice", password });
    await latchkey.auth.operator.grant("alice", { permission: "auth.view_user" });
    const facts = { requestId: null, address: null, userAgent: null };
    const { token, refreshToken } = await latchkey.auth.signIn({ username: "alice", password }, facts);
    const verify = createTokenVerifier({
      issuer: "latchkey",
      audience: "latchkey",
      jwks: await latchkey.auth.publicKeys(),
      online: true,
      service: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
      path: "account",
      transformer,
    });
    expect(await verify(token, { permission: "auth.view_user" })).toMatchObject({ iss: "latchkey" });
    await expect(verify(token, { permission: "auth.add_user" })).rejects.toMatchObject({ code: "permission_denied" });
    await latchkey.auth.signOut(refreshToken, facts);
    await expect(verify(token)).rejects.toMatchObject({ code: "token_invalid" });
  } finally {
    server.closeAllConnections();
    server.close();
    await latchkey.stop();
  }
});
