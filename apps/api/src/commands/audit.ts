import type { AuditFault, AuditVerification } from "@latchkey/auth";
import { Command, InvalidArgumentError } from "commander";
import { exitCodes } from "../exit-codes.ts";
import { print, withAuth } from "./with-auth.ts";

interface Flags {
  readonly head?: string;
  readonly json?: true;
}

/** `audit verify`: whether the audit trail is as it was written. */
export function auditCommand(): Command {
  const verify = new Command("verify")
    .description("Compare every audit event with the seals over them, and name the first range that was touched")
    .option("--head <head>", "the head that an earlier run printed, kept elsewhere: it must still be there", toHead)
    .option("--json", "print the answer as JSON")
    .action(async (flags: Flags) => {
      await withAuth(async (auth) => {
        const verification = await auth.verifyAudit({ expectedHead: flags.head });
        print(flags, verification, describe(verification));
        if (verification.verdict === "broken") process.exitCode = exitCodes.failed;
        if (verification.verdict === "unknown") process.exitCode = exitCodes.incomplete;
      });
    });
  return new Command("audit")
    .description("audit verify: see whether somebody has changed the audit trail")
    .addCommand(verify);
}

function toHead(text: string): string {
  if (/^\d{1,19}:[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError("It is a number, a colon and 64 hexadecimal digits, as this command prints it.");
}

const faults: Readonly<Record<AuditFault, string>> = {
  seal_changed: "the seal is not what was sealed",
  seal_missing: "seals are missing before it",
  event_changed: "events were changed",
  event_removed: "events were removed",
  event_inserted: "events were inserted",
  event_erased: "addresses were removed, and their person is there",
};

function describe({ verdict, broken, head, ...counts }: AuditVerification): string {
  const { seals, events, erased, expired, unknownSeals, unsealed } = counts;
  if (broken) {
    const { fault, seal, firstPosition, lastPosition, positions } = broken;
    const named = positions.length > 0 ? `: ${positions.join(", ")}` : "";
    return `BROKEN at seal ${seal}, positions ${firstPosition} to ${lastPosition}: ${faults[fault]}${named}`;
  }
  return [
    verdict === "intact"
      ? `Intact: ${events} events are as they were sealed, under ${seals} seals.`
      : `${events} events are as they were sealed. Of ${unknownSeals} of ${seals} seals it cannot be told: their key is gone.`,
    `Without an address since their person was deleted: ${erased}. Deleted as too old: ${expired}. Not sealed yet: ${unsealed}.`,
    ...(head === null ? [] : [`Head, to be kept elsewhere: ${head}`]),
  ].join("\n");
}
