import type { TRPCMutationProcedure, TRPCQueryProcedure } from "@trpc/server";
import type { ErrorShape } from "./error-shape.ts";

/**
 * What arrives of an answer that is sent as JSON: a moment as its text, everything else as it is. tRPC's own type for that is for any value
 * and asks some twenty questions of each field, which was most of what a program that uses the SDK cost its compiler.
 */
export type Serialized<Value> = Value extends object
  ? Value extends Date
    ? string
    : Value extends readonly (infer Item)[]
      ? Serialized<Item>[]
      : { [Key in keyof Value]: Serialized<Value[Key]> }
  : Value;

/** Procedures by name, with the answers that arrive. */
export type SerializedProcedures<Procedures> = {
  [Name in keyof Procedures]: Procedures[Name] extends { _def: { type: infer Type; $types: infer Types extends Ends } }
    ? Type extends "query"
      ? TRPCQueryProcedure<SerializedTypes<Types>>
      : TRPCMutationProcedure<SerializedTypes<Types>>
    : SerializedProcedures<Procedures[Name]>;
};

/** What goes into a procedure and what comes out, as tRPC notes it. */
interface Ends {
  input: unknown;
  output: unknown;
}

interface SerializedTypes<Types extends Ends> {
  input: Types["input"];
  output: Serialized<Types["output"]>;
  meta: unknown;
  errorShape: ErrorShape;
}
