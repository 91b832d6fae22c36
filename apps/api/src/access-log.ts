/** Which answers have a line in the log: all, one in so many ordinary ones and every other, failures alone, or none. */
export type AccessLog = "all" | "failures" | "off" | number;

export interface AnsweredRequest {
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
}

/** Milliseconds after which an answer is no ordinary one. */
const slow = 1_000;

/** Decides about each answer, in the order in which they are given. */
export function createAccessFilter(accessLog: AccessLog): (answered: AnsweredRequest) => boolean {
  if (accessLog === "all") return () => true;
  if (accessLog === "off") return () => false;
  let ordinary = 0;
  return ({ path, status, milliseconds }) => {
    if (status >= 400 || milliseconds >= slow) return true;
    if (accessLog === "failures" || path === "/healthz" || path === "/readyz") return false;
    ordinary += 1;
    if (ordinary < accessLog) return false;
    ordinary = 0;
    return true;
  };
}
