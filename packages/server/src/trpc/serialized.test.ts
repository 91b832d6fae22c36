import type { Config, ConfigOf, PlainConfig } from "@latchkey/auth";
import type { inferRouterInputs, inferRouterOutputs, TRPCBuiltRouter } from "@trpc/server";
import { expectTypeOf, test } from "vitest";
import type { z } from "zod";
import type { ErrorShape } from "./error-shape.ts";
import type { AppRouter, Procedures } from "./procedures.ts";

/** The same procedures, of whose answers tRPC finds out what arrives. */
type ByTrpc<C extends Config> = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: ErrorShape; transformer: false },
  Procedures<C>
>;

type OwnConfig = ConfigOf<{ nickname: z.ZodNullable<z.ZodString>; likes: z.ZodArray<z.ZodString> }, ["shop.order"]>;

/** tRPC takes `readonly` from some lists and not from others. */
type Writable<Value> = Value extends object ? { -readonly [Key in keyof Value]: Writable<Value[Key]> } : Value;

test("what AppRouter says of every answer is what tRPC says of it, with a team's own fields too", () => {
  expectTypeOf<Writable<inferRouterOutputs<AppRouter>>>().toEqualTypeOf<
    Writable<inferRouterOutputs<ByTrpc<PlainConfig>>>
  >();
  expectTypeOf<Writable<inferRouterOutputs<AppRouter<OwnConfig>>>>().toEqualTypeOf<
    Writable<inferRouterOutputs<ByTrpc<OwnConfig>>>
  >();
});

test("what AppRouter says of every input is what the procedures take", () => {
  expectTypeOf<inferRouterInputs<AppRouter>>().toEqualTypeOf<inferRouterInputs<ByTrpc<PlainConfig>>>();
});
