import { Command } from "commander";
import { withAuth } from "./with-auth.ts";

interface Flags {
  readonly withSharedSecrets?: true;
  readonly json?: true;
}

/** `jwks`: the keys that verify tokens, for a service that cannot fetch them or that shares a secret (HS256). */
export function jwksCommand(): Command {
  return new Command("jwks")
    .description("Print the keys that verify tokens as a JWKS")
    .option("--with-shared-secrets", "include the secrets of HS256; whoever has one can make tokens")
    .option("--json", "print it in one line")
    .action(async ({ withSharedSecrets, json }: Flags) => {
      await withAuth(async (auth) => {
        const keys = await (withSharedSecrets ? auth.verificationKeys() : auth.publicKeys());
        process.stdout.write(`${JSON.stringify(keys, null, json ? 0 : 2)}\n`);
      });
    });
}
