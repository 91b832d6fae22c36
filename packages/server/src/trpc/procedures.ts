import type { Config, PlainConfig, ProfileDefinition } from "@latchkey/auth";
import type { TRPCBuiltRouter } from "@trpc/server";
import { createBuilders } from "./builders.ts";
import type { ErrorShape } from "./error-shape.ts";
import { createAccountProcedures } from "./routers/account.ts";
import { createAuditProcedures } from "./routers/audit.ts";
import { createCodesProcedures } from "./routers/codes.ts";
import { createGroupsProcedures } from "./routers/groups.ts";
import { createMeProcedures } from "./routers/me.ts";
import { createPasskeysProcedures } from "./routers/passkeys.ts";
import { createPasswordProcedures } from "./routers/password.ts";
import { createPermissionsProcedures } from "./routers/permissions.ts";
import { createRecoveryProcedures } from "./routers/recovery.ts";
import { createServiceProcedures } from "./routers/service.ts";
import { createSessionsProcedures } from "./routers/sessions.ts";
import { createTokenProcedures } from "./routers/token.ts";
import { createUsersProcedures } from "./routers/users.ts";
import type { SerializedProcedures } from "./serialized.ts";

/** Every procedure of Latchkey, by name. No defect of one says anything of itself, whatever the router's own formatter does. */
export function createProcedures<C extends Config>(profile: ProfileDefinition) {
  const builders = createBuilders<C>("all");
  return {
    token: createTokenProcedures(builders),
    codes: createCodesProcedures(builders),
    account: createAccountProcedures(builders, profile),
    me: createMeProcedures(builders, profile),
    sessions: createSessionsProcedures(builders),
    passkeys: createPasskeysProcedures(builders),
    password: createPasswordProcedures(builders),
    recovery: createRecoveryProcedures(builders),
    users: createUsersProcedures(builders, profile),
    groups: createGroupsProcedures(builders),
    permissions: createPermissionsProcedures(builders),
    audit: createAuditProcedures(builders),
    ...createServiceProcedures(builders),
  };
}

/** The procedures of an installation, by name: `t.router(latchkey.procedures)`. */
export type Procedures<C extends Config> = ReturnType<typeof createProcedures<C>>;

/**
 * The type that the SDK is made from: names, inputs and answers, and nothing of the server's context, so that a client's types
 * never lead to the server's code.
 */
export type AppRouter<C extends Config = PlainConfig> = TRPCBuiltRouter<
  // Its answers are what arrives: neither with nor without a transformer is anything left to be done to them.
  { ctx: object; meta: object; errorShape: ErrorShape; transformer: boolean },
  SerializedProcedures<Procedures<C>>
>;
