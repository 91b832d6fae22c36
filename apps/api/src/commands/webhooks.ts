import type { Auth, UndeliveredEvent } from "@latchkey/auth";
import { Command, InvalidArgumentError } from "commander";
import { exitCodes } from "../exit-codes.ts";
import { print, withAuth } from "./with-auth.ts";

interface Flags {
  readonly resend?: string;
  readonly resendAll?: true;
  readonly json?: true;
}

/** Events that are listed at most. */
const limit = 50;

/** `webhooks`: what endpoints have not been told, and tells them again. */
export function webhooksCommand(): Command {
  return new Command("webhooks")
    .description("List the endpoints of WEBHOOKS and what has not arrived there, or have it sent again")
    .option("--resend <id>", "have one event sent again, whether it arrived or not", toId)
    .option("--resend-all", "have everything sent again that has not arrived")
    .option("--json", "print the answer as JSON")
    .action(async (flags: Flags) => {
      await withAuth((auth) => (flags.resend || flags.resendAll ? resend(auth, flags) : list(auth, flags)));
    });
}

function toId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return text;
  throw new InvalidArgumentError("It is the id of an event, as this command lists it.");
}

async function resend(auth: Auth, flags: Flags): Promise<void> {
  const queued = await auth.resendWebhooks(flags.resend ? { id: flags.resend } : {});
  const none = "There is no such event, or it is being sent at this moment.";
  const sentence = `${queued} events are sent again by the service, as soon as it runs.`;
  print(flags, { queued }, flags.resend && queued === 0 ? none : sentence);
  if (flags.resend && queued === 0) process.exitCode = exitCodes.usage;
}

async function list(auth: Auth, flags: Flags): Promise<void> {
  const report = await auth.reportWebhooks({ limit });
  const endpoints = report.endpoints.map(({ endpoint, waiting, failed, delivered, oldestWaiting }) => {
    const since = oldestWaiting ? ` since ${oldestWaiting.toISOString()}` : "";
    return `${endpoint}: ${delivered} delivered in seven days, ${waiting} waiting${since}, ${failed} failed`;
  });
  const lines = [...endpoints, ...report.undelivered.map(describe)];
  print(flags, report, lines.join("\n") || "No process has had WEBHOOKS set yet.");
}

const describe = ({ id, occurredAt, endpoint, type, userId, tries, state, failure }: UndeliveredEvent) =>
  [id, occurredAt.toISOString(), endpoint, type, userId, `${state} after ${tries} tries`, failure ?? ""]
    .join("  ")
    .trimEnd();
