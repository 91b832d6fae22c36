import type { Operation, TRPCLink } from "@trpc/client";
import type { AnyRouter } from "@trpc/server";
import { isAuthError } from "./errors.ts";
import { answerBy } from "./link.ts";
import type { ProcedurePaths } from "./procedure-paths.ts";

/** Sends alone what is about the tokens of this session or, in cookie mode, the mark of this device: the cookies are sent there. All else is sent together. */
export function createSplitLink(
  [alone, together]: readonly [alone: TRPCLink<AnyRouter>, together: TRPCLink<AnyRouter>],
  paths: ProcedurePaths,
  cookieMode: boolean,
): TRPCLink<AnyRouter> {
  const isAlone = (op: Operation) =>
    paths.opensSession(op) || paths.movesOn(op) || (cookieMode && paths.showsDevice(op));
  /** What is not there for those who come alone is sent together with others: the service of the release before takes fewer. */
  const mayJoin = (op: Operation, error: unknown) =>
    cookieMode && !paths.opensSession(op) && isAuthError(error, "not_found");

  return (runtime) => {
    const [sendAlone, sendTogether] = [alone(runtime), together(runtime)];
    return ({ op, next }) => {
      let sender = isAlone(op) ? sendAlone : sendTogether;
      return answerBy(
        (call) => sender({ op: call, next }),
        (send) =>
          send(op).catch((error) => {
            if (sender === sendTogether || !mayJoin(op, error)) throw error;
            sender = sendTogether;
            return send(op);
          }),
      );
    };
  };
}
