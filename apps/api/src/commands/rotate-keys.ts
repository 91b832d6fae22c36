import type { Auth } from "@latchkey/auth";
import { Command } from "commander";
import { print, withAuth } from "./with-auth.ts";

interface Flags {
  readonly compromised?: true;
  readonly json?: true;
}

/** `rotate-keys`: a new signing key; nobody is signed out unless the old keys are given up. */
export function rotateKeysCommand(): Command {
  return new Command("rotate-keys")
    .description("Make a new key for signing tokens; the old ones are accepted until their last token has run out")
    .option(
      "--compromised",
      "remove the old keys now, and with them every access token that is out; refresh tokens stay good",
    )
    .option("--json", "print the new key's id as JSON")
    .action(async (flags: Flags) => {
      const compromised = flags.compromised ?? false;
      const rotate = async (auth: Auth) => {
        const kid = await auth.rotateKeys({ compromised });
        const when = compromised
          ? "signs from now on; the old keys are gone"
          : "is published, and signs in ten minutes";
        print(flags, { kid }, `The new key ${kid} ${when}.`);
      };
      // Old keys that are given up need not be readable: this is the way on after the secret was lost.
      await withAuth(rotate, compromised ? { makeReady: (auth) => auth.migrate() } : {});
    });
}
