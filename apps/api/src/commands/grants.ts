import { Command, InvalidArgumentError } from "commander";
import { readConfigFile } from "../config-file.ts";
import { readEnvironment } from "../environment.ts";

interface Flags {
  readonly role: string;
}

/** `grants`: what a role needs that runs the service and owns nothing. */
export function grantsCommand(): Command {
  return new Command("grants")
    .description(
      "Print the SQL that lets a role run the service without owning anything: for the role that migrates to run",
    )
    .requiredOption("--role <name>", "the role of DATABASE_URL in the running service", toRole)
    .action(async ({ role }: Flags) => {
      const { config } = await readConfigFile(readEnvironment().LATCHKEY_CONFIG);
      const own = config.migrations ? [config.migrations.schema] : [];
      const statements = ["latchkey", ...own].flatMap((schema) => grantAll(schema, role));
      process.stdout.write(
        `${[...statements, ...protectTrail(role), ...protectLedgers(role, own)].map((line) => `${line};\n`).join("")}`,
      );
    });
}

function toRole(name: string): string {
  if (name !== "" && !name.includes("\0") && Buffer.byteLength(name) <= 63) return name;
  throw new InvalidArgumentError("A role has a name of 1 to 63 bytes.");
}

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** The tables that are there, and those that the same role makes later. */
function grantAll(schema: string, role: string): string[] {
  const [within, to] = [`in schema ${quote(schema)}`, `to ${quote(role)}`];
  return [
    `grant usage on schema ${quote(schema)} ${to}`,
    `grant select, insert, update, delete on all tables ${within} ${to}`,
    `grant usage, select on all sequences ${within} ${to}`,
    `grant execute on all functions ${within} ${to}`,
    `alter default privileges ${within} grant select, insert, update, delete on tables ${to}`,
    `alter default privileges ${within} grant usage, select on sequences ${to}`,
    `alter default privileges ${within} grant execute on functions ${to}`,
  ];
}

/** Events and their seals are added, and otherwise left to functions that do no more than delete and erase what is due. */
function protectTrail(role: string): string[] {
  return ["latchkey.audit_events", "latchkey.audit_seals"].map(
    (table) => `revoke update, delete, truncate on ${table} from ${quote(role)}`,
  );
}

/** What has run is for the role that migrates to write. */
function protectLedgers(role: string, own: readonly string[]): string[] {
  const ledgers = [
    "latchkey.kysely_migration",
    "latchkey.kysely_migration_lock",
    "latchkey.schema_compatibility",
    ...own.map((schema) => `${schema}.migrations`),
  ];
  return ledgers.map((ledger) => `revoke insert, update, delete on ${ledger} from ${quote(role)}`);
}
