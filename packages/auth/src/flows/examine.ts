import { sql } from "kysely";
import { listAppliedMigrations } from "../storage/migrate.ts";
import type { Core } from "./core.ts";
import { examineNames } from "./examine-names.ts";

/** What an administrator wants to know before trusting an installation. */
export interface Health {
  readonly postgres: string;
  /** The newest migration. */
  readonly schema: string;
  readonly users: number;
  readonly signingKey: string;
  /** Milliseconds by which the database's clock is ahead of this process's. */
  readonly clockDifference: number;
  /** What works, but should be mended. */
  readonly warnings: readonly string[];
}

/** Tokens are timed by the process and sessions by the database; beyond this many milliseconds apart they disagree. */
const largestClockDifference = 10_000;

/** Looks the installation over. */
export async function examine(core: Core): Promise<Health> {
  const before = Date.now();
  const { rows } = await sql<{ version: string; now: Date; users: string }>`
    select current_setting('server_version') as version, clock_timestamp() as now,
      (select count(*) from latchkey.users) as users`.execute(core.db);
  const found = rows[0];
  const { kid, algorithm } = await core.findSigningKey();
  const clockDifference = (found?.now.getTime() ?? 0) - Math.round((before + Date.now()) / 2);
  const isClockOff = Math.abs(clockDifference) > largestClockDifference;
  return {
    postgres: found?.version ?? "",
    schema: (await listAppliedMigrations(core.db)).at(-1) ?? "",
    users: Number(found?.users),
    signingKey: `${algorithm} ${kid}`,
    clockDifference,
    warnings: [
      ...(isClockOff ? ["The clocks of this machine and of the database differ: set both by NTP."] : []),
      ...(await examineNames(core)),
    ],
  };
}
