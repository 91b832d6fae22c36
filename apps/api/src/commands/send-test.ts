import { AuthError, type Channel, type Message, type Sender, type SendRefusal, StartError } from "@latchkey/auth";
import { findSendRefusal, parsePhone, renderMessage } from "@latchkey/auth/internal";
import { Command, Option } from "commander";
import { readConfigFile } from "../config-file.ts";
import { readEnvironment, type Settings } from "../environment.ts";
import { exitCodes } from "../exit-codes.ts";
import { createLog } from "../log.ts";
import { createMessageLog, describeSendError } from "../messages/message-log.ts";
import { findChannelOwners, openSending, toRendering } from "../messages/sending.ts";
import { print } from "./with-auth.ts";

interface Flags {
  readonly to: string;
  readonly channel?: Channel;
  readonly locale?: string;
  readonly json?: true;
}

/** Milliseconds that a provider has for its answer. */
const timeLimit = 10_000;

/** `send-test`: one message with a code that opens nothing, and what its provider said. */
export function sendTestCommand(): Command {
  return new Command("send-test")
    .description("Send one message with the made-up code 123456, and print what the provider answered")
    .requiredOption("--to <address>", "a phone number or an e-mail address")
    .addOption(
      new Option("--channel <channel>", "other than the first that there is").choices(["sms", "whatsapp", "email"]),
    )
    .option("--locale <language>", "the language of the text, such as tr")
    .option("--json", "print the answer as JSON")
    .action(sendTest);
}

async function sendTest(flags: Flags): Promise<void> {
  const settings = readEnvironment();
  const file = await readConfigFile(settings.LATCHKEY_CONFIG);
  const to = readAddress(flags.to, settings);
  const owners = findChannelOwners(settings, file);
  const usual: readonly Channel[] = to.includes("@") ? ["email"] : ["whatsapp", "sms"];
  const channel = flags.channel ?? usual.find((name) => owners[name]);
  const log = createMessageLog(createLog("silent"), (line) => process.stderr.write(`${line}\n`));
  const { senders = {} } = (await openSending(settings, file, log)).messages;
  const sender = channel && senders[channel];
  if (!channel || !sender)
    throw new StartError(`Nothing sends by ${flags.channel ?? usual.join(" or ")}: name a sender in MESSAGES`);
  const { text, locale } = renderMessage(
    { code, purpose: "sign_in", channel, locale: flags.locale ?? null },
    toRendering(settings, file),
  );
  const message: Message = {
    ...{ id: crypto.randomUUID(), channel, to, text, locale, code },
    purpose: "sign_in",
    expiresAt: new Date(Date.now() + timeLimit),
  };
  const outcome = await trySending(sender, message);
  const by = `${channel} (${owners[channel] === "file" ? "your own sender" : owners[channel]})`;
  const sentence =
    "refusal" in outcome
      ? `Not sent by ${by}: ${outcome.refusal}${outcome.because ? ` (${outcome.because})` : ""}`
      : `Sent by ${by}${outcome.providerId ? ` as ${outcome.providerId}` : ""}.`;
  print(flags, { to, channel, sender: owners[channel], ...outcome }, sentence);
  if ("refusal" in outcome) process.exitCode = exitCodes.failed;
}

/** No challenge has it: it opens nothing. */
const code = "123456";

type Outcome =
  | { readonly providerId: string | null }
  | { readonly refusal: SendRefusal; readonly because: string | null };

async function trySending(sender: Sender, message: Message): Promise<Outcome> {
  try {
    const { providerId = null } = await sender.send(message, AbortSignal.timeout(timeLimit));
    return { providerId };
  } catch (error) {
    return { refusal: findSendRefusal(error), because: describeSendError(error) };
  }
}

function readAddress(to: string, { PHONE_DEFAULT_COUNTRY: country }: Settings): string {
  if (to.includes("@")) return to;
  const parsed = parsePhone(to, { defaultCountry: country });
  if (parsed.ok) return parsed.phoneNumber;
  throw new AuthError("invalid_input", "--to must be a phone number such as +905321234567, or an e-mail address");
}
