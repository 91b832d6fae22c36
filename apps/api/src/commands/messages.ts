import type { CountryMessages, MessageReport } from "@latchkey/auth";
import { Command } from "commander";
import { print, withAuth } from "./with-auth.ts";

/** `messages`: what became of messages, and what is left of the budgets. */
export function messagesCommand(): Command {
  return new Command("messages")
    .description("Print by country how many messages were asked for, sent and refused in the last 24 hours")
    .option("--json", "print the answer as JSON")
    .action(async (flags: { readonly json?: true }) => {
      await withAuth(async (auth) => {
        const report = await auth.reportMessages();
        print(flags, report, toTable(report));
      });
    });
}

const heads = ["country", "asked", "sent", "delivered", "failed", "proved", "left", "refused"];

function toTable({ countries, left }: MessageReport): string {
  const rows = [heads, ...countries.map(toRow)];
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n${left} messages to phone numbers are left today.`;
}

function toRow({ country, asked, sent, delivered, failed, proved, left, refused }: CountryMessages): string[] {
  const rules = Object.entries(refused).map(([rule, times]) => `${rule} ${times}`);
  return [country, ...[asked, sent, delivered, failed, proved, left ?? ""].map(String), rules.join(", ")];
}
