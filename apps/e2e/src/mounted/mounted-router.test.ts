import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { HookRefusal } from "@latchkey/auth";
import { createTestDatabase, testSecret } from "@latchkey/auth/testing";
import { createLatchkey, type ErrorShape, indexed } from "@latchkey/server";
import { createTRPCClient, httpBatchLink, TRPCClientError } from "@trpc/client";
import { initTRPC, TRPCError } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import { afterAll, beforeAll, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";

const password = "correct horse battery";

/** What a team writes: sign-in in a router of its own, with its own context and its own shape of errors. */
async function openShop(connectionString: string) {
  const latchkey = await createLatchkey({
    database: { connectionString },
    secret: testSecret,
    passwords: { cost: 4 },
    permissions: ["shop.order", "shop.refund_order"],
    profile: { nickname: z.string().max(80).nullable(), team: indexed(z.enum(["red", "blue"]).nullable()) },
    on: {
      userCreated: async ({ user, transaction }) => {
        expectTypeOf(user.nickname).toEqualTypeOf<string | null>();
        if (user.nickname === "uninvited") throw new HookRefusal("You are not invited");
        await transaction.query("insert into public.shop_customers (id, nickname) values ($1, $2)", [
          user.id,
          user.nickname,
        ]);
      },
    },
  });
  const createContext = ({
    req,
  }: {
    req: { headers: Record<string, string | string[] | undefined>; socket: { remoteAddress?: string | undefined } };
  }) => ({
    tenant: "shop",
    ...latchkey.context({ headers: req.headers, remoteAddress: req.socket.remoteAddress }),
  });
  const t = initTRPC.context<typeof createContext extends (...given: never[]) => infer C ? C : never>().create({
    isDev: false,
    errorFormatter: ({ shape }) => ({ ...shape, data: { ...shape.data, theirs: true } }),
  });
  const appRouter = t.router({
    auth: t.router(latchkey.procedures),
    orders: {
      list: t.procedure
        .concat(latchkey.protectedProcedure)
        .query(({ ctx }) => ({ tenant: ctx.tenant, of: ctx.user.id, nickname: ctx.user.nickname })),
      cancel: t.procedure
        .concat(latchkey.permittedProcedure("shop.delete_order"))
        .input(z.object({ id: z.int() }))
        .mutation(({ input }) => input.id),
      refund: t.procedure.concat(latchkey.permittedProcedure("shop.refund_order")).mutation(() => "refunded"),
      view: t.procedure.concat(latchkey.modelProcedures("shop.order").view).query(() => "seen"),
      missing: t.procedure.concat(latchkey.protectedProcedure).query(() => {
        throw new TRPCError({ code: "NOT_FOUND", message: "No such order" });
      }),
      moveOut: t.procedure.concat(latchkey.recentProcedure({ maxAge: 600 })).mutation(({ ctx }) => ctx.user.id),
      broken: t.procedure.concat(latchkey.protectedProcedure).query(() => {
        throw new Error("the shop's own");
      }),
    },
  });
  return { latchkey, createContext, appRouter, t };
}

type Shop = Awaited<ReturnType<typeof openShop>>;
type AppRouter = Shop["appRouter"];

let shop: Shop;
let url: string;
let close: () => Promise<void>;
beforeAll(async () => {
  const database = await createTestDatabase();
  const { host, port, user, password: databasePassword, database: name } = database.connection;
  await database.query("create table public.shop_customers (id uuid primary key, nickname text)");
  shop = await openShop(`postgres://${user}:${encodeURIComponent(String(databasePassword))}@${host}:${port}/${name}`);
  const server = createHTTPServer({ router: shop.appRouter, createContext: shop.createContext });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    await shop.latchkey.stop();
    await database[Symbol.asyncDispose]();
  };
});
afterAll(() => close());

const clientOf = (token?: string) =>
  createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })],
  });

let counter = 0;
async function signUp(fields: { nickname?: string; team?: "red" } = {}) {
  const username = `customer${counter++}`;
  const { token, user, refreshToken } = await clientOf().auth.account.register.mutate({
    username,
    password,
    ...fields,
  });
  return { username, token, user, refreshToken, api: clientOf(token) };
}

/** What a call was refused with, as it came over the wire. */
async function refusal(call: Promise<unknown>): Promise<ErrorShape["data"] & { message: string; theirs?: boolean }> {
  const error = await call.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(error instanceof TRPCClientError)) throw new Error("The call was not refused");
  return { ...(error.data as ErrorShape["data"]), message: error.message };
}

