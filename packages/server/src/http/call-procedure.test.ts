import * as newest from "@trpc/server";
import * as lowest from "trpc-lowest";
import { describe, expect, test } from "vitest";
import { callProcedure, type ProcedureCall } from "./call-procedure.ts";

type Trpc = typeof newest;

interface Seen {
  readonly steps: unknown[];
}

/** Procedures of every kind of middleware; what each saw is told in its context. */
function createProcedures({ initTRPC, TRPCError }: Trpc) {
  const t = initTRPC.context<Seen>().meta<{ readonly kind: string }>().create({ isDev: false });
  const note = (name: string) =>
    t.procedure.use(async ({ ctx, path, type, meta, input, next, getRawInput, signal, batchIndex }) => {
      ctx.steps.push([name, path, type, meta, input, await getRawInput(), signal?.aborted, batchIndex]);
      const result = await next({ ctx: { noted: name } });
      ctx.steps.push([name, result.ok]);
      return result;
    });
  const checked = note("first").input((value: unknown) => {
    if (value === "wrong") throw new Error("This is wrong");
    return { parsed: value };
  });
  const second = t.procedure.use(({ ctx, next }) => {
    ctx.steps.push("second");
    return next({ ctx: { second: true } });
  });
  const noted = checked.concat(second);
  return {
    all: noted.meta({ kind: "all" }).query(({ ctx, input, path }) => ({ ctx: Object.keys(ctx), input, path })),
    bare: t.procedure.query(({ input }) => ({ input: input ?? "none" })),
    write: noted.mutation(({ input }) => input),
    checkedAnswer: t.procedure.output((value: unknown) => ({ out: value })).query(() => ({ out: "raw" })),
    wrongAnswer: t.procedure
      .output((_value: unknown): string => {
        throw new Error("This is no answer");
      })
      .query(() => "raw"),
    replaced: t.procedure
      .use(({ next }) => next({ getRawInput: async () => "another" }))
      .input((value) => value)
      .query(({ input }) => input),
    twice: t.procedure
      .use(async ({ next }) => {
        await next();
        return next();
      })
      .mutation(({ ctx }) => ctx.steps.push("called")),
    merged: t.procedure
      .use(({ next }) => next({ ctx: { steps: ["replaced"], more: 1 } }))
      .use(({ next }) => next({}))
      .use(({ next }) => next({ ctx: {} }))
      .query(({ ctx }) => ctx),
    caught: t.procedure
      .use(async ({ next }) => {
        const result = await next();
        if (!result.ok) throw new TRPCError({ code: "CONFLICT", message: "instead", cause: result.error });
        return result;
      })
      .query(() => {
        throw new TypeError("a defect");
      }),
    refused: note("first").query(() => {
      throw new TRPCError({ code: "FORBIDDEN", message: "No" });
    }),
    thrownText: t.procedure.query(() => {
      throw "a text";
    }),
    early: t.procedure
      .use(() => {
        throw new TRPCError({ code: "UNAUTHORIZED" });
      })
      .query(({ ctx }) => ctx.steps.push("never")),
    forgetful: t.procedure.use((async () => undefined) as never).query(() => "never"),
    nothing: t.procedure.query(() => undefined),
    falsy: t.procedure.query(() => 0),
  };
}

interface Outcome {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly steps: readonly unknown[];
}

async function outcomeOf(call: (given: ProcedureCall) => unknown, path: string, raw: unknown): Promise<Outcome> {
  const ctx: Seen = { steps: [] };
  const { signal } = new AbortController();
  const given = { path, type: "query", ctx, signal, batchIndex: 3, getRawInput: async () => raw };
  try {
    return { data: await call(given), steps: ctx.steps };
  } catch (thrown) {
    const { name, code, message, cause } = thrown as newest.TRPCError;
    return { error: { name, code, message, cause: cause && [cause.name, cause.message] }, steps: ctx.steps };
  }
}

describe.each<[string, Trpc]>([
  ["newest", newest],
  // Two versions of one class are two types.
  ["lowest", lowest as never],
])("with the %s tRPC", (_which, trpc) => {
  const procedures = createProcedures(trpc);

  test.each(Object.keys(procedures) as (keyof typeof procedures)[])(
    "a procedure that is %s sees, answers and refuses what it does when it calls itself",
    async (name) => {
      const procedure = procedures[name] as newest.AnyTRPCProcedure;
      for (const raw of [undefined, null, "wrong", { a: 1 }]) {
        const itself = await outcomeOf((call) => procedure({ ...call, type: procedure._def.type }), name, raw);
        const type = procedure._def.type;
        const called = await outcomeOf((call) => callProcedure(procedure, { ...call, type }), name, raw);
        expect(called).toEqual(itself);
      }
    },
  );

  test("its middlewares are called one by one, and not by itself", async () => {
    const procedure = procedures.all as newest.AnyTRPCProcedure;
    const watched = Object.assign(() => Promise.reject(new Error("It was called by itself")), procedure);
    const { data } = await outcomeOf((call) => callProcedure(watched as never, call), "all", 1);
    expect(data).toMatchObject({ ctx: ["steps", "noted", "second"] });
  });

  test("one that is made otherwise is left to call itself", async () => {
    const { _def: definition } = procedures.bare as newest.AnyTRPCProcedure;
    const itself = (call: ProcedureCall) => `itself, as a ${call.type}`;
    for (const changed of [{ middlewares: undefined }, { middlewares: [], caller: () => {} }]) {
      const procedure = Object.assign(itself.bind(null), { _def: { ...definition, ...changed } });
      const { data } = await outcomeOf((call) => callProcedure(procedure as never, call), "bare", 1);
      expect(data).toBe("itself, as a query");
    }
  });
});
