import type { TRPCBuiltRouter } from "@trpc/server";
import type { ErrorShape } from "./error-shape.ts";
import { notesProcedures } from "./notes/notes-router.ts";
import { accountProcedures } from "./routers/account.ts";
import { auditProcedures } from "./routers/audit.ts";
import { groupsProcedures } from "./routers/groups.ts";
import { meProcedures } from "./routers/me.ts";
import { passwordProcedures } from "./routers/password.ts";
import { sessionsProcedures } from "./routers/sessions.ts";
import { tokenProcedures } from "./routers/token.ts";
import { usersProcedures } from "./routers/users.ts";

/** Every procedure of the service, by name. */
export const procedures = {
  token: tokenProcedures,
  account: accountProcedures,
  me: meProcedures,
  sessions: sessionsProcedures,
  password: passwordProcedures,
  users: usersProcedures,
  groups: groupsProcedures,
  audit: auditProcedures,
  notes: notesProcedures,
};

/**
 * The type that the SDK is made from: names, inputs and answers, and nothing of the server's context, so that a client's types
 * never lead to the server's code.
 */
export type AppRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: ErrorShape; transformer: false },
  typeof procedures
>;
