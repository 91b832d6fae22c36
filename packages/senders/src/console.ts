import type { Message, Sender } from "@latchkey/auth";

export interface ConsoleOptions {
  /** Where messages are printed; standard output unless said. */
  readonly print?: (line: string) => void;
  /** Messages that are kept for the inbox, the newest first; 100 unless said. */
  readonly keep?: number;
}

export interface ConsoleSender extends Sender {
  /** What was sent by this process, the newest first. */
  readonly inbox: () => readonly Message[];
}

/** Prints messages instead of sending them: for development, where the person at the terminal may read them all. */
export function consoleSender({ print = console.log, keep = 100 }: ConsoleOptions = {}): ConsoleSender {
  let kept: readonly Message[] = [];
  return {
    inbox: () => kept,
    async send(message) {
      kept = [message, ...kept].slice(0, keep);
      print(`Message to ${message.to} by ${message.channel}: ${message.text.replaceAll("\n", " ").trim()}`);
      return { providerId: message.id };
    },
    async sendNotice({ to, channel, text }) {
      print(`Notice to ${to} by ${channel}: ${text.replaceAll("\n", " ").trim()}`);
    },
  };
}
