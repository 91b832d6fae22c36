export { createServerClient, type ServerClientOptions } from "./server-client.ts";
export {
  createServerSession,
  type ServerSession,
  type ServerSessionOptions,
  type ServerSessions,
  type SessionRequest,
} from "./server-session.ts";
export type { SessionCookie } from "./session-cookie.ts";
