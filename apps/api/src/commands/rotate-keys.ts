import type { Auth } from "@latchkey/auth";
import { Command } from "commander";
import { exitCodes } from "../exit-codes.ts";
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
        const { oldSecret, said } = describeOutcome(auth, kid, compromised);
        const answer = { kid, oldSecretStillSigns: oldSecret === "signs", oldSecretStillOpens: oldSecret !== "is out" };
        print(flags, answer, said);
        if (oldSecret === "signs" || (oldSecret === "opens" && compromised)) process.exitCode = exitCodes.incomplete;
      };
      await withAuth(rotate);
    });
}

/** What signs tokens now, and what the old backend's secret still does, which is a setting that no command can change. */
function describeOutcome(auth: Auth, kid: string, compromised: boolean) {
  const oldSecret = findUseOfOldSecret(auth);
  const gone = compromised ? "; the old keys are gone" : "";
  if (oldSecret === "signs") {
    const said = [
      `The new key ${kid} is made${gone}. But TOKEN_PROFILE=django signs with LEGACY_SECRET_KEY, which this command cannot change:`,
      "every token that it signed is still accepted, and whoever knows it can make more, here and in the old backend.",
      "Change SECRET_KEY there and LEGACY_SECRET_KEY here and restart both, or take TOKEN_PROFILE=django and LEGACY_UNTIL away.",
    ].join("\n");
    return { oldSecret, said };
  }
  const signs = compromised ? `signs from now on${gone}` : "is published, and signs in ten minutes";
  const opens = [
    `But until ${auth.options.oldTokensUntil?.toISOString()} tokens signed with LEGACY_SECRET_KEY open accounts too, which this command cannot change.`,
    "If that secret is known to somebody, take LEGACY_UNTIL away and restart the service.",
  ];
  const told = oldSecret === "opens" && compromised ? opens : [];
  return { oldSecret, said: [`The new key ${kid} ${signs}.`, ...told].join("\n") };
}

function findUseOfOldSecret({ options: { tokens, oldTokensUntil } }: Auth): "signs" | "opens" | "is out" {
  if (tokens.profile !== "standard") return "signs";
  return oldTokensUntil !== null && oldTokensUntil > new Date() ? "opens" : "is out";
}