test("people register, sign in, refresh and sign out in somebody else's router, beside its own procedures", async () => {
  const { username, user, api } = await signUp({ nickname: "Ali" });
  expectTypeOf(user.nickname).toEqualTypeOf<string | null>();
  expect(await api.orders.list.query()).toEqual({ tenant: "shop", of: user.id, nickname: "Ali" });
  const signedIn = await clientOf().auth.token.obtain.mutate({ username, password });
  const renewed = await clientOf().auth.token.refresh.mutate({ refreshToken: signedIn.refreshToken });
  const me = await clientOf(renewed.token).auth.me.update.mutate({ team: "blue" });
  expect(me).toMatchObject({ nickname: "Ali", team: "blue" });
  await clientOf().auth.token.revoke.mutate({ refreshToken: renewed.refreshToken });
  expect(await refusal(clientOf(renewed.token).orders.list.query())).toMatchObject({ reason: "session_ended" });
  // @ts-expect-error there is no such team
  await expect(api.auth.me.update.mutate({ team: "green" })).rejects.toMatchObject({
    data: { reason: "invalid_input" },
  });
  // @ts-expect-error there is no such field
  await expect(api.auth.me.update.mutate({ nick: "A" })).rejects.toMatchObject({ data: { reason: "invalid_input" } });
});

test("a refusal says why, whatever the router's formatter does, in its procedures and in the router's own", async () => {
  const { api } = await signUp();
  expect(await refusal(clientOf().orders.list.query())).toEqual({
    message: "This call needs a bearer token: sign in first",
    code: "UNAUTHORIZED",
    httpStatus: 401,
    path: "orders.list",
    reason: "token_missing",
  });
  expect(await refusal(clientOf("x.y.z").orders.list.query())).toMatchObject({
    reason: "token_invalid",
    httpStatus: 401,
  });
  expect(await refusal(api.orders.cancel.mutate({ id: 1 }))).toMatchObject({
    reason: "permission_denied",
    httpStatus: 403,
  });
  expect(await refusal(clientOf().auth.token.obtain.mutate({ username: "nobody", password }))).toMatchObject({
    reason: "invalid_credentials",
    httpStatus: 400,
  });
  const tooLong = await refusal(api.auth.me.update.mutate({ nickname: "x".repeat(81) }));
  expect(tooLong).toMatchObject({ reason: "invalid_input", issues: [{ path: ["nickname"] }] });
});

test("a procedure that asks for it is refused until its caller shows again that it is them, however long ago they signed in", async () => {
  const { api, user } = await signUp();
  expect(await api.orders.moveOut.mutate()).toBe(user.id);
  await shop.latchkey.auth.pool.query(
    "update latchkey.sessions set created_at = created_at - interval '1 hour' where user_id = $1",
    [user.id],
  );
  expect(await refusal(api.orders.moveOut.mutate())).toMatchObject({
    reason: "reauthentication_required",
    httpStatus: 403,
    maxAge: 600,
  });
  expect(await refusal(api.auth.me.reauthenticate.mutate({ password: "not the password" }))).toMatchObject({
    reason: "invalid_credentials",
    httpStatus: 400,
    issues: [{ path: ["password"] }],
  });
  expect(await refusal(api.orders.moveOut.mutate())).toMatchObject({ reason: "reauthentication_required" });
  await api.auth.me.reauthenticate.mutate({ password });
  expect(await api.orders.moveOut.mutate()).toBe(user.id);
  expect(await refusal(clientOf().orders.moveOut.mutate())).toMatchObject({ reason: "token_missing" });
  expect(() => shop.latchkey.recentProcedure({ maxAge: 0 })).toThrow(RangeError);
});

test("what the router's own code throws is shaped by its own formatter", async () => {
  const { api, username } = await signUp();
  await shop.latchkey.auth.operator.grant(username, { permission: "shop.delete_order" });
  const missing = await refusal(api.orders.missing.query());
  expect(missing).toMatchObject({ code: "NOT_FOUND", theirs: true, message: "No such order" });
  expect(missing).not.toHaveProperty("reason");
  expect(await refusal(api.orders.broken.query())).toMatchObject({ theirs: true, message: "the shop's own" });
  const invalid = await refusal(api.orders.cancel.mutate({ id: "1" as never }));
  expect(invalid).toMatchObject({ code: "BAD_REQUEST", theirs: true });
  expect(await api.orders.cancel.mutate({ id: 7 })).toBe(7);
});

