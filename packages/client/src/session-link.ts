import type { Operation, TRPCLink } from "@trpc/client";
import type { AnyRouter } from "@trpc/server";
import type { TokenResponse } from "./api-types.ts";
import { answerBy } from "./link.ts";
import type { ProcedurePaths } from "./procedure-paths.ts";
import type { OwnAnswer, SessionManager } from "./session-manager.ts";

/** Takes over answers that change who is signed in or the mark of this device, before the caller gets them, or what is known of the person, beside that. */
export function createSessionLink(manager: SessionManager, paths: ProcedurePaths): TRPCLink<AnyRouter> {
  /** What is kept of an answer before its caller gets it; undefined for nothing. */
  function take(op: Operation, data: unknown): Promise<void> | undefined {
    if (paths.endsSession(op)) return manager.signOut();
    if (paths.movesOn(op)) return manager.replace(data as TokenResponse);
    const shown = paths.isOwn(op) ? manager.showUser(data as OwnAnswer) : undefined;
    if (paths.showsDevice(op)) return shown ?? manager.keepDevice(data as OwnAnswer | null);
    shown?.catch(() => {});
    return undefined;
  }

  return () =>
    ({ op, next }) => {
      const wish = paths.opensSession(op) ? manager.wish() : 0;
      return answerBy(next, async (send) => {
        const answer = await send(op);
        const { data } = answer.result as { data?: { readonly next?: unknown } | null };
        // What goes wrong with keeping an answer that opens nothing is not the call's failure.
        if (wish === 0) await take(op, data)?.catch(() => {});
        // A code may be answered with a ticket, which is no session.
        else if (data?.next === undefined) await manager.keep(data as TokenResponse, wish);
        return answer;
      });
    };
}
