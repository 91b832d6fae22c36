import { AuthError } from "@latchkey/auth";
import { initTRPC, TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { describe, expect, test } from "vitest";
import { toTrpcError } from "../trpc/error-map.ts";
import { responseMeta } from "./headers.ts";
import { answerPlainCall, findPlainCall } from "./plain-call.ts";

/** A transformer that leaves its mark on all that passes, and cannot write what has no JSON. */
const marking = {
  serialize: (value: unknown) => ({ json: value }),
  deserialize: (value: { json: unknown }) => value.json,
};

function createRouter(options: { transformer?: typeof marking }) {
  const t = initTRPC.context<{ readonly name: string }>().create({
    ...options,
    isDev: false,
    errorFormatter: ({ shape, input, path, ctx }) => ({
      ...shape,
      data: { ...shape.data, input, path, name: ctx?.name },
    }),
  });
  const checked = t.procedure.input((value: unknown) => {
    if (value === "wrong") throw new Error("This is wrong");
    return value;
  });
  const teapot = t.procedure.errors(({ shape }) => ({ ...shape, data: { httpStatus: 418, own: true } }));
  return t.router({
    echo: checked.query(({ input, ctx, path }) => ({ input, path, name: ctx.name })),
    nothing: t.procedure.query(() => {}),
    write: checked.mutation(({ input, ctx }) => ({ wrote: input, name: ctx.name })),
    twice: checked
      .use(async ({ getRawInput, next }) => next({ ctx: { raw: await getRawInput() } }))
      .mutation(({ ctx }) => ctx),
    teapot: teapot.query(() => {
      throw new TRPCError({ code: "CONFLICT", message: "short and stout" });
    }),
    defect: t.procedure.mutation(() => {
      throw new TypeError("a defect");
    }),
    refusal: t.procedure.mutation(() => {
      throw toTrpcError(new AuthError("rate_limited", "Too many", { retryAfter: 7 }));
    }),
    expired: t.procedure.query(() => {
      throw toTrpcError(new AuthError("token_expired", "It has expired"));
    }),
    stream: t.procedure.query(async function* () {
      yield 1;
    }),
    later: t.procedure.query(() => ({ one: Promise.resolve(1) })),
    nested: { deep: checked.query(({ input }) => input) },
    events: t.procedure.subscription(async function* () {
      yield 1;
    }),
  });
}

const endpoint = "https://sign-in.example/api/trpc/";

interface Sent {
  readonly address: string;
  readonly init?: RequestInit;
}

const get = (address: string): Sent => ({ address });
const post = (address: string, body?: string): Sent => ({
  address,
  init: { method: "POST", headers: { "content-type": "application/json" }, ...(body === undefined ? {} : { body }) },
});
const asQuery = (value: unknown) => `?input=${encodeURIComponent(JSON.stringify(value))}`;

/** Bodies and inputs, the same for a router with a transformer and one without. */
const plainCalls: readonly Sent[] = [
  get("echo"),
  get("echo?input="),
  get(`echo${asQuery({ a: "ü +&#?" })}`),
  get(`echo${asQuery({ json: { a: [1, null] } })}`),
  get(`echo${asQuery({ json: "wrong" })}`),
  get(`echo${asQuery("wrong")}`),
  get("echo?input=%7B"),
  get("echo?input=%E0%A4%A"),
  get("echo?input=1+2"),
  get("echo?input=null"),
  get("nothing"),
  get("nested.deep"),
  get(`nested.deep${asQuery({ json: 7 })}`),
  get("teapot"),
  get("expired"),
  get("stream"),
  get("later"),
  post("write"),
  post("write", ""),
  post("write", '{"json":{"a":1}}'),
  post("write", '{"json":"wrong"}'),
  post("write", '"wrong"'),
  post("write", "{"),
  post("write", '{"__proto__":{"json":1}}'),
  post("twice", '{"json":1}'),
  post("twice", "nonsense"),
  post("defect", "{}"),
  post("refusal", "{}"),
  post("echo"),
  post("echo", ""),
  post("echo", '{"json":{"a":"ü"}}'),
  post("echo", '{"json":"wrong"}'),
  post("echo", "{"),
  post("nothing", "{}"),
  post("nested.deep", '{"json":7}'),
];

/** What is more than that, or wrong. */
const otherRequests: readonly Sent[] = [
  get("echo?batch=1"),
  get("echo,nothing?batch=1&input=%7B%7D"),
  get("echo,nothing"),
  get("echo?input=1&input=2"),
  get("echo?connectionParams=%7B%7D"),
  get("ech%6F"),
  get("echo/"),
  get("../echo"),
  get("toString"),
  get("__proto__"),
  get("nested"),
  get("missing"),
  get(""),
  get("write"),
  get("events"),
  post("events"),
  { address: "echo", init: { method: "HEAD" } },
  { address: "echo", init: { headers: { accept: "text/html, application/jsonl" } } },
  { address: "echo", init: { headers: { "trpc-accept": "application/jsonl" } } },
];

interface Told {
  readonly code: string;
  readonly message: string;
  readonly path: string | undefined;
}

async function readAnswer(response: Response, told: readonly Told[]) {
  return { status: response.status, headers: [...response.headers], body: await response.text(), told };
}

describe.each([
  ["without a transformer", createRouter({})],
  ["with a transformer", createRouter({ transformer: marking })],
])("a router %s", (_, router) => {
  describe.each([
    ["", () => ({ name: "alice" })],
    [" whose context fails", () => Promise.reject(new Error("no context"))],
  ])("and a call%s", (_title, createContext) => {
    test.each(plainCalls)(
      "answers $address $init.body as tRPC's own handler does, to the byte",
      async ({ address, init }) => {
        const told: Told[] = [];
        const tell = ({ error, path }: { error: TRPCError; path: string | undefined }) =>
          void told.push({ code: error.code, message: error.message, path });
        const options = { router, createContext, onError: tell };
        const its = new Request(endpoint + address, init);
        const http = { endpoint: "/api/trpc", req: its, responseMeta, allowMethodOverride: true };
        const expected = await fetchRequestHandler({ ...options, ...http });
        const ofTrpc = await readAnswer(expected, told.splice(0));

        const request = new Request(endpoint + address, init);
        const call = findPlainCall(request.url.slice(endpoint.length), request, router);
        if (!call) throw new Error("This is a plain call");
        expect(await readAnswer(await answerPlainCall(call, { ...options, request }), told)).toEqual(ofTrpc);
      },
    );
  });

  test.each(otherRequests)("leaves $init.method $address to tRPC's own handler", ({ address, init }) => {
    const request = new Request(endpoint + address, init);
    expect(findPlainCall(address, request, router)).toBeNull();
  });
});

test("the procedure's signal is the request's, so that it learns that its caller has gone", async () => {
  const t = initTRPC.create();
  const leaving = new AbortController();
  const router = t.router({
    wait: t.procedure.query(({ signal }) => {
      leaving.abort();
      return signal?.aborted;
    }),
  });
  const request = new Request(`${endpoint}wait`, { signal: leaving.signal });
  const call = findPlainCall("wait", request, router);
  if (!call) throw new Error("This is a plain call");
  const response = await answerPlainCall(call, { request, router, createContext: () => ({}), onError: () => {} });
  expect(await response.json()).toEqual({ result: { data: true } });
});