test("declared permissions are asked for, granted, and a misspelt one does not compile", async () => {
  const { api, username } = await signUp();
  expect(await refusal(api.orders.refund.mutate())).toMatchObject({ reason: "permission_denied" });
  await shop.latchkey.auth.operator.grant(username, { permission: "shop.refund_order" });
  await shop.latchkey.auth.operator.grant(username, { permission: "shop.view_order" });
  expect([await api.orders.refund.mutate(), await api.orders.view.query()]).toEqual(["refunded", "seen"]);
  const held = await api.auth.me.permissions.query();
  expect(held).toEqual(["shop.refund_order", "shop.view_order"]);
  const known: (typeof held)[number] = "shop.delete_order";
  // @ts-expect-error misspelt
  const misspelt: (typeof held)[number] = "shop.delete_orders";
  expect(known).not.toBe(misspelt);
  const { latchkey } = shop;
  // @ts-expect-error misspelt
  latchkey.permittedProcedure("shop.refund_orders");
  // @ts-expect-error there is no such model
  latchkey.modelProcedures("shop.orders");
});

test("a hook of the router's owner writes in the same transaction, and refuses with its own words", async () => {
  const { user } = await signUp({ nickname: "Ece" });
  const customers = await shop.latchkey.auth.pool.query("select nickname from public.shop_customers where id = $1", [
    user.id,
  ]);
  expect(customers.rows).toEqual([{ nickname: "Ece" }]);
  const register = clientOf().auth.account.register;
  const refused = await refusal(register.mutate({ username: "uninvited", password, nickname: "uninvited" }));
  expect(refused).toMatchObject({ reason: "refused_by_hook", message: "You are not invited", httpStatus: 403 });
  await register.mutate({ username: "uninvited", password, nickname: "invited" });
});

test("users are listed by an indexed field of the router's owner, which is typed", async () => {
  const { username } = await signUp({ team: "red" });
  const root = await signUp();
  await shop.latchkey.auth.pool.query("update latchkey.users set is_superuser = true where username = $1", [
    root.username,
  ]);
  const { users } = await root.api.auth.users.list.query({ profile: { team: "red" } });
  expect(users.map((user) => [user.username, user.team])).toEqual([[username, "red"]]);
  // @ts-expect-error there is no such team
  const wrong = await refusal(root.api.auth.users.list.query({ profile: { team: "green" } }));
  expect(wrong).toMatchObject({ reason: "invalid_input", issues: [{ path: ["profile", "team"] }] });
  const unindexed = await refusal(root.api.auth.users.list.query({ profile: { nickname: "Ali" } }));
  expect(unindexed).toMatchObject({ reason: "invalid_input", issues: [{ path: ["profile", "nickname"] }] });
});

test("a router whose context has no latchkey does not compile, and says what to add if it gets there all the same", async () => {
  const bare = initTRPC.context<{ tenant: string }>().create({ isDev: false });
  // @ts-expect-error the context lacks `latchkey`
  const builder = bare.procedure.concat(shop.latchkey.protectedProcedure);
  const router = bare.router({ hello: (builder as typeof bare.procedure).query(() => "hello") });
  await expect(router.createCaller({ tenant: "x" }).hello()).rejects.toThrow(
    "The context of this router has no `latchkey`: add `...latchkey.context({ headers, remoteAddress })`",
  );
});

test("a defect in one of Latchkey's procedures says nothing of itself in anybody's router", async () => {
  const { user, username, api } = await signUp();
  await shop.latchkey.auth.pool.query("alter table latchkey.one_time_codes rename to canary_codes");
  try {
    const attempt = clientOf().auth.password.reset.mutate({ username, code: "x", newPassword: "battery horse" });
    const failed = await refusal(attempt);
    expect(failed).toMatchObject({ message: "Internal server error", httpStatus: 500, reason: null });
    expect(JSON.stringify(failed)).not.toContain("one_time_codes");
  } finally {
    await shop.latchkey.auth.pool.query("alter table latchkey.canary_codes rename to one_time_codes");
  }
  expect((await api.auth.me.get.query()).id).toBe(user.id);
});

test("two formatters cannot be merged, so that procedures are mounted below a name and never by mergeRouters", () => {
  const other = initTRPC.create({ errorFormatter: ({ shape }) => ({ ...shape, other: true }) });
  expect(() => other.mergeRouters(other.router({}), shop.t.router(shop.latchkey.procedures) as never)).toThrow();
});

test("start begins what is done by the hour: what is of no use any more goes", async () => {
  const { pool } = shop.latchkey.auth;
  await pool.query("update latchkey.audit_events set occurred_at = '2000-01-01' where event = 'user_created'");
  shop.latchkey.start();
  const old = () => pool.query("select from latchkey.audit_events where occurred_at < '2001-01-01'");
  await expect.poll(async () => (await old()).rows.length, { timeout: 10_000 }).toBe(0);
});
