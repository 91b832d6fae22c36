import type { Operation, TRPCLink } from "@trpc/client";
import type { AnyRouter } from "@trpc/server";
import type { TokenResponse } from "./api-types.ts";
import { answerBy, createSend, type Send, tokenKey } from "./link.ts";
import type { ProcedurePaths } from "./procedure-paths.ts";
import type { OwnAnswer, SessionManager } from "./session-manager.ts";

/** A call on its way. */
interface Call {
  readonly op: Operation;
  /** The number of the person's wish that it is; 0 when it opens no session. */
  readonly wish: number;
  /** The number of the call, among those that answer something of the person. */
  readonly turn: number;
}

/** Takes over answers that change who is signed in or the mark of this device, before the caller gets them, or what is known of the person, beside that. */
export function createSessionLink(manager: SessionManager, paths: ProcedurePaths): TRPCLink<AnyRouter> {
  /** What is kept of an answer before its caller gets it; undefined for nothing. */
  function take({ op, turn }: Call, data: unknown): Promise<void> | undefined {
    if (paths.endsSession(op)) return manager.leave(op.context[tokenKey]);
    if (paths.movesOn(op)) return manager.replace(data as TokenResponse, turn);
    const shown = paths.isOwn(op) ? manager.showUser(data as OwnAnswer, turn) : undefined;
    if (paths.showsDevice(op)) return shown ?? manager.keepDevice(data as OwnAnswer | null);
    shown?.catch(() => {});
    return undefined;
  }

  async function keep(call: Call, answer: Answer, isWanted = true): Promise<void> {
    const { data } = answer.result as { data?: { readonly next?: unknown } | null };
    // What goes wrong with keeping an answer that opens nothing is not the call's failure.
    if (call.wish === 0) await take(call, data)?.catch(() => {});
    // A code may be answered with a ticket, which is no session.
    else if (data?.next === undefined) await manager.keep(data as TokenResponse, call.wish, isWanted);
  }

  /**
   * What changes the session is not given up once it was sent: with an answer that nobody reads its tokens are lost. Whoever turns away is told so
   * at once, and a session that is opened then is ended.
   */
  async function sendToTheEnd(call: Call, send: Send<AnyRouter>): Promise<Answer> {
    const { signal } = call.op;
    if (signal?.aborted) throw toReason(signal);
    const sent = send({ ...call.op, signal: null });
    return unlessAborted(signal, sent).catch((error) => {
      if (signal?.aborted) sent.then((answer) => keep(call, answer, false)).catch(() => {});
      throw error;
    });
  }

  return () =>
    ({ op, next }) => {
      const call = { op, wish: paths.opensSession(op) ? manager.wish() : 0, turn: manager.begin() };
      const changesSession = call.wish > 0 || paths.movesOn(op) || paths.endsSession(op);
      return answerBy(next, async (send) => {
        const answer = await (changesSession ? sendToTheEnd(call, createSend(next)) : send(op));
        await keep(call, answer);
        return answer;
      });
    };
}

type Answer = Awaited<ReturnType<Send<AnyRouter>>>;

/** Phones may have signals without one. */
const toReason = ({ reason }: AbortSignal): unknown => reason ?? new Error("The call was aborted");

/** @throws the signal's reason as soon as it is aborted */
function unlessAborted<T>(signal: AbortSignal | null | undefined, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal && toReason(signal));
    signal?.addEventListener("abort", abort);
    work.then(resolve, reject).finally(() => signal?.removeEventListener("abort", abort));
  });
}
