import { type AnyTRPCProcedure, getTRPCErrorFromUnknown, TRPCError } from "@trpc/server";

/** What a procedure is called with. */
export interface ProcedureCall {
  readonly path: string;
  readonly type: string;
  readonly ctx: unknown;
  readonly signal: AbortSignal;
  readonly batchIndex: number;
  readonly getRawInput: () => Promise<unknown>;
  readonly input?: unknown;
}

interface Changes {
  readonly ctx?: unknown;
  readonly input?: unknown;
  readonly getRawInput?: ProcedureCall["getRawInput"];
}

type Result = { readonly ok: true; readonly data: unknown } | { readonly ok: false; readonly error: unknown };

type Middleware = (
  call: ProcedureCall & { readonly meta: unknown; readonly next: (changes?: Changes) => Promise<Result | undefined> },
) => Promise<Result | undefined>;

/**
 * Calls a procedure as it would call itself, middleware by middleware. tRPC is published with its object spreads rewritten for old
 * engines, four for each middleware, which took an eighth of the processor time of a call. The fields are written out since the engine
 * makes an object of known fields in a tenth of the time of a copy.
 */
export async function callProcedure(procedure: AnyTRPCProcedure, call: ProcedureCall): Promise<unknown> {
  const middlewares = findMiddlewares(procedure);
  if (!middlewares) return procedure({ ...call, type: procedure._def.type });
  const result = await callFrom(0, { middlewares, meta: procedure.meta }, call);
  if (result?.ok) return result.data;
  if (result) throw result.error;
  const message = "No result from middlewares - did you forget to `return next()`?";
  throw new TRPCError({ code: "INTERNAL_SERVER_ERROR", message });
}

/** Null where procedures are made otherwise, or called by a function of their own. */
function findMiddlewares({ _def: definition }: AnyTRPCProcedure): readonly Middleware[] | null {
  if ("caller" in definition && definition.caller) return null;
  return "middlewares" in definition && Array.isArray(definition.middlewares) ? definition.middlewares : null;
}

interface Chain {
  readonly middlewares: readonly Middleware[];
  readonly meta: unknown;
}

/** Settles on a result whatever happens. What a middleware promised is waited for by whoever asked for it, and by nothing in between. */
function callFrom(index: number, chain: Chain, call: ProcedureCall): Promise<Result | undefined> {
  const next = (changes?: Changes) => callFrom(index + 1, chain, withChanges(call, changes));
  const { path, type, ctx, signal, batchIndex, getRawInput, input } = call;
  const { meta, middlewares } = chain;
  try {
    const result = middlewares[index]?.({ path, type, ctx, signal, batchIndex, getRawInput, input, meta, next });
    return Promise.resolve(result).catch(toFailed);
  } catch (cause) {
    return Promise.resolve(toFailed(cause));
  }
}

const toFailed = (cause: unknown): Result => ({ ok: false, error: getTRPCErrorFromUnknown(cause) });

function withChanges(call: ProcedureCall, changes: Changes | undefined): ProcedureCall {
  if (!changes) return call;
  const { path, type, signal, batchIndex } = call;
  const ctx = changes.ctx ? { ...Object(call.ctx), ...Object(changes.ctx) } : call.ctx;
  const input = "input" in changes ? changes.input : call.input;
  return { path, type, ctx, signal, batchIndex, input, getRawInput: changes.getRawInput ?? call.getRawInput };
}
