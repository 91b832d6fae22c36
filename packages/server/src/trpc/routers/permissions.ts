import type { Config } from "@latchkey/auth";
import { z } from "zod";
import type { OwnBuilders } from "../builders.ts";
import { toAdministrator } from "../context.ts";
import { text } from "../inputs.ts";

/** Permissions of other programs. */
export function createPermissionsProcedures<C extends Config>({ withCorePermission }: OwnBuilders<C>) {
  return {
    /** Creates the permissions of an app that another program has, and answers which are new; with `prune`, withdraws its others. */
    declare: withCorePermission("auth.declare_permission")
      .input(
        z.strictObject({
          app: text(64),
          permissions: z.array(text(100)).max(100),
          prune: z.boolean().optional(),
        }),
      )
      .mutation(({ ctx, input }) => ctx.latchkey.auth.declarePermissions(toAdministrator(ctx), input)),
  };
}
