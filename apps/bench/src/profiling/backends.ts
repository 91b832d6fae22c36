import { readdir, readFile } from "node:fs/promises";
import type pg from "pg";

/** Clock ticks a second in `/proc`, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/**
 * Microseconds of processor time that the processes of a PostgreSQL server have used, those that are gone among them. Null where
 * there is no `/proc`, or the server is not on this machine.
 */
export async function readBackendTime(pool: pg.Pool): Promise<number | null> {
  const { rows } = await pool.query<{ pid: number }>("select pg_backend_pid() as pid");
  const own = await readStat(String(rows[0]?.pid));
  if (!own) return null;
  const stats = await Promise.all((await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(readStat));
  const ticks = stats
    .filter((stat) => stat?.parent === own.parent || stat?.id === own.parent)
    .reduce((sum, stat) => sum + (stat?.ticks ?? 0) + (stat?.id === own.parent ? stat.ticksOfDead : 0), 0);
  return (ticks * 1e6) / ticksPerSecond;
}

interface Stat {
  readonly id: number;
  readonly parent: number;
  readonly ticks: number;
  readonly ticksOfDead: number;
}

/** proc(5): after the name in parentheses, the fourth field is the parent, 14 to 17 are times. */
async function readStat(id: string): Promise<Stat | null> {
  const text = await readFile(`/proc/${id}/stat`, "utf8").catch(() => null);
  const fields = text
    ?.slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  if (!fields) return null;
  const [parent = 0, user = 0, system = 0, deadUser = 0, deadSystem = 0] = [1, 11, 12, 13, 14].map((at) => fields[at]);
  return { id: Number(id), parent, ticks: user + system, ticksOfDead: deadUser + deadSystem };
}
