import { defineProfile } from "@latchkey/auth";
import type { ProcedureMeta } from "@latchkey/server";
import type { AnyProcedure, AnyRouter } from "@trpc/server";
import { createAppRouter } from "../../../api/src/router.ts";
import { type Answer, call, type LiveServer } from "../live-server.ts";
import { notesRouter } from "../notes/notes-router.ts";

// By their full names, such as `users.list`; the router's own type has them in groups.
const { procedures }: AnyRouter["_def"] = createAppRouter(defineProfile())._def;
const { procedures: withNotes }: AnyRouter["_def"] = notesRouter._def;

/** The input of every procedure by name, as tRPC parses it; undefined for one that takes none. */
export const procedureInputs: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.entries<AnyProcedure>(procedures).map(([name, procedure]) => [name, procedure._def.inputs[0]]),
);

/** Every procedure of the service by name, and whether it is a query or a mutation. */
export const procedureTypes: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries<AnyProcedure>(procedures).map(([name, procedure]) => [name, procedure._def.type]),
);

/** Every procedure of the service by name, with its kind and what it says of itself. */
export const procedureMetas: Readonly<Record<string, { readonly type: string; readonly meta: ProcedureMeta }>> =
  Object.fromEntries(
    Object.entries<AnyProcedure>(procedures).map(([name, { _def }]) => [
      name,
      { type: _def.type, meta: (_def.meta ?? {}) as ProcedureMeta },
    ]),
  );

/** The same, with those of the notes beside them. */
export const typesWithNotes: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries<AnyProcedure>(withNotes).map(([name, procedure]) => [name, procedure._def.type]),
);

export interface AskOptions {
  readonly input?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls a procedure as its kind is called: a query by GET with its input in the address, a mutation by POST. */
export function ask(
  { url }: Pick<LiveServer, "url">,
  procedure: string,
  { input, token, headers = {} }: AskOptions = {},
): Promise<Answer> {
  const about = { headers, ...(token !== undefined && { token }) };
  if (typesWithNotes[procedure] !== "query") return call(url, procedure, { input: input ?? {}, ...about });
  const query = input === undefined ? "" : `?input=${encodeURIComponent(JSON.stringify(input))}`;
  return call(url, `${procedure}${query}`, about);
}

/** An answer in a word or two: `ok`, or the status and the reason. */
export function outcomeOf({ status, body }: Answer): string {
  return status === 200 ? "ok" : `${status} ${body.data.reason}`;
}
