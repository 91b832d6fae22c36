/** The host and port that a request names; empty when there is none. */
export const hostOf = (request: Request): string => request.headers.get("host") ?? "";
